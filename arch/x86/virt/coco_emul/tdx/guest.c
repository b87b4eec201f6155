// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an ordinary VM and a TD have in common when they run on the SVM of the CPU.
 *
 * SVM's own virtual interrupt is never delivered: it only tells when the guest could
 * take one.
 */
#include <linux/cpuhotplug.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/processor.h>
#include <linux/string.h>

#include <asm/apicdef.h>
#include <asm/debugreg.h>
#include <asm/msr.h>
#include <asm/page.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "../guest/ack.h"
#include "guest.h"

#define NPT_GPA_BITS		48
#define NR_BREAKPOINTS		4

/* What is always 1 in DR6 */
#define DR6_FIXED_1		0xffff0ff0ULL

#define MSRPM_ORDER		1
#define IOPM_ORDER		2

/* A virtual interrupt that no priority holds back */
#define WINDOW			(V_IRQ_MASK | V_IGN_TPR_MASK | V_INTR_PRIO_MASK)

/* What a CPU saves its own state to, and the VMCB of the guest that it runs */
static DEFINE_PER_CPU(void *, hsave);
static DEFINE_PER_CPU(struct vmcb *, vmcb);

/* All MSRs and all ports are intercepted. */
static void *msrpm, *iopm;

/**
 * tdx_emul_guest_runs() - can guests run on this CPU?
 *
 * The nested page table has four levels: a guest physical address with more bits would be
 * that of another page.
 */
bool tdx_emul_guest_runs(void)
{
	return coco_emul_svm_runs() && boot_cpu_data.x86_phys_bits <= NPT_GPA_BITS;
}

/**
 * tdx_emul_guest_begin() - a guest is going to run on this CPU
 * @g:		the guest, which gets an empty VMCB
 * @npt_root:	its nested page table
 */
void tdx_emul_guest_begin(struct tdx_guest *g, u64 *npt_root)
{
	struct vmcb_control_area *control;

	g->vmcb = this_cpu_read(vmcb);
	g->space.save = &g->vmcb->save;

	memset(g->vmcb, 0, sizeof(*g->vmcb));
	control = &g->vmcb->control;
	control->msrpm_base_pa = __pa(msrpm);
	control->iopm_base_pa = __pa(iopm);
	control->asid = 1;
	control->tlb_ctl = TLB_CONTROL_FLUSH_ALL_ASID;
	control->nested_cr3 = __pa(npt_root);
	*coco_emul_vmcb_field(g->vmcb, VMCB_FEATURES) = VMCB_NP;
}

/**
 * tdx_emul_guest_set_intercept() - set or clear an intercept
 * @g:		the guest
 * @intercept:	INTERCEPT_*
 * @on:		set it
 */
void tdx_emul_guest_set_intercept(struct tdx_guest *g, unsigned int intercept, bool on)
{
	u32 *word = &g->vmcb->control.intercepts[intercept / BITS_PER_TYPE(u32)];
	u32 bit = BIT(intercept % BITS_PER_TYPE(u32));

	*word = on ? *word | bit : *word & ~bit;
}

/**
 * tdx_emul_guest_is_free() - can an event be injected?
 * @g:	the guest
 */
bool tdx_emul_guest_is_free(const struct tdx_guest *g)
{
	return !(g->inject & INTR_INFO_VALID_MASK) && !g->hold;
}

/**
 * tdx_emul_guest_is_open() - can an interrupt be injected?
 * @g:	the guest
 */
bool tdx_emul_guest_is_open(struct tdx_guest *g)
{
	return tdx_emul_guest_is_free(g) && tdx_emul_guest_save(g)->rflags & X86_EFLAGS_IF;
}

/**
 * tdx_emul_guest_set_window() - get ready for the switch
 * @g:		the guest
 * @waits:	let there be a #VMEXIT, VMEXIT_VINTR, once the guest can take an interrupt
 */
void tdx_emul_guest_set_window(struct tdx_guest *g, bool waits)
{
	struct vmcb_control_area *control = &g->vmcb->control;

	waits = waits && !g->hold;
	control->int_ctl = V_INTR_MASKING_MASK | (waits ? WINDOW : 0);
	if (g->vapic.page)
		control->int_ctl |= *tdx_emul_vapic_reg(&g->vapic, APIC_TASKPRI) >> 4 & V_TPR_MASK;
	tdx_emul_guest_set_intercept(g, INTERCEPT_VINTR, waits);
}

/**
 * tdx_emul_guest_deliver() - inject the virtual interrupt that is pending
 * @g:	the guest, which can take it
 */
void tdx_emul_guest_deliver(struct tdx_guest *g)
{
	g->inject = INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR | tdx_emul_vapic_deliver(&g->vapic);
	g->inject_len = 0;
}

/* What is to be injected, in the format of SVM, which knows fewer kinds */
static u32 event_inj(const struct tdx_guest *g)
{
	u32 type = g->inject & INTR_INFO_INTR_TYPE_MASK;

	if (!(g->inject & INTR_INFO_VALID_MASK))
		return 0;
	if (type == INTR_TYPE_SOFT_EXCEPTION || type == INTR_TYPE_PRIV_SW_EXCEPTION)
		type = INTR_TYPE_HARD_EXCEPTION;

	return (g->inject & (SVM_EVTINJ_VALID | SVM_EVTINJ_VALID_ERR | SVM_EVTINJ_VEC_MASK)) | type;
}

/**
 * tdx_emul_guest_take_undelivered() - what was injected and not delivered is left in @g
 * @g:	the guest, after a #VMEXIT that nobody has looked at
 *
 * The CPU has delivered none of it, or all. This may look at memory of the guest.
 */
void tdx_emul_guest_take_undelivered(struct tdx_guest *g)
{
	const struct vmcb_control_area *control = &g->vmcb->control;
	u32 info = control->exit_int_info, type = info & INTR_INFO_INTR_TYPE_MASK;
	u8 vector;

	if (!(info & SVM_EXITINTINFO_VALID)) {
		g->inject = 0;
		g->inject_len = 0;
		return;
	}

	/* As it was: the format of VMX knows more kinds. */
	if (info == event_inj(g) &&
	    (!(info & SVM_EXITINTINFO_VALID_ERR) || control->exit_int_info_err == g->inject_error))
		return;

	g->inject = info;
	g->inject_error = control->exit_int_info_err;
	g->inject_len = 0;
	if (type != SVM_EVTINJ_TYPE_SOFT)
		return;

	/* RIP is that of the instruction. If that is gone it comes again. */
	g->inject_len = tdx_emul_insn_soft_event(g, &vector);
	g->miss = 0;
	if (!g->inject_len) {
		g->inject = 0;
		return;
	}
	if (vector == X86_TRAP_BP || vector == X86_TRAP_OF)
		g->inject = INTR_INFO_VALID_MASK | INTR_TYPE_SOFT_EXCEPTION | vector;
	tdx_emul_guest_save(g)->rip += g->inject_len;
}

#define DR7_GD			BIT_ULL(13)
#define DR7_ZERO		(GENMASK_ULL(15, 14) | GENMASK_ULL(12, 11))
#define DR6_BD			BIT_ULL(13)
#define DR6_ZERO		BIT_ULL(12)

/*
 * The breakpoints to arm, as VMRUN of QEMU does not arm those that it loads: DR7 for it.
 * One at a kernel address would be hit by the way to the guest itself.
 */
static u64 breakpoints(u64 dr7)
{
	unsigned int i;

	/* The next MOV to DR is the host's. */
	dr7 &= ~DR7_GD;
	for (i = 0; i < NR_BREAKPOINTS; i++) {
		u64 enable = (u64)(DR_LOCAL_ENABLE | DR_GLOBAL_ENABLE) << i * DR_ENABLE_SIZE;

		if (dr7 & enable && native_get_debugreg(i) >= TASK_SIZE_MAX)
			dr7 &= ~enable;
	}

	return dr7 & (DR_GLOBAL_ENABLE_MASK | DR_LOCAL_ENABLE_MASK) ? dr7 : 0;
}

/**
 * tdx_emul_guest_write_dr() - MOV to DR, which is intercepted for all guests
 * @g:		the guest
 * @insn:	the instruction
 * @addrs:	DR0 to DR3 of the guest, NULL if the CPU has them
 *
 * QEMU arms the breakpoints, and forgets about them at the #VMEXIT.
 */
void tdx_emul_guest_write_dr(struct tdx_guest *g, const struct tdx_cr_insn *insn, u64 *addrs)
{
	struct vmcb_save_area *save = tdx_emul_guest_save(g);
	u64 val = *tdx_emul_guest_gpr(g, insn->rm);
	unsigned int reg = insn->reg;

	if (!tdx_emul_guest_is_64_bit(g))
		val = (u32)val;
	if (reg > 7 || ((reg == 4 || reg == 5) && save->cr4 & X86_CR4_DE)) {
		tdx_emul_guest_raise(g, X86_TRAP_UD, false, 0);
		return;
	}
	if (save->dr7 & DR7_GD) {
		save->dr6 |= DR6_BD;
		save->dr7 &= ~DR7_GD;
		tdx_emul_guest_raise(g, X86_TRAP_DB, false, 0);
		return;
	}
	if (reg > 3 && val >> 32) {
		tdx_emul_guest_raise(g, X86_TRAP_GP, true, 0);
		return;
	}

	if (reg > 3 && reg & 1)
		save->dr7 = (val & ~DR7_ZERO) | DR7_FIXED_1;
	else if (reg > 3)
		save->dr6 = (val & ~DR6_ZERO) | DR6_FIXED_1;
	else if (addrs)
		addrs[reg] = val;
	else
		native_set_debugreg(reg, val);
	tdx_emul_guest_skip(g, insn->len);
}

/**
 * tdx_emul_guest_switch() - run the guest until the next #VMEXIT
 * @g:	the guest
 *
 * Interrupts and GIF are as before. tdx_emul_guest_take_undelivered() is next.
 */
void tdx_emul_guest_switch(struct tdx_guest *g)
{
	struct vmcb_control_area *control = &g->vmcb->control;
	u64 armed = breakpoints(tdx_emul_guest_save(g)->dr7);

	control->event_inj = event_inj(g);
	control->event_inj_err = g->inject_error;

	coco_emul_svm_clgi();
	if (armed)
		native_set_debugreg(7, armed);
	coco_emul_svm_enter(__pa(g->vmcb), g->gprs, true);
	/* What a VM exit and a TD exit leave: no breakpoints. */
	native_set_debugreg(7, DR7_FIXED_1);
	coco_emul_svm_stgi();

	g->blocking &= ~(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS);
	if (control->int_state & SVM_INTERRUPT_SHADOW_MASK)
		g->blocking |= GUEST_INTR_STATE_STI;
	g->hold = control->int_state & SVM_INTERRUPT_SHADOW_MASK;
}

/* A CPU that comes up has forgotten the MSR. */
static int cpu_comes_up(unsigned int cpu)
{
	native_wrmsrq(MSR_VM_HSAVE_PA, __pa(per_cpu(hsave, cpu)));
	return 0;
}

/**
 * tdx_emul_guest_init() - get ready to run guests, on a CPU that has SVM
 */
int __init tdx_emul_guest_init(void)
{
	int cpu, ret;

	msrpm = (void *)__get_free_pages(GFP_KERNEL, MSRPM_ORDER);
	iopm = (void *)__get_free_pages(GFP_KERNEL, IOPM_ORDER);
	if (!msrpm || !iopm)
		return -ENOMEM;
	memset(msrpm, 0xff, PAGE_SIZE << MSRPM_ORDER);
	memset(iopm, 0xff, PAGE_SIZE << IOPM_ORDER);

	for_each_possible_cpu(cpu) {
		per_cpu(hsave, cpu) = (void *)get_zeroed_page(GFP_KERNEL);
		per_cpu(vmcb, cpu) = (void *)get_zeroed_page(GFP_KERNEL);
		if (!per_cpu(hsave, cpu) || !per_cpu(vmcb, cpu))
			return -ENOMEM;
	}

	ret = coco_emul_svm_init() ?: coco_emul_ack_init();
	if (ret)
		return ret;

	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "x86/coco_emul:online", cpu_comes_up, NULL);
	return ret < 0 ? ret : 0;
}
