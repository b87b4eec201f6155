// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: private memory, the leaves TDH.MEM.
 */
#include "tdx.h"

/*
 * The operands of a TDH.MEM leaf: RCX is GPA and level, RDX the TDR. @sept_mode
 * is how it locks the Secure EPT; if not at all, it has the TD for itself.
 */
static u64 mem_begin(struct pt_regs *regs, enum tdx_lock_mode sept_mode,
		     unsigned int op_states, int min_level, int max_level,
		     struct tdx_emul_td **td, struct sept_walk *walk)
{
	enum tdx_lock_mode td_mode = sept_mode == TDX_NO_LOCK ? TDX_EXCLUSIVE : TDX_SHARED;
	u64 info = regs->cx, tdr = regs->dx, status;
	int level = info & GENMASK(2, 0);

	regs->cx = 0;
	regs->dx = 0;

	status = tdx_emul_td_operand(tdr, OPERAND_RDX, td_mode, op_states, td);
	if (status)
		return status;

	if (level < min_level || level > max_level || level > (*td)->root_level ||
	    info & GENMASK(11, 3))
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	return tdx_emul_sept_walk(regs, *td, sept_mode, info & PAGE_MASK, level, walk);
}

/* For the leaves that fill the entry: it has to be free. */
static u64 mem_begin_free(struct pt_regs *regs, enum tdx_lock_mode sept_mode,
			  unsigned int op_states, int min_level, int max_level,
			  struct tdx_emul_td **td, struct sept_walk *walk)
{
	u64 status = mem_begin(regs, sept_mode, op_states, min_level, max_level, td, walk);

	if (!status && tdx_emul_septe_state(walk->entry) != SEPT_FREE)
		status = tdx_emul_sept_status(regs, walk, TDX_EPT_ENTRY_STATE_INCORRECT);
	return status;
}

static u64 leaf_mem_sept_add(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct sept_walk walk;
	struct tdx_emul_td *td;
	u64 status;

	status = mem_begin_free(regs, TDX_SHARED, OP_BUILD | OP_RUN, 1, 4, &td, &walk);
	if (!status)
		status = tdx_emul_page_check(regs->r8, OPERAND_R8, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (status)
		return status;

	tdx_emul_td_take_page(td, regs->r8, pamt, PT_EPT);
	tdx_emul_septe_write(td, walk.pa, tdx_emul_septe_make(regs->r8, false, SEPT_MAPPED));
	return TDX_SUCCESS;
}

static u64 leaf_mem_page_add(struct pt_regs *regs)
{
	struct pamt_entry *pamt, *src_pamt;
	struct sept_walk walk;
	struct tdx_emul_td *td;
	u64 status, *src;

	status = mem_begin_free(regs, TDX_NO_LOCK, OP_BUILD, 0, 0, &td, &walk);
	if (status)
		return status;

	/*
	 * The source may be any memory of the host. Real hardware would read
	 * noise from a page of a TD.
	 */
	src = coco_emul_ram(regs->r9, PAGE_SIZE);
	src_pamt = tdx_emul_pamt(regs->r9);
	if (!src || regs->r9 >> boot_cpu_data.x86_phys_bits ||
	    (src_pamt && src_pamt->type != PT_NDA))
		return TDX_OPERAND_INVALID | OPERAND_R9;

	status = tdx_emul_page_check(regs->r8, OPERAND_R8, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (status)
		return status;

	coco_emul_scramble(td->key, regs->r8, __va(regs->r8), src, PAGE_SIZE);
	tdx_emul_td_own_page(td, regs->r8, pamt, PT_REG);
	tdx_emul_septe_write(td, walk.pa, tdx_emul_septe_make(regs->r8, true, SEPT_MAPPED));
	tdx_emul_mrtd_block(td, "MEM.PAGE.ADD", walk.gpa);
	return TDX_SUCCESS;
}

static u64 leaf_mem_page_aug(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct sept_walk walk;
	struct tdx_emul_td *td;
	u64 status;

	/* 4 KiB pages only: there is no PAMT for others. */
	status = mem_begin_free(regs, TDX_SHARED, OP_BUILD | OP_RUN, 0, 0, &td, &walk);
	if (!status)
		status = tdx_emul_page_check(regs->r8, OPERAND_R8, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (status)
		return status;

	tdx_emul_td_take_page(td, regs->r8, pamt, PT_REG);
	tdx_emul_septe_write(td, walk.pa, tdx_emul_septe_make(regs->r8, true, SEPT_PENDING));
	return TDX_SUCCESS;
}

static u64 leaf_mem_range_block(struct pt_regs *regs)
{
	enum sept_state state;
	struct sept_walk walk;
	struct tdx_emul_td *td;
	u64 status;

	status = mem_begin(regs, TDX_EXCLUSIVE, OP_BUILD | OP_RUN, 0, 4, &td, &walk);
	if (status)
		return status;

	switch (tdx_emul_septe_state(walk.entry)) {
	case SEPT_MAPPED:
		state = SEPT_BLOCKED;
		break;
	case SEPT_PENDING:
		state = SEPT_PENDING_BLOCKED;
		break;
	case SEPT_BLOCKED:
	case SEPT_PENDING_BLOCKED:
		return tdx_emul_sept_status(regs, &walk, TDX_GPA_RANGE_ALREADY_BLOCKED);
	default:
		return tdx_emul_sept_status(regs, &walk, TDX_EPT_ENTRY_STATE_INCORRECT);
	}

	tdx_emul_septe_write(td, walk.pa,
			     tdx_emul_septe_make(walk.entry & SEPTE_PA,
						 walk.entry & SEPTE_LEAF, state));
	tdx_emul_pamt(walk.entry & SEPTE_PA)->epoch = td->epoch;
	tdx_emul_td_block(td, walk.gpa, walk.level);
	return TDX_SUCCESS;
}

static u64 leaf_mem_track(struct pt_regs *regs)
{
	struct tdx_emul_td *td;
	u64 status;

	status = tdx_emul_td_operand(regs->cx, OPERAND_RCX, TDX_SHARED, OP_BUILD | OP_RUN, &td);
	if (status)
		return status;

	if (tdx_emul_vp_runs_before(td, td->epoch))
		return TDX_PREVIOUS_TLB_EPOCH_BUSY;

	td->epoch++;
	return TDX_SUCCESS;
}

static u64 leaf_mem_page_remove(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	enum sept_state state;
	struct sept_walk walk;
	struct tdx_emul_td *td;
	u64 status;

	status = mem_begin(regs, TDX_SHARED, OP_BUILD | OP_RUN, 0, 0, &td, &walk);
	if (status)
		return status;

	state = tdx_emul_septe_state(walk.entry);
	if (state == SEPT_FREE)
		return tdx_emul_sept_status(regs, &walk, TDX_EPT_ENTRY_STATE_INCORRECT);

	pamt = tdx_emul_pamt(walk.entry & SEPTE_PA);
	status = tdx_emul_lock_page(walk.entry & SEPTE_PA, TDX_EXCLUSIVE, OPERAND_RCX);
	if (status)
		return status;

	/* Only once the TD can run may a TLB hold a translation. */
	if (td->op_state == OP_RUNNABLE) {
		if (state != SEPT_BLOCKED && state != SEPT_PENDING_BLOCKED)
			return tdx_emul_sept_status(regs, &walk, TDX_GPA_RANGE_NOT_BLOCKED);
		if (pamt->epoch == td->epoch || tdx_emul_vp_runs_before(td, pamt->epoch + 1))
			return TDX_TLB_TRACKING_NOT_DONE | OPERAND_RCX;
	}

	tdx_emul_td_remove(td, walk.gpa);
	tdx_emul_septe_write(td, walk.pa, 0);
	tdx_emul_page_free(walk.entry & SEPTE_PA, pamt, td->hkid);
	td->nr_children--;
	regs->cx = walk.entry & SEPTE_PA;
	return TDX_SUCCESS;
}

const struct tdx_leaf tdx_emul_mem_leaves[] = {
	TDX_LEAF("TDH.MEM.SEPT.ADD",	 3, leaf_mem_sept_add),
	TDX_LEAF("TDH.MEM.PAGE.ADD",	 2, leaf_mem_page_add),
	TDX_LEAF("TDH.MEM.PAGE.AUG",	 6, leaf_mem_page_aug),
	TDX_LEAF("TDH.MEM.RANGE.BLOCK",	 7, leaf_mem_range_block),
	TDX_LEAF("TDH.MEM.TRACK",	38, leaf_mem_track),
	TDX_LEAF("TDH.MEM.PAGE.REMOVE",	29, leaf_mem_page_remove),
	{}
};
