// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated SEV-SNP host: MOV to CR8 of an SEV-ES or SNP guest, AMD64 Architecture
 * Programmer's Manual, volume 2, "Virtualizing APIC.TPR" and "CR Write Traps".
 *
 * The CPU virtualizes CR8 by itself. But QEMU 7.2 ends with a failed assertion if CR8 is
 * written while a virtual interrupt is pending, which is when KVM waits for an interrupt
 * window. Firmware does that in all of its exception handlers. So for that time CR8 is
 * intercepted, and the instruction is carried out here.
 */
#include <linux/errno.h>
#include <linux/kvm_host.h>

#include <asm/trapnr.h>

#include "run.h"

static u64 gpr(const struct snp_run *run, unsigned int nr)
{
	switch (nr) {
	case GPR_RAX:
		return run->space.save->rax;
	case GPR_RSP:
		return run->space.save->rsp;
	default:
		return run->gprs[nr];
	}
}

static void inject_gp(struct snp_run *run)
{
	run->vmcb->control.event_inj = SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_EXEPT |
				       SVM_EVTINJ_VALID_ERR | X86_TRAP_GP;
	run->vmcb->control.event_inj_err = 0;
}

/**
 * snp_emul_cr8_kvm_intercepts() - is it for the guest, as a #VC?
 * @run:	the vCPU
 */
bool snp_emul_cr8_kvm_intercepts(const struct snp_run *run)
{
	return test_bit(INTERCEPT_CR8_WRITE, (unsigned long *)run->kvm->control.intercepts);
}

/**
 * snp_emul_cr8_prepare() - each time before the CPU enters the guest
 * @run:	the vCPU
 */
void snp_emul_cr8_prepare(struct snp_run *run)
{
	struct vmcb_control_area *control = &run->vmcb->control;
	bool wanted = control->int_ctl & V_IRQ_MASK || snp_emul_cr8_kvm_intercepts(run);

	__assign_bit(INTERCEPT_CR8_WRITE, (unsigned long *)control->intercepts, wanted);
}

/**
 * snp_emul_cr8_write() - carry out a MOV to CR8
 * @run:	the vCPU, whose RIP is at the instruction
 *
 * Return: 0 also if the guest gets an exception, or what coco_emul_space_fetch() returns.
 */
int snp_emul_cr8_write(struct snp_run *run)
{
	u32 *int_ctl = &run->vmcb->control.int_ctl;
	u8 bytes[MAX_INSN_SIZE], nr_bytes;
	unsigned int length;
	u64 accessed, tpr;
	int ret;

	ret = coco_emul_space_fetch(&run->space, bytes, 1);
	if (ret)
		return ret;

	length = coco_emul_space_insn(&run->space, bytes, &nr_bytes);
	accessed = snp_emul_register_accessed(bytes, length);
	if (!(accessed & SVM_EXITINFO1_MOV_CR))
		return -EFAULT;

	tpr = gpr(run, accessed & GENMASK(3, 0));
	if (tpr & ~(u64)V_TPR_MASK) {
		inject_gp(run);
		return 0;
	}

	*int_ctl = (*int_ctl & ~V_TPR_MASK) | tpr;
	run->space.save->rip += length;
	run->vmcb->control.int_state &= ~SVM_INTERRUPT_SHADOW_MASK;
	return 0;
}
