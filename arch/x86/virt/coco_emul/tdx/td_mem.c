// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: the memory of a TD that runs.
 *
 * A nested page table of each TD has what its vCPUs have touched: in the lower half
 * private pages, in the upper half, where the topmost bit of the GPA is set, shared
 * ones. What is in private memory stands in pages of the emulator, in the clear, each
 * made of the scrambled page when it is first touched: so the host goes on reading
 * noise, and its writes are noticed. The entry of the nested page table holds the
 * copy, present or not, until the page is removed.
 *
 * Tables are not freed before the TD can run no more, as any CPU may be walking them.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "../guest/npt.h"
#include "../guest/pool.h"
#include "tdx.h"

#define NPT_LEVELS		4
#define NPT_NR_ENTRIES		512
#define NPT_TABLE		(NPT_P | NPT_W | NPT_U | NPT_A)
#define NPT_PRIVATE		(NPT_P | NPT_W | NPT_U | NPT_A | NPT_D)

static u64 *npt_index(u64 *table, u64 gpa, int level)
{
	return &table[gpa >> (PAGE_SHIFT + 9 * (level - 1)) & (NPT_NR_ENTRIES - 1)];
}

static u64 *table_get(void)
{
	u64 *table = coco_emul_page_get();

	if (table)
		clear_page(table);
	return table;
}

/* The last entry for an address; NULL if there is no table and none is to be had. */
static u64 *npt_find(struct tdx_emul_td *td, u64 gpa, bool create)
{
	u64 *table = td->npt_root, *entry;
	int level;

	lockdep_assert_held(&coco_emul_lock);

	for (level = NPT_LEVELS; table && level > 1; level--) {
		entry = npt_index(table, gpa, level);
		if (!*entry) {
			table = create ? table_get() : NULL;
			if (table)
				WRITE_ONCE(*entry, __pa(table) | NPT_TABLE);
		} else {
			table = __va(*entry & NPT_ADDR);
		}
	}

	return table ? npt_index(table, gpa, 1) : NULL;
}

/**
 * tdx_emul_td_npt() - the nested page table of a TD
 * @td:		the TD
 *
 * Return: its root, NULL if there is no page for it at the moment.
 */
u64 *tdx_emul_td_npt(struct tdx_emul_td *td)
{
	if (!td->npt_root)
		td->npt_root = table_get();
	return td->npt_root;
}

/**
 * tdx_emul_td_private_page() - what a TD has in a private page
 * @td:		the TD
 * @gpa:	guest physical address of the page
 * @pa:		physical address of the page that the Secure EPT has there
 * @zero:	the page is new to the TD, and zero
 *
 * Return: where it is in the clear, mapped for the TD; NULL if there is no page for it
 *	   at the moment, or the host has written to it.
 */
void *tdx_emul_td_private_page(struct tdx_emul_td *td, u64 gpa, u64 pa, bool zero)
{
	u64 *slot = npt_find(td, gpa, true);
	void *page;

	if (!slot)
		return NULL;

	if (*slot) {
		WRITE_ONCE(*slot, *slot | NPT_P);
		return __va(*slot & NPT_ADDR);
	}

	if (!zero && !tdx_emul_page_is_intact(pa, tdx_emul_pamt(pa)))
		return NULL;
	page = coco_emul_page_get();
	if (!page)
		return NULL;
	if (zero)
		clear_page(page);
	else
		coco_emul_scramble(td->key, pa, page, __va(pa), PAGE_SIZE);
	WRITE_ONCE(*slot, __pa(page) | NPT_PRIVATE);
	return page;
}

/* The last entry on the way to an address, or one that has no table; @size is what it is for. */
static u64 *npt_entry(struct tdx_emul_td *td, u64 gpa, u64 *size)
{
	u64 *table = td->npt_root, *entry;
	int level = NPT_LEVELS;

	lockdep_assert_held(&coco_emul_lock);

	for (;; level--) {
		entry = npt_index(table, gpa, level);
		if (level == 1 || !*entry)
			break;
		table = __va(*entry & NPT_ADDR);
	}

	*size = PAGE_SIZE << 9 * (level - 1);
	return entry;
}

/**
 * tdx_emul_td_block() - a private page is not for the TD any more
 * @td:		the TD
 * @gpa:	guest physical address
 * @level:	of the entry of the Secure EPT, 0 for a page of 4 KiB
 */
void tdx_emul_td_block(struct tdx_emul_td *td, u64 gpa, int level)
{
	u64 end = gpa + (PAGE_SIZE << 9 * level), size, *entry;

	for (; td->npt_root && gpa < end; gpa = ALIGN_DOWN(gpa, size) + size) {
		entry = npt_entry(td, gpa, &size);
		if (size == PAGE_SIZE)
			WRITE_ONCE(*entry, *entry & ~NPT_P);
	}
}

/**
 * tdx_emul_td_remove() - a private page is gone, and what was in it
 * @td:		the TD
 * @gpa:	guest physical address
 */
void tdx_emul_td_remove(struct tdx_emul_td *td, u64 gpa)
{
	u64 *slot = td->npt_root ? npt_find(td, gpa, false) : NULL;

	if (!slot || !*slot)
		return;

	coco_emul_page_put(__va(*slot & NPT_ADDR));
	WRITE_ONCE(*slot, 0);
}

/**
 * tdx_emul_td_map_shared() - map shared memory
 * @td:		the TD
 * @gpa:	guest physical address, with the topmost bit set
 * @npte:	what is mapped there, and how
 *
 * Return: false if there is no page for a table at the moment.
 */
bool tdx_emul_td_map_shared(struct tdx_emul_td *td, u64 gpa, u64 npte)
{
	u64 *slot = npt_find(td, gpa, true);

	if (slot)
		WRITE_ONCE(*slot, npte);
	return slot;
}

static void clear_leaves(u64 *table, int level)
{
	unsigned int i;

	for (i = 0; i < NPT_NR_ENTRIES; i++) {
		if (level == 1)
			WRITE_ONCE(table[i], 0);
		else if (table[i])
			clear_leaves(__va(table[i] & NPT_ADDR), level - 1);
	}
}

/**
 * tdx_emul_td_unmap_shared() - INVEPT: nothing of the shared EPT is known any more
 * @td:		the TD
 */
void tdx_emul_td_unmap_shared(struct tdx_emul_td *td)
{
	unsigned int i;

	for (i = NPT_NR_ENTRIES / 2; td->npt_root && i < NPT_NR_ENTRIES; i++) {
		if (td->npt_root[i])
			clear_leaves(__va(td->npt_root[i] & NPT_ADDR), NPT_LEVELS - 1);
	}
}

/* Of the last level only private pages are the emulator's. */
static void free_table(u64 *table, int level, bool shared)
{
	unsigned int i;

	for (i = 0; i < NPT_NR_ENTRIES; i++) {
		if (!table[i])
			continue;
		if (level > 1)
			free_table(__va(table[i] & NPT_ADDR), level - 1,
				   level == NPT_LEVELS ? i >= NPT_NR_ENTRIES / 2 : shared);
		else if (!shared)
			coco_emul_page_put(__va(table[i] & NPT_ADDR));
	}

	coco_emul_page_put(table);
}

/**
 * tdx_emul_td_free_memory() - the TD will not run again
 * @td:		the TD
 */
void tdx_emul_td_free_memory(struct tdx_emul_td *td)
{
	if (td->npt_root)
		free_table(td->npt_root, NPT_LEVELS, false);
	td->npt_root = NULL;
}
