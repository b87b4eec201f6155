// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: TDH.VP.ENTER, from the TD entry to the TD exit. Operands are
 * those of the Intel TDX Module ABI Reference Specification, "TDH.VP.ENTER Leaf".
 */
#include <asm/ptrace.h>

#include "vp.h"

/* What TDG.VP.VMCALL can pass: all but RAX, RCX and RSP; RBP without NO_RBP_MOD only */
static const u8 vmcall_gprs[] = {
	GPR_RDX, GPR_RBX, GPR_RBP, GPR_RSI, GPR_RDI, GPR_R8, GPR_R9, GPR_R10, GPR_R11,
	GPR_R12, GPR_R13, GPR_R14, GPR_R15,
};

/* The TD returns from TDG.VP.VMCALL, with what the host has in the registers. */
static void finish_vmcall(struct tdx_emul_vp *vp, const struct pt_regs *regs)
{
	u64 host[COCO_EMUL_NR_GPRS] = {};
	unsigned int i;

	if (!vp->vmcall)
		return;

	coco_emul_svm_gprs(host, regs);
	for (i = 0; i < ARRAY_SIZE(vmcall_gprs); i++) {
		if (vp->vmcall & BIT(vmcall_gprs[i]))
			vp->g.gprs[vmcall_gprs[i]] = host[vmcall_gprs[i]];
	}

	*vp_gpr(vp, GPR_RAX) = TDX_SUCCESS;
	vp_goes_on(vp, TDCALL_LENGTH);
	vp->vmcall = 0;
}

/* The registers of the host after a TD exit: 0, but for the outputs. */
static void leave(struct tdx_emul_vp *vp, struct pt_regs *regs)
{
	u64 gprs[COCO_EMUL_NR_GPRS] = {};
	unsigned int i;

	if (vp->td->no_rbp_mod)
		gprs[GPR_RBP] = regs->bp;
	gprs[GPR_RCX] = vp->exit.qual;
	if (vp->vmcall) {
		for (i = 0; i < ARRAY_SIZE(vmcall_gprs); i++) {
			if (vp->vmcall & BIT(vmcall_gprs[i]))
				gprs[vmcall_gprs[i]] = vp->g.gprs[vmcall_gprs[i]];
		}
	} else {
		gprs[GPR_RDX] = vp->exit.ext_qual;
		gprs[GPR_R8] = vp->exit.gpa;
		gprs[GPR_R9] = vp->exit.intr_info;
	}
	coco_emul_svm_set_gprs(regs, gprs);
}

/* An NMI that the host has asked for. A #VE is to be handled first. */
static void inject_nmi(struct tdx_emul_vp *vp)
{
	if (!vp->fields[VP_PEND_NMI] || vp->ve.valid || vp->g.blocking & GUEST_INTR_STATE_NMI ||
	    !tdx_emul_guest_is_free(&vp->g))
		return;

	vp->g.inject = INTR_INFO_VALID_MASK | INTR_TYPE_NMI_INTR | X86_TRAP_NMI;
	vp->g.inject_len = 0;
	vp->g.blocking |= GUEST_INTR_STATE_NMI;
	vp->fields[VP_PEND_NMI] = 0;
}

/* What comes before the next instruction of the TD */
static void before_entry(struct tdx_emul_vp *vp)
{
	bool waits = false;

	inject_nmi(vp);
	tdx_emul_guest_set_intercept(&vp->g, INTERCEPT_IRET, vp->g.blocking & GUEST_INTR_STATE_NMI);

	if (tdx_emul_vapic_pending(&vp->g.vapic)) {
		waits = !tdx_emul_guest_is_open(&vp->g);
		if (!waits)
			tdx_emul_guest_deliver(&vp->g);
	}

	tdx_emul_guest_set_window(&vp->g, waits);
}

/* To the TD, until something is the host's business */
static void run_until_exit(struct tdx_emul_vp *vp)
{
	bool exits;

	do {
		vp->g.miss = 0;
		before_entry(vp);

		raw_spin_unlock(&coco_emul_lock);
		tdx_emul_vp_switch(vp);
		raw_spin_lock(&coco_emul_lock);

		if (vp->td->fatal) {
			vp_exits(vp, TDX_NON_RECOVERABLE_TD, 0);
			return;
		}
		tdx_emul_guest_take_undelivered(&vp->g);
		exits = tdx_emul_vp_exit(vp);
	} while (!exits);
}

/**
 * tdx_emul_vp_enter() - run a vCPU
 * @vp:		the vCPU, which is locked, as is the TD
 * @regs:	at SEAMCALL
 *
 * coco_emul_lock is not held while the TD runs.
 *
 * Return: completion status, with the exit reason.
 */
u64 tdx_emul_vp_enter(struct tdx_emul_vp *vp, struct pt_regs *regs)
{
	u64 *npt_root = tdx_emul_td_npt(vp->td);

	if (!npt_root || !tdx_emul_vp_get_pages(vp))
		return TDX_OPERAND_BUSY | OPERAND_SEPT_TREE;

	vp->exit = (struct tdx_td_exit) {};
	vp->epoch = vp->td->epoch;
	vp->running = true;
	tdx_emul_vp_load(vp, npt_root);
	finish_vmcall(vp, regs);

	run_until_exit(vp);

	tdx_emul_vp_store(vp);
	vp->running = false;
	vp->fields[VP_STATE_DETAILS] = tdx_emul_vapic_pending(&vp->g.vapic) ?
				       VP_STATE_INTR_PENDING : 0;
	leave(vp, regs);
	return vp->exit.status;
}
