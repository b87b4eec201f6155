// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: private memory. Secure EPT, page contents, measurement.
 *
 * What belongs to a TD is scrambled with a stream that depends on the key of
 * the TD and on the address, so that the host reads noise. This is no
 * encryption. The Secure EPT stands in the pages that the host gives for it,
 * scrambled in the same way; its entries carry a tag, and pages a checksum in
 * the PAMT, so that a write by the host is noticed.
 */
#include <linux/jhash.h>
#include <linux/kprobes.h>
#include <linux/seq_file.h>
#include <linux/unaligned.h>

#include "tdx.h"

#define SEPT_NR_ENTRIES		512
#define MR_EXTEND_SIZE		256
#define MR_BLOCK_SIZE		128

/* An entry of the Secure EPT, as far as the host gets to see it. */
#define SEPTE_RWX		GENMASK_ULL(2, 0)
#define SEPTE_LEAF		BIT_ULL(7)
#define SEPTE_STATE		GENMASK_ULL(10, 8)
#define SEPTE_PA		GENMASK_ULL(51, 12)
#define SEPTE_TAG		GENMASK_ULL(63, 52)

#define SEPTE_STATE_SHIFT	8
enum sept_state {
	SEPT_FREE		= 0,
	SEPT_BLOCKED		= 1,
	SEPT_PENDING		= 2,
	SEPT_PENDING_BLOCKED	= 3,
	SEPT_MAPPED		= 4,
};

/* Where a walk ended; @pa and @va are those of the entry. */
struct sept_walk {
	u64	gpa;
	int	level;
	u64	pa;
	u64	entry;
};

static u64 keystream(u64 key, u64 pa)
{
	u64 x = key + (pa >> 3) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}
NOKPROBE_SYMBOL(keystream);

/* Scramble @len bytes from @src to physical address @pa, or back. */
static void scramble(u64 key, u64 pa, u64 *dst, const u64 *src, size_t len)
{
	size_t i;

	for (i = 0; i < len / sizeof(*dst); i++)
		dst[i] = (src ? src[i] : 0) ^ keystream(key, pa + i * sizeof(*dst));
}
NOKPROBE_SYMBOL(scramble);

void tdx_scramble_zeroes(u64 key, u64 pa)
{
	scramble(key, pa, __va(pa), NULL, PAGE_SIZE);
}
NOKPROBE_SYMBOL(tdx_scramble_zeroes);

static u32 page_csum(u64 pa)
{
	return jhash2(__va(pa), PAGE_SIZE / sizeof(u32), 0);
}
NOKPROBE_SYMBOL(page_csum);

/* Pages of TDs that the host was found to have written to. */
u64 tdx_nr_host_writes;

static bool page_is_intact(u64 pa, const struct pamt_entry *pamt)
{
	if (!pamt->csum || page_csum(pa) == pamt->csum)
		return true;

	tdx_nr_host_writes++;
	return false;
}
NOKPROBE_SYMBOL(page_is_intact);

/* From now on the page belongs to the module, and the host must not write to it. */
void tdx_page_take(u64 pa, struct pamt_entry *pamt, enum tdx_page_type type, u64 owner)
{
	*pamt = (struct pamt_entry) {
		.owner	= owner,
		.type	= type,
		.csum	= page_csum(pa),
	};
}
NOKPROBE_SYMBOL(tdx_page_take);

/* The host may do with its page what it likes again. */
void tdx_page_free(u64 pa, struct pamt_entry *pamt)
{
	page_is_intact(pa, pamt);
	*pamt = (struct pamt_entry) { .type = PT_NDA };
}
NOKPROBE_SYMBOL(tdx_page_free);

/* Measurement, "TDX Module Base Architecture Specification: Measurement". */

void tdx_mrtd_init(struct emul_td *td)
{
	sha384_init(&td->measured);
}
NOKPROBE_SYMBOL(tdx_mrtd_init);

static void mrtd_block(struct emul_td *td, const char *operation, u64 gpa)
{
	u8 block[MR_BLOCK_SIZE] = {};

	memcpy(block, operation, strlen(operation));
	put_unaligned_le64(gpa, block + 16);
	sha384_update(&td->measured, block, sizeof(block));
}
NOKPROBE_SYMBOL(mrtd_block);

/* The measurement as it stands, final or not. */
void tdx_mrtd_read(const struct emul_td *td, u8 mrtd[SHA384_DIGEST_SIZE])
{
	struct sha384_ctx ctx = td->measured;

	if (td->op_state == OP_RUNNABLE)
		memcpy(mrtd, td->mrtd, SHA384_DIGEST_SIZE);
	else
		sha384_final(&ctx, mrtd);
}

/* Secure EPT */

static u64 septe_tag(u64 key, u64 pa, u64 entry)
{
	return keystream(key ^ (entry & ~SEPTE_TAG), ~pa) & SEPTE_TAG;
}
NOKPROBE_SYMBOL(septe_tag);

static u64 septe_read(struct emul_td *td, u64 pa, u64 *entry)
{
	scramble(td->key, pa, entry, __va(pa), sizeof(*entry));

	/* A table starts out as scrambled zeroes: a free entry has no tag. */
	if (*entry && (*entry & SEPTE_TAG) != septe_tag(td->key, pa, *entry))
		return TDX_NON_RECOVERABLE_TD_CORRUPTED_MD;

	*entry &= ~SEPTE_TAG;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(septe_read);

static void septe_write(struct emul_td *td, u64 pa, u64 entry)
{
	if (entry)
		entry |= septe_tag(td->key, pa, entry);
	scramble(td->key, pa, __va(pa), &entry, sizeof(entry));

	/* A table changes. Host writes to it are found by the tags. */
	tdx_pamt(pa)->csum = 0;
}
NOKPROBE_SYMBOL(septe_write);

static enum sept_state septe_state(u64 entry)
{
	return (entry & SEPTE_STATE) >> SEPTE_STATE_SHIFT;
}
NOKPROBE_SYMBOL(septe_state);

static u64 septe_make(u64 pa, bool leaf, enum sept_state state)
{
	return pa | (leaf ? SEPTE_LEAF : 0) | (u64)state << SEPTE_STATE_SHIFT |
	       (state == SEPT_MAPPED ? SEPTE_RWX : 0);
}
NOKPROBE_SYMBOL(septe_make);

static u64 sept_index(u64 gpa, int level)
{
	return (gpa >> (PAGE_SHIFT + 9 * level)) % SEPT_NR_ENTRIES;
}
NOKPROBE_SYMBOL(sept_index);

/* An S-EPT status comes with the entry that is to blame in RCX and RDX. */
static u64 sept_status(struct pt_regs *regs, const struct sept_walk *walk, u64 status)
{
	regs->cx = walk->entry;
	regs->dx = walk->level | septe_state(walk->entry) << 8;
	return status | OPERAND_RCX;
}
NOKPROBE_SYMBOL(sept_status);

/*
 * Find the entry for the GPA and level in RCX. The GPA has to be private:
 * below the shared bit, which is the topmost one.
 */
static u64 sept_walk(struct pt_regs *regs, struct emul_td *td, u64 gpa, int level,
		     struct sept_walk *walk)
{
	int shared_bit = td->root_level == 4 ? 51 : 47;
	u64 table, err;

	if (gpa & (BIT_ULL(PAGE_SHIFT + 9 * level) - 1) || gpa >> shared_bit)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	walk->gpa = gpa;
	table = td->tdcs[TDX_NR_TDCS_PAGES - 1];

	for (walk->level = td->root_level;; walk->level--) {
		walk->pa = table + sept_index(gpa, walk->level) * sizeof(u64);
		err = septe_read(td, walk->pa, &walk->entry);
		if (err || walk->level == level)
			return err;
		if (septe_state(walk->entry) != SEPT_MAPPED || walk->entry & SEPTE_LEAF)
			return sept_status(regs, walk, TDX_EPT_WALK_FAILED);
		table = walk->entry & SEPTE_PA;
	}
}
NOKPROBE_SYMBOL(sept_walk);

/* The operands of a TDH.MEM leaf: RCX is GPA and level, RDX the TDR. */
static u64 mem_begin(struct pt_regs *regs, unsigned int op_states, int min_level,
		     int max_level, struct emul_td **td, struct sept_walk *walk)
{
	u64 info = regs->cx, tdr = regs->dx, err;
	int level = info & GENMASK(2, 0);

	regs->cx = 0;
	regs->dx = 0;

	err = tdx_td_operand(tdr, OPERAND_RDX, op_states, td);
	if (err)
		return err;

	if (level < min_level || level > max_level || level > (*td)->root_level ||
	    info & GENMASK(11, 3))
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	return sept_walk(regs, *td, info & PAGE_MASK, level, walk);
}
NOKPROBE_SYMBOL(mem_begin);

/* The same for the leaves that fill the entry. */
static u64 mem_begin_free(struct pt_regs *regs, unsigned int op_states, int min_level,
			  int max_level, struct emul_td **td, struct sept_walk *walk)
{
	u64 err = mem_begin(regs, op_states, min_level, max_level, td, walk);

	if (!err && septe_state(walk->entry) != SEPT_FREE)
		err = sept_status(regs, walk, TDX_EPT_ENTRY_STATE_INCORRECT);
	return err;
}
NOKPROBE_SYMBOL(mem_begin_free);

#define OP_BUILD	BIT(OP_INITIALIZED)
#define OP_RUN		BIT(OP_RUNNABLE)

u64 leaf_mem_sept_add(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct sept_walk walk;
	struct emul_td *td;
	u64 err;

	err = mem_begin_free(regs, OP_BUILD | OP_RUN, 1, 4, &td, &walk);
	if (!err)
		err = tdx_check_page(regs->r8, OPERAND_R8, PT_NDA, &pamt);
	if (err)
		return err;

	tdx_td_take_page(td, regs->r8, pamt, PT_EPT);
	septe_write(td, walk.pa, septe_make(regs->r8, false, SEPT_MAPPED));
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mem_sept_add);

u64 leaf_mem_page_add(struct pt_regs *regs)
{
	struct pamt_entry *pamt, *src_pamt;
	struct sept_walk walk;
	struct emul_td *td;
	u64 err, *src;

	err = mem_begin_free(regs, OP_BUILD, 0, 0, &td, &walk);
	if (err)
		return err;

	/*
	 * The source may be any memory of the host. Real hardware would read
	 * noise from a page of a TD.
	 */
	src = coco_emul_ram(regs->r9, PAGE_SIZE);
	src_pamt = tdx_pamt(regs->r9);
	if (!src || regs->r9 >> boot_cpu_data.x86_phys_bits ||
	    (src_pamt && src_pamt->type != PT_NDA))
		return TDX_OPERAND_INVALID | OPERAND_R9;

	err = tdx_check_page(regs->r8, OPERAND_R8, PT_NDA, &pamt);
	if (err)
		return err;

	scramble(td->key, regs->r8, __va(regs->r8), src, PAGE_SIZE);
	tdx_td_own_page(td, regs->r8, pamt, PT_REG);
	septe_write(td, walk.pa, septe_make(regs->r8, true, SEPT_MAPPED));
	mrtd_block(td, "MEM.PAGE.ADD", walk.gpa);
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mem_page_add);

u64 leaf_mem_page_aug(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct sept_walk walk;
	struct emul_td *td;
	u64 err;

	/* 4 KiB pages only: there is no PAMT for others. */
	err = mem_begin_free(regs, OP_BUILD | OP_RUN, 0, 0, &td, &walk);
	if (!err)
		err = tdx_check_page(regs->r8, OPERAND_R8, PT_NDA, &pamt);
	if (err)
		return err;

	tdx_td_take_page(td, regs->r8, pamt, PT_REG);
	septe_write(td, walk.pa, septe_make(regs->r8, true, SEPT_PENDING));
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mem_page_aug);

u64 leaf_mem_range_block(struct pt_regs *regs)
{
	enum sept_state state;
	struct sept_walk walk;
	struct emul_td *td;
	u64 err;

	err = mem_begin(regs, OP_BUILD | OP_RUN, 0, 4, &td, &walk);
	if (err)
		return err;

	switch (septe_state(walk.entry)) {
	case SEPT_MAPPED:
		state = SEPT_BLOCKED;
		break;
	case SEPT_PENDING:
		state = SEPT_PENDING_BLOCKED;
		break;
	case SEPT_BLOCKED:
	case SEPT_PENDING_BLOCKED:
		return sept_status(regs, &walk, TDX_GPA_RANGE_ALREADY_BLOCKED);
	default:
		return sept_status(regs, &walk, TDX_EPT_ENTRY_STATE_INCORRECT);
	}

	septe_write(td, walk.pa, septe_make(walk.entry & SEPTE_PA,
					    walk.entry & SEPTE_LEAF, state));
	tdx_pamt(walk.entry & SEPTE_PA)->epoch = td->epoch;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mem_range_block);

u64 leaf_mem_track(struct pt_regs *regs)
{
	struct emul_td *td;
	u64 err;

	err = tdx_td_operand(regs->cx, OPERAND_RCX, OP_BUILD | OP_RUN, &td);
	if (err)
		return err;

	/* No vCPU ever runs, so none can be in the previous epoch. */
	td->epoch++;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mem_track);

u64 leaf_mem_page_remove(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	enum sept_state state;
	struct sept_walk walk;
	struct emul_td *td;
	u64 err;

	err = mem_begin(regs, OP_BUILD | OP_RUN, 0, 0, &td, &walk);
	if (err)
		return err;

	state = septe_state(walk.entry);
	if (state == SEPT_FREE)
		return sept_status(regs, &walk, TDX_EPT_ENTRY_STATE_INCORRECT);

	pamt = tdx_pamt(walk.entry & SEPTE_PA);

	/* Only once the TD can run may a TLB hold a translation. */
	if (td->op_state == OP_RUNNABLE) {
		if (state != SEPT_BLOCKED && state != SEPT_PENDING_BLOCKED)
			return sept_status(regs, &walk, TDX_GPA_RANGE_NOT_BLOCKED);
		if (pamt->epoch == td->epoch)
			return TDX_TLB_TRACKING_NOT_DONE | OPERAND_RCX;
	}

	septe_write(td, walk.pa, 0);
	tdx_page_free(walk.entry & SEPTE_PA, pamt);
	td->nr_children--;
	regs->cx = walk.entry & SEPTE_PA;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mem_page_remove);

u64 leaf_mr_extend(struct pt_regs *regs)
{
	u64 chunk[MR_EXTEND_SIZE / sizeof(u64)];
	u64 gpa = regs->cx, tdr = regs->dx, err, pa;
	struct sept_walk walk;
	struct emul_td *td;

	regs->cx = 0;
	regs->dx = 0;

	err = tdx_td_operand(tdr, OPERAND_RDX, OP_BUILD, &td);
	if (err)
		return err;
	if (gpa % MR_EXTEND_SIZE)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	err = sept_walk(regs, td, gpa & PAGE_MASK, 0, &walk);
	if (err == (TDX_EPT_WALK_FAILED | OPERAND_RCX) ||
	    (!err && septe_state(walk.entry) != SEPT_MAPPED))
		return sept_status(regs, &walk, TDX_EPT_ENTRY_NOT_PRESENT);
	if (err)
		return err;

	/* Where memory has integrity, what the host wrote to cannot be read. */
	pa = walk.entry & SEPTE_PA;
	if (!page_is_intact(pa, tdx_pamt(pa)))
		return TDX_NON_RECOVERABLE_TD;

	pa += offset_in_page(gpa);
	scramble(td->key, pa, chunk, __va(pa), sizeof(chunk));

	mrtd_block(td, "MR.EXTEND", gpa);
	sha384_update(&td->measured, (u8 *)chunk, MR_BLOCK_SIZE);
	sha384_update(&td->measured, (u8 *)chunk + MR_BLOCK_SIZE, MR_BLOCK_SIZE);
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mr_extend);

u64 leaf_mr_finalize(struct pt_regs *regs)
{
	struct emul_td *td;
	u64 err;

	err = tdx_td_operand(regs->cx, OPERAND_RCX, OP_BUILD, &td);
	if (err)
		return err;
	if (!td->nr_vcpus)
		return TDX_NO_VCPUS;

	sha384_final(&td->measured, td->mrtd);
	td->op_state = OP_RUNNABLE;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mr_finalize);

/*
 * debugfs: every entry of the Secure EPT of the TD, and how the page or table
 * begins when the host reads it.
 */
#define SEPT_SHOW_BYTES		16

static const char *const sept_state_names[] = {
	[SEPT_BLOCKED]		= "BLOCKED",
	[SEPT_PENDING]		= "PENDING",
	[SEPT_PENDING_BLOCKED]	= "PENDING_BLOCKED",
	[SEPT_MAPPED]		= "MAPPED",
};

static void sept_show_table(struct seq_file *m, struct emul_td *td, u64 table, u64 gpa,
			    int level)
{
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

		seq_printf(m, "tdr %#llx gpa %#llx level %d %s %#llx reads %*phN\n",
			   td->tdr, addr, level,
			   entry & SEPTE_LEAF ? sept_state_names[septe_state(entry)] : "TABLE",
			   entry & SEPTE_PA, SEPT_SHOW_BYTES, __va(entry & SEPTE_PA));

		if (!(entry & SEPTE_LEAF))
			sept_show_table(m, td, entry & SEPTE_PA, addr, level - 1);
	}
}

void tdx_sept_show(struct seq_file *m, struct emul_td *td)
{
	lockdep_assert_held(&coco_emul_lock);

	if (td->op_state != OP_UNINITIALIZED && td->lifecycle == TD_KEYS_CONFIGURED)
		sept_show_table(m, td, td->tdcs[TDX_NR_TDCS_PAGES - 1], 0, td->root_level);
}
