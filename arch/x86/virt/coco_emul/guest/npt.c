// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested page tables: those that a guest runs on, and those of KVM, which say what
 * is to be in the former.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/page.h>

#include "../coco_emul.h"
#include "npt.h"

#define NPT_LEVELS	4

/* What the guest has not used for so long is not looked up again. */
#define NPT_IDLE_MAX	4

static unsigned int npt_index(u64 gpa, int level)
{
	return gpa >> (PAGE_SHIFT + 9 * (level - 1)) & (PTRS_PER_PTE - 1);
}

/**
 * coco_emul_npt_init() - allocate what a tree can ever have
 * @npt:	the tree
 */
int __init coco_emul_npt_init(struct coco_emul_npt *npt)
{
	int i;

	npt->root = (u64 *)get_zeroed_page(GFP_KERNEL);
	npt->pages = kcalloc(NPT_NR_PAGES, sizeof(*npt->pages), GFP_KERNEL);
	if (!npt->root || !npt->pages)
		return -ENOMEM;

	for (i = 0; i < NPT_NR_TABLES; i++) {
		npt->tables[i] = (u64 *)get_zeroed_page(GFP_KERNEL);
		if (!npt->tables[i])
			return -ENOMEM;
	}

	return 0;
}

/**
 * coco_emul_npt_clear() - map nothing
 * @npt:	the tree, which nobody runs on at the moment
 */
void coco_emul_npt_clear(struct coco_emul_npt *npt)
{
	clear_page(npt->root);
	npt->nr_used = 0;
	npt->nr_pages = 0;
}

static void remember(struct coco_emul_npt *npt, u64 gpa, u64 *entry)
{
	if (npt->nr_pages < NPT_NR_PAGES)
		npt->pages[npt->nr_pages] = (struct coco_emul_npt_page) {
			.gpa	= gpa,
			.entry	= entry,
		};
	if (npt->nr_pages <= NPT_NR_PAGES)
		npt->nr_pages++;
}

/**
 * coco_emul_npt_map() - map a page
 * @npt:	the tree, which nobody runs on at the moment
 * @gpa:	guest physical address
 * @entry:	what is mapped there, and how
 *
 * If the tables do not suffice all other pages are gone: the guest faults again.
 */
void coco_emul_npt_map(struct coco_emul_npt *npt, u64 gpa, u64 entry)
{
	u64 *table = npt->root, *e;
	int level;

	if (npt->nr_used + NPT_LEVELS - 1 > NPT_NR_TABLES)
		coco_emul_npt_clear(npt);

	for (level = NPT_LEVELS; level > 1; level--) {
		e = &table[npt_index(gpa, level)];
		if (!(*e & NPT_P)) {
			table = npt->tables[npt->nr_used++];
			clear_page(table);
			*e = __pa(table) | NPT_P | NPT_W | NPT_U | NPT_A;
		}
		table = __va(*e & NPT_ADDR);
	}

	e = &table[npt_index(gpa, 1)];
	if (!(*e & NPT_P))
		remember(npt, gpa, e);
	*e = entry;
}

/**
 * coco_emul_npt_refresh() - look up again what is mapped
 * @npt:	the tree, which nobody runs on at the moment
 * @again:	looks up one page
 * @arg:	what it gets
 *
 * In place of one fault after the other, each of which is a way out of the guest and back:
 * KVM asks for an empty TLB each time another vCPU of the guest runs on this CPU. The
 * accessed bit, which the CPU sets, tells what is worth it.
 */
void coco_emul_npt_refresh(struct coco_emul_npt *npt, coco_emul_npt_again_t again, void *arg)
{
	struct coco_emul_npt_page *page;
	unsigned int i, nr = 0;

	if (npt->nr_pages > NPT_NR_PAGES) {
		coco_emul_npt_clear(npt);
		return;
	}

	for (i = 0; i < npt->nr_pages; i++) {
		page = &npt->pages[i];
		page->idle = *page->entry & NPT_A ? 0 : page->idle + 1;
		*page->entry = page->idle < NPT_IDLE_MAX ?
			       again(arg, page->gpa, *page->entry) & ~NPT_A : 0;
		if (*page->entry)
			npt->pages[nr++] = *page;
	}
	npt->nr_pages = nr;
}

/**
 * coco_emul_npt_find() - look up a guest physical address in a tree of KVM
 * @root:	physical address of the root
 * @gpa:	guest physical address
 * @level:	where the look-up ended, 1 for a page of 4 KiB
 *
 * KVM frees tables only after a grace period or after all vCPUs have left the
 * guest: interrupts have to be off.
 *
 * Return: the last entry, which may be not present; NULL if an address is wrong.
 */
u64 *coco_emul_npt_find(u64 root, u64 gpa, int *level)
{
	u64 *table = coco_emul_ram(root & NPT_ADDR, PAGE_SIZE), *e, entry;

	for (*level = NPT_LEVELS; table; (*level)--) {
		e = &table[npt_index(gpa, *level)];
		entry = READ_ONCE(*e);
		if (*level == 1 || !(entry & NPT_P) || entry & NPT_PS)
			return e;

		table = coco_emul_ram(entry & NPT_ADDR, PAGE_SIZE);
	}

	return NULL;
}
