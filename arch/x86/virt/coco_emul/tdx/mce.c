// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: the machine check that a TD meets where the host has written
 * to its memory. Intel TDX Module Base Architecture Specification, "Machine Check
 * Handling": the CPU leaves the TD, the module gives it up and tells the host, who
 * looks into the banks. Those are the ones that QEMU's CPU has, where the kernel
 * reads them without pv_ops.
 */
#include <asm/mce.h>
#include <asm/msr.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "vp.h"

/* Bank 1: on Intel's CPUs the data cache has it. */
#define MSR_MCE_STATUS	(MSR_IA32_MC0_STATUS + 4)
#define MSR_MCE_ADDR	(MSR_IA32_MC0_ADDR + 4)
#define MSR_MCE_MISC	(MSR_IA32_MC0_MISC + 4)

/* Software recoverable, action required: somebody was about to consume it */
#define MCE_STATUS	(MCI_STATUS_VAL | MCI_STATUS_UC | MCI_STATUS_EN | MCI_STATUS_MISCV | \
			 MCI_STATUS_ADDRV | MCI_STATUS_S | MCI_STATUS_AR)

/* For this CPU alone, in the TD; both it and the host can go on. */
#define MCE_MCG_STATUS	(MCG_STATUS_MCIP | MCG_STATUS_RIPV | MCG_STATUS_EIPV | \
			 MCG_STATUS_LMCES | MCG_STATUS_SEAM_NR)

#define CACHE_LINE_BITS	6

/**
 * tdx_emul_vp_machine_check() - the TD has met poison
 * @vp:		the vCPU
 * @pa:		physical address of the memory
 * @fetch:	it was to be executed
 *
 * The module does not look at what has happened: the TD is lost.
 *
 * Return: true, as this is a TD exit.
 */
bool tdx_emul_vp_machine_check(struct tdx_emul_vp *vp, u64 pa, bool fetch)
{
	native_wrmsrq(MSR_MCE_ADDR, pa);
	native_wrmsrq(MSR_MCE_MISC, MCI_MISC_ADDR_PHYS << 6 | CACHE_LINE_BITS);
	native_wrmsrq(MSR_MCE_STATUS, MCE_STATUS | (fetch ? MCACOD_INSTR : MCACOD_DATA));
	native_wrmsrq(MSR_IA32_MCG_STATUS, MCE_MCG_STATUS);

	tdx_emul_td_lose(vp->td, "the host has written to its memory");
	vp->exit.intr_info = INTR_INFO_VALID_MASK | INTR_TYPE_HARD_EXCEPTION | X86_TRAP_MC;
	return vp_exits(vp, TDX_NON_RECOVERABLE_TD_FATAL | EXIT_REASON_EXCEPTION_NMI, 0);
}
