// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: virtualization exceptions. Intel TDX Module Base Architecture
 * Specification, "Virtualization Exception (#VE)".
 */
#include <asm/trapnr.h>

#include "vp.h"

/**
 * tdx_emul_ve() - raise a #VE
 * @vp:		the vCPU, whose RIP stays at the instruction
 * @reason:	exit reason
 * @qual:	exit qualification
 * @gpa:	guest physical address
 * @len:	length of the instruction, as far as it matters
 *
 * If the TD has not asked for the last one this is a double fault.
 *
 * Return: false, as the TD goes on.
 */
bool tdx_emul_ve(struct tdx_emul_vp *vp, u32 reason, u64 qual, u64 gpa, u32 len)
{
	if (vp->ve.valid)
		return vp_raise(vp, X86_TRAP_DF, true, 0);

	vp->ve = (struct tdx_ve_info) {
		.valid	= true,
		.reason	= reason,
		.qual	= qual,
		.gpa	= gpa,
		.len	= len,
	};
	return vp_raise(vp, X86_TRAP_VE, false, 0);
}
