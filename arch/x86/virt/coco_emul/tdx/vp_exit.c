// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: what a #VMEXIT of SVM is to a TD. Intel TDX Module Base
 * Architecture Specification, "Instructions Execution" and "TD Exit".
 */
#include <asm/trapnr.h>

#include "../guest/ack.h"
#include "ept.h"
#include "vp.h"

/* Instructions that are a #VE whatever they are about */
static const struct {
	u16	code;
	u16	reason;
	u8	len;
} ve_instructions[] = {
	{ SVM_EXIT_INVD,	EXIT_REASON_INVD,			2 },
	{ SVM_EXIT_HLT,		EXIT_REASON_HLT,			1 },
	{ SVM_EXIT_WBINVD,	EXIT_REASON_WBINVD,			2 },
	{ SVM_EXIT_MONITOR,	EXIT_REASON_MONITOR_INSTRUCTION,	3 },
	{ SVM_EXIT_MWAIT,	EXIT_REASON_MWAIT_INSTRUCTION,		3 },
};

/* "Exit Qualification for I/O Instructions" of the Intel SDM */
static bool io_instruction(struct tdx_emul_vp *vp)
{
	u64 info = vp->g.vmcb->control.exit_info_1, qual;

	qual = ((info & SVM_IOIO_SIZE_MASK) >> SVM_IOIO_SIZE_SHIFT) - 1;
	qual |= info & SVM_IOIO_TYPE_MASK ? BIT(3) : 0;
	qual |= info & SVM_IOIO_STR_MASK ? BIT(4) : 0;
	qual |= info & SVM_IOIO_REP_MASK ? BIT(5) : 0;
	qual |= info >> 16 << 16;
	return tdx_emul_ve(vp, EXIT_REASON_IO_INSTRUCTION, qual, 0,
			   vp->g.vmcb->control.exit_info_2 - vp_save(vp)->rip);
}

static bool interrupt(struct tdx_emul_vp *vp)
{
	/* None, if it was spurious or an NMI that came first */
	u8 vector = coco_emul_ack();

	if (!vector)
		return false;

	if (vp->fields[VP_PIN_CONTROLS] & PIN_CONTROLS_POSTED &&
	    vector == vp->fields[VP_POSTED_VECTOR]) {
		tdx_emul_vapic_post(&vp->g.vapic, vp->fields[VP_POSTED_DESC]);
		return false;
	}

	vp->exit.intr_info = INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR | vector;
	return vp_exits(vp, EXIT_REASON_EXTERNAL_INTERRUPT, 0);
}

#define VMCALL_LENGTH	3

static bool is_at_rip(struct tdx_emul_vp *vp, const u8 *insn, unsigned int len)
{
	u8 bytes[MAX_INSN_SIZE];

	return tdx_emul_insn_fetch(&vp->g, bytes) >= len && !memcmp(bytes, insn, len);
}

/* "Exit Qualification for Task Switches" of the Intel SDM, bits 31:30 */
static bool task_switch(struct tdx_emul_vp *vp)
{
	u64 info = vp->g.vmcb->control.exit_info_2, source = 0;

	if (vp->g.inject & INTR_INFO_VALID_MASK)
		source = 3;
	else if (info & BIT_ULL(SVM_EXITINFOSHIFT_TS_REASON_IRET))
		source = 1;
	else if (info & BIT_ULL(SVM_EXITINFOSHIFT_TS_REASON_JMP))
		source = 2;

	return vp_exits(vp, EXIT_REASON_TASK_SWITCH,
			(u16)vp->g.vmcb->control.exit_info_1 | source << 30);
}

static bool invalid_opcode(struct tdx_emul_vp *vp)
{
	static const u8 tdcall[TDCALL_LENGTH] = { 0x66, 0x0f, 0x01, 0xcc };
	static const u8 vmcall[VMCALL_LENGTH] = { 0x0f, 0x01, 0xc1 };

	if (is_at_rip(vp, tdcall, sizeof(tdcall)))
		return tdx_emul_tdcall(vp);
	if (!vp->g.miss && is_at_rip(vp, vmcall, sizeof(vmcall)))
		return tdx_emul_ve(vp, EXIT_REASON_VMCALL, 0, 0, VMCALL_LENGTH);

	return vp->g.miss ? false : vp_raise(vp, X86_TRAP_UD, false, 0);
}

static bool dies(struct tdx_emul_vp *vp, u64 status)
{
	vp->disabled = true;
	return vp_exits(vp, status, 0);
}

static bool other_exit(struct tdx_emul_vp *vp, u64 code)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ve_instructions); i++) {
		if (code == ve_instructions[i].code)
			return tdx_emul_ve(vp, ve_instructions[i].reason, 0, 0,
					   ve_instructions[i].len);
	}

	switch (code) {
	case SVM_EXIT_READ_CR0 ... SVM_EXIT_READ_CR0 + 0x1f:
		return tdx_emul_vp_cr_access(vp);
	case SVM_EXIT_WRITE_DR0 ... SVM_EXIT_WRITE_DR0 + 0xf:
		return tdx_emul_vp_dr_write(vp);
	case SVM_EXIT_EXCP_BASE + X86_TRAP_UD:
	case SVM_EXIT_VMRUN ... SVM_EXIT_SKINIT:
	case SVM_EXIT_INVLPGA:
		return invalid_opcode(vp);
	case SVM_EXIT_INTR:
		return interrupt(vp);
	/* The kernel has handled it by now. */
	case SVM_EXIT_NMI:
	/* The TD can take what waits for it. */
	case SVM_EXIT_VINTR:
		return false;
	/* NMIs are blocked until the end of IRET, which is not executed yet. */
	case SVM_EXIT_IRET:
		vp->g.blocking &= ~GUEST_INTR_STATE_NMI;
		vp->g.hold = true;
		return false;
	/* No TD has ATTRIBUTES.PERFMON. */
	case SVM_EXIT_RDPMC:
		return vp_raise(vp, X86_TRAP_GP, true, 0);
	case SVM_EXIT_CPUID:
		return tdx_emul_vp_cpuid(vp);
	case SVM_EXIT_IOIO:
		return io_instruction(vp);
	case SVM_EXIT_MSR:
		return tdx_emul_vp_msr_access(vp);
	case SVM_EXIT_TASK_SWITCH:
		return task_switch(vp);
	case SVM_EXIT_NPF:
		return tdx_emul_vp_nested_fault(vp);
	case SVM_EXIT_SHUTDOWN:
		return dies(vp, TDX_NON_RECOVERABLE_VCPU | EXIT_REASON_TRIPLE_FAULT);
	default:
		return dies(vp, TDX_NON_RECOVERABLE_VCPU | VMX_EXIT_REASONS_FAILED_VMENTRY |
				EXIT_REASON_INVALID_STATE);
	}
}

/**
 * tdx_emul_vp_exit() - look at a #VMEXIT
 * @vp:		the vCPU
 *
 * Return: true if it is a TD exit, with all about it in @vp. If not the TD goes on, with
 *	   an exception if there is one in @vp.
 */
bool tdx_emul_vp_exit(struct tdx_emul_vp *vp)
{
	void *page;

	if (other_exit(vp, *coco_emul_vmcb_field(vp->g.vmcb, VMCB_EXIT_CODE)))
		return true;
	if (!vp->g.miss)
		return false;

	/* An instruction that is not there any more: the host has to bring it back. */
	return tdx_emul_vp_private(vp, vp->g.miss & PAGE_MASK, NPF_FETCH, &page);
}
