// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: MRTD, the measurement of a TD, as the "TDX Module Base
 * Architecture Specification" has it in section "Measurement".
 */
#include <linux/kprobes.h>
#include <linux/unaligned.h>

#include "tdx.h"

#define MR_EXTEND_SIZE		256
#define MR_BLOCK_SIZE		128

void tdx_mrtd_init(struct emul_td *td)
{
	sha384_init(&td->measured);
}
NOKPROBE_SYMBOL(tdx_mrtd_init);

void tdx_mrtd_block(struct emul_td *td, const char *operation, u64 gpa)
{
	u8 block[MR_BLOCK_SIZE] = {};

	memcpy(block, operation, strlen(operation));
	put_unaligned_le64(gpa, block + 16);
	sha384_update(&td->measured, block, sizeof(block));
}
NOKPROBE_SYMBOL(tdx_mrtd_block);

/* The measurement as it stands, final or not. */
void tdx_mrtd_read(const struct emul_td *td, u8 mrtd[SHA384_DIGEST_SIZE])
{
	struct sha384_ctx ctx = td->measured;

	if (td->op_state == OP_RUNNABLE)
		memcpy(mrtd, td->mrtd, SHA384_DIGEST_SIZE);
	else
		sha384_final(&ctx, mrtd);
}

u64 leaf_mr_extend(struct pt_regs *regs)
{
	u64 chunk[MR_EXTEND_SIZE / sizeof(u64)];
	u64 gpa = regs->cx, tdr = regs->dx, err, pa;
	struct sept_walk walk;
	struct emul_td *td;

	regs->cx = 0;
	regs->dx = 0;

	err = tdx_td_operand(tdr, OPERAND_RDX, TDX_EXCLUSIVE, BIT(OP_INITIALIZED), &td);
	if (err)
		return err;
	if (gpa % MR_EXTEND_SIZE)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	err = tdx_sept_walk(regs, td, TDX_NO_LOCK, gpa & PAGE_MASK, 0, &walk);
	if (err == (TDX_EPT_WALK_FAILED | OPERAND_RCX) ||
	    (!err && tdx_septe_state(walk.entry) != SEPT_MAPPED))
		return tdx_sept_status(regs, &walk, TDX_EPT_ENTRY_NOT_PRESENT);
	if (err)
		return err;

	/* Where memory has integrity, what the host wrote to cannot be read. */
	pa = walk.entry & SEPTE_PA;
	if (!tdx_page_is_intact(pa, tdx_pamt(pa)))
		return TDX_NON_RECOVERABLE_TD;

	pa += offset_in_page(gpa);
	tdx_scramble(td->key, pa, chunk, __va(pa), sizeof(chunk));

	tdx_mrtd_block(td, "MR.EXTEND", gpa);
	sha384_update(&td->measured, (u8 *)chunk, MR_BLOCK_SIZE);
	sha384_update(&td->measured, (u8 *)chunk + MR_BLOCK_SIZE, MR_BLOCK_SIZE);
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mr_extend);

u64 leaf_mr_finalize(struct pt_regs *regs)
{
	struct emul_td *td;
	u64 err;

	err = tdx_td_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, BIT(OP_INITIALIZED), &td);
	if (err)
		return err;
	if (!td->nr_vcpus)
		return TDX_NO_VCPUS;

	sha384_final(&td->measured, td->mrtd);
	td->op_state = OP_RUNNABLE;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mr_finalize);
