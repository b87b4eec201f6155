// SPDX-License-Identifier: GPL-2.0-only
/*
 * MOVDIR64B, Intel SDM chapter "Instruction Set Reference": 64 bytes are written
 * at once, as a whole line. That is how the host makes memory its own again after
 * a TD has had it, on a CPU where any other write may poison it.
 */
#include <asm/insn.h>
#include <asm/insn-eval.h>
#include <asm/page.h>

#include "tdx.h"

#define MOVDIR64B_SIZE	64

/* Memory of the host only, in the direct map: the kernel has no other use for it. */
static bool emulate_movdir64b(const struct coco_emul_insn *e, struct pt_regs *regs,
			      struct insn *insn)
{
	unsigned long *reg = insn_get_modrm_reg_ptr(insn, regs), dst, src;
	u8 line[MOVDIR64B_SIZE];
	u64 status;

	if (!reg || !coco_emul_ea(insn, regs, &src))
		return false;
	dst = *reg;
	if (!IS_ALIGNED(dst, MOVDIR64B_SIZE) || !virt_addr_valid((void *)dst))
		return false;

	/* There is nothing that it could report. */
	coco_emul_hit(e->point, &status);

	memcpy(line, (void *)src, sizeof(line));
	memcpy((void *)dst, line, sizeof(line));
	tdx_emul_line_reset(__pa(dst));
	return true;
}

const struct coco_emul_insn tdx_emul_movdir_insns[] = {
	TDX_INSN("MOVDIR64B", emulate_movdir64b, 0x66, 0, 0, true, 0x0f, 0x38, 0xf8),
	{}
};
