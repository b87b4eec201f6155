// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: the Secure EPT. It stands in the pages that the host
 * gives for it, scrambled as all pages of a TD; its entries carry a tag, so that
 * a write by the host is noticed.
 */
#include <linux/seq_file.h>

#include "tdx.h"

#define SEPT_NR_ENTRIES		512

/* An entry, as far as the host gets to see it. */
#define SEPTE_RWX		GENMASK_ULL(2, 0)
#define SEPTE_STATE		GENMASK_ULL(10, 8)
#define SEPTE_STATE_SHIFT	8
#define SEPTE_TAG		GENMASK_ULL(63, 52)

static u64 septe_tag(u64 key, u64 pa, u64 entry)
{
	return coco_emul_stream(key ^ (entry & ~SEPTE_TAG), ~pa) & SEPTE_TAG;
}

static u64 septe_read(struct tdx_emul_td *td, u64 pa, u64 *entry)
{
	coco_emul_scramble(td->key, pa, entry, __va(pa), sizeof(*entry));

	/* A table starts out as scrambled zeroes: a free entry has no tag. */
	if (*entry && (*entry & SEPTE_TAG) != septe_tag(td->key, pa, *entry))
		return TDX_NON_RECOVERABLE_TD_CORRUPTED_MD;

	*entry &= ~SEPTE_TAG;
	return TDX_SUCCESS;
}

/**
 * tdx_emul_septe_write() - change an entry
 * @td:		the TD
 * @pa:		physical address of the entry
 * @entry:	what to write, without the tag
 */
void tdx_emul_septe_write(struct tdx_emul_td *td, u64 pa, u64 entry)
{
	if (entry)
		entry |= septe_tag(td->key, pa, entry);
	coco_emul_scramble(td->key, pa, __va(pa), &entry, sizeof(entry));

	/* A table changes. Host writes to it are found by the tags. */
	tdx_emul_pamt(pa)->csum = 0;
}

/**
 * tdx_emul_septe_state() - the state that an entry is in
 * @entry:	the entry
 */
enum sept_state tdx_emul_septe_state(u64 entry)
{
	return (entry & SEPTE_STATE) >> SEPTE_STATE_SHIFT;
}

/**
 * tdx_emul_septe_make() - put an entry together
 * @pa:		physical address that it points to
 * @leaf:	to a page, not to a table
 * @state:	its state
 */
u64 tdx_emul_septe_make(u64 pa, bool leaf, enum sept_state state)
{
	return pa | (leaf ? SEPTE_LEAF : 0) | (u64)state << SEPTE_STATE_SHIFT |
	       (state == SEPT_MAPPED ? SEPTE_RWX : 0);
}

static u64 sept_index(u64 gpa, int level)
{
	return (gpa >> (PAGE_SHIFT + 9 * level)) % SEPT_NR_ENTRIES;
}

/**
 * tdx_emul_sept_status() - blame an entry
 * @regs:	where to put the entry: RCX, and level and state in RDX
 * @walk:	how it was found
 * @status:	what is wrong with it
 */
u64 tdx_emul_sept_status(struct pt_regs *regs, const struct sept_walk *walk, u64 status)
{
	regs->cx = walk->entry;
	regs->dx = walk->level | tdx_emul_septe_state(walk->entry) << 8;
	return status | OPERAND_RCX;
}

/**
 * tdx_emul_sept_walk() - find an entry
 * @regs:	as for tdx_emul_sept_status(), if an entry on the way is to blame
 * @td:		the TD
 * @mode:	how to lock the Secure EPT
 * @gpa:	guest physical address, from operand RCX; has to be private
 * @level:	level of the entry, 0 for that of a 4 KiB page
 * @walk:	where to put what was found
 */
u64 tdx_emul_sept_walk(struct pt_regs *regs, struct tdx_emul_td *td, enum tdx_lock_mode mode,
		       u64 gpa, int level, struct sept_walk *walk)
{
	u64 table, status;

	if (gpa & (BIT_ULL(PAGE_SHIFT + 9 * level) - 1) || gpa >> td->shared_bit)
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	status = tdx_emul_lock_sept(td->tdr, mode);
	if (status)
		return status;

	walk->gpa = gpa;
	table = td->tdcs[TDX_TDCS_SEPT_ROOT];

	for (walk->level = td->root_level;; walk->level--) {
		walk->pa = table + sept_index(gpa, walk->level) * sizeof(u64);
		status = septe_read(td, walk->pa, &walk->entry);
		if (status)
			tdx_emul_td_lose(td, "the host has written to its Secure EPT");
		if (status || walk->level == level)
			return status;
		if (tdx_emul_septe_state(walk->entry) != SEPT_MAPPED || walk->entry & SEPTE_LEAF)
			return tdx_emul_sept_status(regs, walk, TDX_EPT_WALK_FAILED);
		table = walk->entry & SEPTE_PA;
	}
}

/**
 * tdx_emul_sept_find() - look up an address for the TD itself
 * @td:		the TD
 * @gpa:	guest physical address of a page, private
 * @level:	level of the entry, 0 for that of a 4 KiB page
 * @walk:	where to put the entry of the page, or the one on the way that is not mapped
 *
 * Return: a status if the Secure EPT itself cannot be used any more.
 */
u64 tdx_emul_sept_find(struct tdx_emul_td *td, u64 gpa, int level, struct sept_walk *walk)
{
	struct pt_regs regs = {};
	u64 status = tdx_emul_sept_walk(&regs, td, TDX_NO_LOCK, gpa, level, walk);

	return (status & TDX_STATUS) == TDX_EPT_WALK_FAILED ? TDX_SUCCESS : status;
}

/* How much is shown of what an entry points to */
#define SEPT_SHOW_BYTES		16

static const char *const sept_state_names[] = {
	[SEPT_BLOCKED]		= "BLOCKED",
	[SEPT_PENDING]		= "PENDING",
	[SEPT_PENDING_BLOCKED]	= "PENDING_BLOCKED",
	[SEPT_MAPPED]		= "MAPPED",
};

static void sept_show_table(struct seq_file *m, struct tdx_emul_td *td, u64 table, u64 gpa,
			    int level)
{
	static const u8 zeroes[SEPT_SHOW_BYTES];
	const char *kind;
	unsigned int i;
	u64 entry;

	for (i = 0; i < SEPT_NR_ENTRIES; i++) {
		u64 addr = gpa | (u64)i << (PAGE_SHIFT + 9 * level);

		if (septe_read(td, table + i * sizeof(u64), &entry)) {
			seq_printf(m, "tdr %#llx gpa %#llx level %d CORRUPTED\n",
				   td->tdr, addr, level);
			continue;
		}
		if (!entry)
			continue;

		kind = entry & SEPTE_LEAF ? sept_state_names[tdx_emul_septe_state(entry)] : "TABLE";
		seq_printf(m, "tdr %#llx gpa %#llx level %d %s %#llx reads %*phN\n",
			   td->tdr, addr, level, kind,
			   entry & SEPTE_PA, SEPT_SHOW_BYTES,
			   tdx_emul_page_contents(entry & SEPTE_PA) ?: zeroes);

		if (!(entry & SEPTE_LEAF))
			sept_show_table(m, td, entry & SEPTE_PA, addr, level - 1);
	}
}

/**
 * tdx_emul_sept_show() - every entry of the Secure EPT of a TD
 * @m:		debugfs file
 * @td:		the TD
 */
void tdx_emul_sept_show(struct seq_file *m, struct tdx_emul_td *td)
{
	lockdep_assert_held(&coco_emul_lock);

	if (td->op_state != OP_UNINITIALIZED && td->lifecycle == TD_KEYS_CONFIGURED)
		sept_show_table(m, td, td->tdcs[TDX_TDCS_SEPT_ROOT], 0, td->root_level);
}
