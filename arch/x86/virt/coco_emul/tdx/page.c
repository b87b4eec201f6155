// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: pages, whose they are and what is in them.
 *
 * What belongs to a TD is scrambled with its key, so that the host reads noise.
 * Pages have a checksum in the PAMT, so that a write by the host is noticed.
 *
 * debugfs, directory coco_emul:
 *   pamt	"<type> <pages>" per page type, then
 *		"host-writes <n>": pages that the host was found to have written
 *		to while a TD had them
 *		"dirty <n>": pages that the host has got back, with cache lines
 *		that are not written back
 *		"dirty-uses <n>": pages that were dirty when they were found to
 *		have been written to, or were given to a TD again
 *		"private <n>": pages that the host has got back and did not reset,
 *		on a CPU where it has to
 *   freed	"<pfn> <type>" per page that is free, although it is a TD's, or
 *		"<pfn> dirty" if it is not written back. There is no such page.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/seq_file.h>

#include "tdx.h"

#define PAMT_LINE_SIZE	(PAGE_SIZE / BITS_PER_TYPE(u64))

/* Pages that are looked at without a chance for others to run */
#define TDMR_FREED_STEP	4096

/* All are protected by coco_emul_lock. */
static u64 nr_host_writes;
static u64 nr_dirty, nr_dirty_uses;
static u64 nr_private;

/**
 * tdx_emul_page_find() - check and lock an operand that is the address of a page
 * @pa:		the operand: a physical address, without KeyID, that a TDMR covers
 * @operand:	which operand, for the status
 * @mode:	how to lock it
 * @pamt:	where to put the PAMT entry
 */
u64 tdx_emul_page_find(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
		       struct pamt_entry **pamt)
{
	if (offset_in_page(pa) || pa >> boot_cpu_data.x86_phys_bits)
		return TDX_OPERAND_INVALID | operand;

	*pamt = tdx_emul_pamt(pa);
	if (!*pamt)
		return TDX_OPERAND_ADDR_RANGE_ERROR | operand;

	return tdx_emul_lock_page(pa, mode, operand);
}

/**
 * tdx_emul_page_check() - check and lock an operand that is a page of a given type
 * @pa:		the operand, as for tdx_emul_page_find()
 * @operand:	which operand, for the status
 * @mode:	how to lock it
 * @type:	type that the page has to have
 * @pamt:	where to put the PAMT entry
 */
u64 tdx_emul_page_check(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
			enum tdx_page_type type, struct pamt_entry **pamt)
{
	u64 status = tdx_emul_page_find(pa, operand, mode, pamt);

	if (!status && (*pamt)->type != type)
		status = TDX_PAGE_METADATA_INCORRECT | operand;
	return status;
}

/**
 * tdx_emul_page_contents() - a page of a TD, as the host has it
 * @pa:		physical address of the page
 *
 * Return: NULL if the kernel has taken it out of its direct map, as it does after a
 *	   machine check.
 */
const void *tdx_emul_page_contents(u64 pa)
{
	return PageHWPoison(pfn_to_page(PHYS_PFN(pa))) ? NULL : __va(pa);
}

/* Of poison nothing is known. */
static u32 checksum(u64 pa)
{
	const void *page = tdx_emul_page_contents(pa);

	return page ? coco_emul_checksum(page) : 0;
}

/**
 * tdx_emul_page_is_intact() - look for writes of the host
 * @pa:		physical address of the page
 * @pamt:	its PAMT entry
 *
 * Return: false if there was one; it is counted.
 */
bool tdx_emul_page_is_intact(u64 pa, const struct pamt_entry *pamt)
{
	if (!pamt->csum || checksum(pa) == pamt->csum)
		return true;

	nr_host_writes++;
	return false;
}

/* The host is done with a page that it had got back. */
static void page_forget(struct pamt_entry *pamt)
{
	/* A line that is written back later overwrites what somebody else has there. */
	if (pamt->dirty_keyid) {
		nr_dirty--;
		nr_dirty_uses++;
	}
	if (pamt->private_lines)
		nr_private--;
}

/**
 * tdx_emul_page_take() - from now on the host must not write to a page
 * @pa:		physical address of the page
 * @pamt:	its PAMT entry
 * @type:	what the page is from now on
 * @owner:	physical address of the TDR
 */
void tdx_emul_page_take(u64 pa, struct pamt_entry *pamt, enum tdx_page_type type, u64 owner)
{
	page_forget(pamt);
	*pamt = (struct pamt_entry) {};
	pamt->owner = owner;
	pamt->type = type;
	pamt->csum = coco_emul_checksum(__va(pa));
}

/**
 * tdx_emul_page_free() - the host gets a page back
 * @pa:		physical address of the page
 * @pamt:	its PAMT entry
 * @dirty_keyid: KeyID that the caches may have lines of it with, 0 if they were
 *		written back
 */
void tdx_emul_page_free(u64 pa, struct pamt_entry *pamt, u16 dirty_keyid)
{
	tdx_emul_page_is_intact(pa, pamt);

	*pamt = (struct pamt_entry) {};
	pamt->type = PT_NDA;
	if (dirty_keyid) {
		pamt->dirty_keyid = dirty_keyid;
		pamt->back_csum = checksum(pa);
		nr_dirty++;
	}
	if (tdx_emul_has_erratum()) {
		pamt->private_lines = ~0ULL;
		nr_private++;
	}
}

/**
 * tdx_emul_page_write_back() - the caches have no line of a page with this KeyID
 * @pa:		physical address of the page, which the host has
 * @pamt:	its PAMT entry
 * @keyid:	the KeyID
 */
void tdx_emul_page_write_back(u64 pa, struct pamt_entry *pamt, u16 keyid)
{
	if (!pamt->dirty_keyid || pamt->dirty_keyid != keyid)
		return;

	/* What was written meanwhile is lost. */
	if (checksum(pa) != pamt->back_csum)
		nr_dirty_uses++;
	pamt->dirty_keyid = 0;
	pamt->back_csum = 0;
	nr_dirty--;
}

/**
 * tdx_emul_line_reset() - the host has made a line of its memory its own
 * @pa:		physical address of the line, which may be any memory
 */
void tdx_emul_line_reset(u64 pa)
{
	struct pamt_entry *pamt = tdx_emul_pamt(pa);

	if (!pamt || pamt->type != PT_NDA || !pamt->private_lines)
		return;

	pamt->private_lines &= ~BIT_ULL(offset_in_page(pa) / PAMT_LINE_SIZE);
	if (!pamt->private_lines)
		nr_private--;
}

/**
 * tdx_emul_page_is_owned() - does a TD have this page?
 * @pa:		physical address
 */
bool tdx_emul_page_is_owned(u64 pa)
{
	struct pamt_entry *pamt = tdx_emul_pamt(pa);

	return pamt && pamt->type != PT_NDA && pamt->type != PT_RSVD;
}

static const char *const page_type_names[NR_PT] = {
	[PT_NDA]		= "NDA",
	[PT_RSVD]		= "RSVD",
	[PT_REG]		= "REG",
	[PT_TDR]		= "TDR",
	[PT_TDCX]		= "TDCX",
	[PT_TDVPR]		= "TDVPR",
	[PT_EPT]		= "EPT",
};

static int pamt_show(struct seq_file *m, void *v)
{
	u64 count[NR_PT];
	unsigned int i;

	tdx_emul_pamt_census(count);

	for (i = 0; i < NR_PT; i++) {
		if (page_type_names[i])
			seq_printf(m, "%s %llu\n", page_type_names[i], count[i]);
	}

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	seq_printf(m, "host-writes %llu\n", nr_host_writes);
	seq_printf(m, "dirty %llu\n", nr_dirty);
	seq_printf(m, "dirty-uses %llu\n", nr_dirty_uses);
	seq_printf(m, "private %llu\n", nr_private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pamt);

static int freed_show(struct seq_file *m, void *v)
{
	u64 pfn, end = PHYS_PFN(memblock_end_of_DRAM());
	const struct pamt_entry *pamt;
	unsigned long flags;
	u16 dirty_keyid;
	u8 type;

	for (pfn = 0; pfn < end; pfn++) {
		if (!(pfn % TDMR_FREED_STEP))
			cond_resched();
		if (!pfn_valid(pfn) || page_count(pfn_to_page(pfn)))
			continue;
		pamt = tdx_emul_pamt(PFN_PHYS(pfn));
		if (!pamt)
			continue;

		raw_spin_lock_irqsave(&coco_emul_lock, flags);
		type = pamt->type;
		dirty_keyid = pamt->dirty_keyid;
		raw_spin_unlock_irqrestore(&coco_emul_lock, flags);

		if (type != PT_NDA && type != PT_RSVD)
			seq_printf(m, "%#llx %s\n", pfn, page_type_names[type]);
		else if (dirty_keyid)
			seq_printf(m, "%#llx dirty\n", pfn);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(freed);

void __init tdx_emul_page_init(struct dentry *debugfs)
{
	debugfs_create_file("pamt", 0400, debugfs, NULL, &pamt_fops);
	debugfs_create_file("freed", 0400, debugfs, NULL, &freed_fops);
}
