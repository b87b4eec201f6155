// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: MRTD, the measurement of a TD, as the "TDX Module Base
 * Architecture Specification" has it in section "Measurement"; the leaves TDH.MR.
 */
#include <linux/unaligned.h>

#include "tdx.h"

#define MR_EXTEND_SIZE		256
#define MR_BLOCK_SIZE		128

/**
 * tdx_emul_mrtd_block() - measure that something is done to a page
 * @td:		the TD
 * @operation:	name of what is done
 * @gpa:	guest physical address
 */
void tdx_emul_mrtd_block(struct tdx_emul_td *td, const char *operation, u64 gpa)
{
	u8 block[MR_BLOCK_SIZE] = {};

	memcpy(block, operation, strlen(operation));
	put_unaligned_le64(gpa, block + 16);
	sha384_update(&td->measured, block, sizeof(block));
}

static u64 leaf_mr_extend(struct pt_regs *regs)
{
	u64 chunk[MR_EXTEND_SIZE / sizeof(u64)];
	u64 gpa = regs->cx, tdr = regs->dx, status, pa;
	struct sept_walk walk;
	struct tdx_emul_td *td;

	regs->cx = 0;
	regs->dx = 0;

	status = tdx_emul_td_operand(tdr, OPERAND_RDX, TDX_EXCLUSIVE, OP_BUILD, &td);
	if (status)
		return status;
	if (gpa % MR_EXTEND_SIZE)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	status = tdx_emul_sept_walk(regs, td, TDX_NO_LOCK, gpa & PAGE_MASK, 0, &walk);
	if (status == (TDX_EPT_WALK_FAILED | OPERAND_RCX) ||
	    (!status && tdx_emul_septe_state(walk.entry) != SEPT_MAPPED))
		return tdx_emul_sept_status(regs, &walk, TDX_EPT_ENTRY_NOT_PRESENT);
	if (status)
		return status;

	/* Where memory has integrity, what the host wrote to cannot be read. */
	pa = walk.entry & SEPTE_PA;
	if (!tdx_emul_page_is_intact(pa, tdx_emul_pamt(pa))) {
		tdx_emul_td_lose(td, "the host has written to its memory");
		return TDX_NON_RECOVERABLE_TD;
	}

	pa += offset_in_page(gpa);
	coco_emul_scramble(td->key, pa, chunk, __va(pa), sizeof(chunk));

	tdx_emul_mrtd_block(td, "MR.EXTEND", gpa);
	sha384_update(&td->measured, (u8 *)chunk, MR_BLOCK_SIZE);
	sha384_update(&td->measured, (u8 *)chunk + MR_BLOCK_SIZE, MR_BLOCK_SIZE);
	return TDX_SUCCESS;
}

static u64 leaf_mr_finalize(struct pt_regs *regs)
{
	struct tdx_emul_td *td;
	u64 status;

	status = tdx_emul_td_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, OP_BUILD, &td);
	if (status)
		return status;
	if (!td->nr_vcpus)
		return TDX_NO_VCPUS;

	sha384_final(&td->measured, td->mrtd);
	td->op_state = OP_RUNNABLE;
	return TDX_SUCCESS;
}

const struct tdx_leaf tdx_emul_mr_leaves[] = {
	TDX_LEAF("TDH.MR.EXTEND",	16, leaf_mr_extend),
	TDX_LEAF("TDH.MR.FINALIZE",	17, leaf_mr_finalize),
	{}
};
