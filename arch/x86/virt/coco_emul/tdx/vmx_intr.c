// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX non-root operation: interrupts of the host, and what waits for the guest to be
 * able to take it. Intel SDM, "Interrupt-Window Exiting and Virtual-Interrupt
 * Delivery", "NMI-Window Exiting" and chapter "APIC Virtualization and Virtual
 * Interrupts".
 */
#include <asm/apicdef.h>

#include "../guest/ack.h"
#include "tdx.h"
#include "vmx.h"

#define TPR_SHIFT		4
#define TPR_THRESHOLD_MASK	0xf

static bool delivers_interrupts(const struct vmx_run *run)
{
	return run->proc2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY && run->g.vapic.page;
}

/**
 * tdx_emul_vmx_before_entry() - what comes before the next instruction of the guest
 * @run:	the guest
 *
 * Return: true if that is a VM exit.
 */
bool tdx_emul_vmx_before_entry(struct vmx_run *run)
{
	bool nmi_blocked = run->g.blocking & GUEST_INTR_STATE_NMI, waits = false;

	tdx_emul_guest_set_intercept(&run->g, INTERCEPT_IRET, nmi_blocked);
	if (run->proc & CPU_BASED_NMI_WINDOW_EXITING && !nmi_blocked &&
	    tdx_emul_guest_is_free(&run->g))
		return vmx_exits(run, EXIT_REASON_NMI_WINDOW, 0, 0);

	if (run->proc & CPU_BASED_INTR_WINDOW_EXITING) {
		if (tdx_emul_guest_is_open(&run->g))
			return vmx_exits(run, EXIT_REASON_INTERRUPT_WINDOW, 0, 0);
		waits = true;
	} else if (delivers_interrupts(run) && tdx_emul_vapic_pending(&run->g.vapic)) {
		waits = !tdx_emul_guest_is_open(&run->g);
		if (!waits)
			tdx_emul_guest_deliver(&run->g);
	}

	tdx_emul_guest_set_window(&run->g, waits);
	return false;
}

/**
 * tdx_emul_vmx_interrupt() - a physical interrupt has come
 * @run:	the guest
 *
 * Return: true if that is a VM exit.
 */
bool tdx_emul_vmx_interrupt(struct vmx_run *run)
{
	u8 vector;

	if (!(vmx_get(run->vmcs, VM_EXIT_CONTROLS) & VM_EXIT_ACK_INTR_ON_EXIT))
		return vmx_exits(run, EXIT_REASON_EXTERNAL_INTERRUPT, 0, 0);

	/* None, if it was spurious or an NMI that came first */
	vector = coco_emul_ack();
	if (!vector)
		return false;

	if (run->pin & PIN_BASED_POSTED_INTR && delivers_interrupts(run) &&
	    vector == vmx_get(run->vmcs, POSTED_INTR_NV)) {
		tdx_emul_vapic_post(&run->g.vapic, vmx_get(run->vmcs, POSTED_INTR_DESC_ADDR));
		return false;
	}

	run->exit.intr_info = INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR | vector;
	return vmx_exits(run, EXIT_REASON_EXTERNAL_INTERRUPT, 0, 0);
}

/**
 * tdx_emul_vmx_tpr_changed() - "TPR Virtualization"
 * @run:	the guest, which has written to VTPR
 *
 * Return: true if that is a VM exit.
 */
bool tdx_emul_vmx_tpr_changed(struct vmx_run *run)
{
	u32 tpr = *tdx_emul_vapic_reg(&run->g.vapic, APIC_TASKPRI);

	if (delivers_interrupts(run)) {
		tdx_emul_vapic_update_ppr(&run->g.vapic);
		return false;
	}

	if ((tpr >> TPR_SHIFT & V_TPR_MASK) >=
	    (vmx_get(run->vmcs, TPR_THRESHOLD) & TPR_THRESHOLD_MASK))
		return false;

	return vmx_exits(run, EXIT_REASON_TPR_BELOW_THRESHOLD, 0, 0);
}

/**
 * tdx_emul_vmx_eoi() - "EOI Virtualization"
 * @run:	the guest, which has written to VEOI
 *
 * Return: true if that is a VM exit.
 */
bool tdx_emul_vmx_eoi(struct vmx_run *run)
{
	u8 vector = tdx_emul_vapic_eoi(&run->g.vapic);
	u64 bitmap = vmx_get(run->vmcs, EOI_EXIT_BITMAP0 + vector / 64 * 2);

	if (!(bitmap & BIT_ULL(vector % 64)))
		return false;

	return vmx_exits(run, EXIT_REASON_EOI_INDUCED, vector, 0);
}
