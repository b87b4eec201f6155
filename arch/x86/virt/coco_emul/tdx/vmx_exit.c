// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX non-root operation: what a #VMEXIT of SVM is to VMX. Intel SDM, "Other Causes of
 * VM Exits", "Instructions That Cause VM Exits" and appendix "VMX Basic Exit Reasons".
 */
#include <asm/debugreg.h>

#include "tdx.h"
#include "vmx.h"

/* #VMEXIT that is always the same VM exit, with the length of the instruction */
static const struct {
	u16	code;
	u16	reason;
	u8	len;
} vmx_plain_exits[] = {
	{ SVM_EXIT_RDTSC,	EXIT_REASON_RDTSC,		2 },
	{ SVM_EXIT_RDTSCP,	EXIT_REASON_RDTSCP,		3 },
	{ SVM_EXIT_RDPMC,	EXIT_REASON_RDPMC,		2 },
	{ SVM_EXIT_CPUID,	EXIT_REASON_CPUID,		2 },
	{ SVM_EXIT_INVD,	EXIT_REASON_INVD,		2 },
	{ SVM_EXIT_PAUSE,	EXIT_REASON_PAUSE_INSTRUCTION,	2 },
	{ SVM_EXIT_HLT,		EXIT_REASON_HLT,		1 },
	{ SVM_EXIT_XSETBV,	EXIT_REASON_XSETBV,		3 },
	{ SVM_EXIT_MONITOR,	EXIT_REASON_MONITOR_INSTRUCTION, 3 },
	{ SVM_EXIT_MWAIT,	EXIT_REASON_MWAIT_INSTRUCTION,	3 },
	{ SVM_EXIT_SHUTDOWN,	EXIT_REASON_TRIPLE_FAULT,	0 },
	{ SVM_EXIT_INIT,	EXIT_REASON_INIT_SIGNAL,	0 },
};

/* "Exit Qualification for I/O Instructions" */
#define IO_IN			BIT(3)
#define IO_STRING		BIT(4)
#define IO_REP			BIT(5)
#define IO_PORT_SHIFT		16

static bool io_instruction(struct vmx_run *run)
{
	const struct vmcb_control_area *control = &run->g.vmcb->control;
	u64 info = control->exit_info_1, qual;

	qual = ((info & SVM_IOIO_SIZE_MASK) >> SVM_IOIO_SIZE_SHIFT) - 1;
	qual |= info & SVM_IOIO_TYPE_MASK ? IO_IN : 0;
	qual |= info & SVM_IOIO_STR_MASK ? IO_STRING : 0;
	qual |= info & SVM_IOIO_REP_MASK ? IO_REP : 0;
	qual |= info >> IO_PORT_SHIFT << IO_PORT_SHIFT;
	return vmx_exits(run, EXIT_REASON_IO_INSTRUCTION, qual,
			 control->exit_info_2 - vmx_save(run)->rip);
}

/* "Exit Qualification for Debug Exceptions" */
#define DB_QUAL			(DR_TRAP_BITS | DR_STEP | BIT(13))

static bool has_error_code(u8 vector)
{
	switch (vector) {
	case X86_TRAP_DF:
	case X86_TRAP_TS:
	case X86_TRAP_NP:
	case X86_TRAP_SS:
	case X86_TRAP_GP:
	case X86_TRAP_PF:
	case X86_TRAP_AC:
		return true;
	default:
		return false;
	}
}

/* "Exception Bitmap": a page fault is compared with two more fields. */
static bool exception_exits(struct vmx_run *run, u8 vector, u32 error)
{
	u32 mask = vmx_get(run->vmcs, PAGE_FAULT_ERROR_CODE_MASK);
	u32 match = vmx_get(run->vmcs, PAGE_FAULT_ERROR_CODE_MATCH);
	bool set = vmx_get(run->vmcs, EXCEPTION_BITMAP) & BIT(vector);

	return vector == X86_TRAP_PF && (error & mask) != match ? !set : set;
}

static bool exception(struct vmx_run *run, u8 vector)
{
	struct vmcb_save_area *save = vmx_save(run);
	u32 error = run->g.vmcb->control.exit_info_1, type = INTR_TYPE_HARD_EXCEPTION, len = 0;
	u64 qual = 0;

	if (vector == X86_TRAP_PF)
		qual = run->g.vmcb->control.exit_info_2;
	else if (vector == X86_TRAP_DB)
		qual = save->dr6 & DB_QUAL;

	if (!exception_exits(run, vector, error)) {
		if (vector == X86_TRAP_PF)
			save->cr2 = qual;
		return vmx_raise(run, vector, has_error_code(vector), error);
	}

	if (vector == X86_TRAP_BP || vector == X86_TRAP_OF) {
		type = INTR_TYPE_SOFT_EXCEPTION;
		len = tdx_emul_insn_soft_event(&run->g, &vector);
	}

	run->exit.intr_info = INTR_INFO_VALID_MASK | type | vector |
			      (has_error_code(vector) ? INTR_INFO_DELIVER_CODE_MASK : 0);
	run->exit.intr_error = has_error_code(vector) ? error : 0;
	return vmx_exits(run, EXIT_REASON_EXCEPTION_NMI, qual, len);
}

/* INT n, or INT3 and INTO, which are exceptions to VMX */
static bool soft_event(struct vmx_run *run)
{
	u8 vector;
	u32 len = tdx_emul_insn_soft_event(&run->g, &vector);

	if (!len)
		return false;

	if ((vector == X86_TRAP_BP || vector == X86_TRAP_OF) && exception_exits(run, vector, 0))
		return exception(run, vector);

	run->g.inject = INTR_INFO_VALID_MASK | INTR_TYPE_SOFT_INTR | vector;
	run->g.inject_len = len;
	return vmx_goes_on(run, len);
}

static bool invalid_opcode(struct vmx_run *run)
{
	if (tdx_emul_vmx_invalid_opcode(run))
		return true;

	return run->g.miss ? false : exception(run, X86_TRAP_UD);
}

/* "Exit Qualification for Task Switches" */
#define TASK_SWITCH_SOURCE_SHIFT	30

enum task_switch_source {
	TASK_SWITCH_BY_CALL,
	TASK_SWITCH_BY_IRET,
	TASK_SWITCH_BY_JMP,
	TASK_SWITCH_BY_GATE,
};

static bool task_switch(struct vmx_run *run)
{
	u64 info = run->g.vmcb->control.exit_info_2;
	u64 source = TASK_SWITCH_BY_CALL;

	if (run->g.inject & INTR_INFO_VALID_MASK)
		source = TASK_SWITCH_BY_GATE;
	else if (info & BIT_ULL(SVM_EXITINFOSHIFT_TS_REASON_IRET))
		source = TASK_SWITCH_BY_IRET;
	else if (info & BIT_ULL(SVM_EXITINFOSHIFT_TS_REASON_JMP))
		source = TASK_SWITCH_BY_JMP;

	return vmx_exits(run, EXIT_REASON_TASK_SWITCH,
			 (u16)run->g.vmcb->control.exit_info_1 | source << TASK_SWITCH_SOURCE_SHIFT,
			 source == TASK_SWITCH_BY_GATE ? 0 : tdx_emul_insn_length(&run->g));
}

/* "NMI Blocking": it ends with IRET, which is not executed yet. */
static bool nmi_is_over(struct vmx_run *run)
{
	run->g.blocking &= ~GUEST_INTR_STATE_NMI;
	run->g.hold = true;
	return false;
}

/**
 * tdx_emul_vmx_exit() - look at a #VMEXIT, but for those of nested paging
 * @run:	the guest
 *
 * Return: true if it is a VM exit, with all about it in @run. If not the guest goes on,
 *	   with an exception if there is one in @run.
 */
bool tdx_emul_vmx_exit(struct vmx_run *run)
{
	u64 code = *coco_emul_vmcb_field(run->g.vmcb, VMCB_EXIT_CODE);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vmx_plain_exits); i++) {
		if (code == vmx_plain_exits[i].code)
			return vmx_exits(run, vmx_plain_exits[i].reason, 0,
					 vmx_plain_exits[i].len);
	}

	switch (code) {
	case SVM_EXIT_READ_CR0 ... SVM_EXIT_READ_CR0 + 0x1f:
		return tdx_emul_vmx_cr_access(run);
	case SVM_EXIT_READ_DR0 ... SVM_EXIT_READ_DR0 + 0x1f:
		return tdx_emul_vmx_dr_access(run);
	case SVM_EXIT_EXCP_BASE ... SVM_EXIT_EXCP_BASE + 0x1f:
		if (code == SVM_EXIT_EXCP_BASE + X86_TRAP_UD)
			return invalid_opcode(run);
		return exception(run, code - SVM_EXIT_EXCP_BASE);
	/* Those of SVM itself, of which VMX knows nothing */
	case SVM_EXIT_VMRUN ... SVM_EXIT_SKINIT:
	case SVM_EXIT_INVLPGA:
		return invalid_opcode(run);
	case SVM_EXIT_INTR:
		return tdx_emul_vmx_interrupt(run);
	/* The kernel has handled it by now. */
	case SVM_EXIT_NMI:
	/* The guest can take what waits for it. */
	case SVM_EXIT_VINTR:
		return false;
	case SVM_EXIT_SWINT:
		return soft_event(run);
	case SVM_EXIT_IRET:
		return nmi_is_over(run);
	case SVM_EXIT_INVLPG:
		return vmx_exits(run, EXIT_REASON_INVLPG, run->g.vmcb->control.exit_info_1,
				 tdx_emul_insn_length(&run->g));
	case SVM_EXIT_IOIO:
		return io_instruction(run);
	case SVM_EXIT_MSR:
		return tdx_emul_vmx_msr_access(run);
	case SVM_EXIT_TASK_SWITCH:
		return task_switch(run);
	default:
		/* Above all VMEXIT_INVALID: state that SVM does not accept */
		return vmx_exits(run, EXIT_REASON_INVALID_STATE | VMX_EXIT_REASONS_FAILED_VMENTRY,
				 code, 0);
	}
}
