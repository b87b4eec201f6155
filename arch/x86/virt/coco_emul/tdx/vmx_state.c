// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's state in a VMCS and in a VMCB: Intel SDM, chapters "VM Entries" and
 * "VM Exits", AMD64 Architecture Programmer's Manual, volume 2, "VMCB Layout".
 */
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/debugreg.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>

#include "tdx.h"
#include "vmx.h"

#define LINK_NONE		(~0ULL)

/* Access rights: those of SVM have no gap, and no bit for what is unusable. */
#define AR_LOW			GENMASK(7, 0)
#define AR_HIGH			GENMASK(15, 12)
#define AR_HIGH_SHIFT		4
#define AR_UNUSABLE		BIT(16)
#define AR_DPL_SHIFT		5
#define AR_DPL			GENMASK(6, 5)
#define ATTRIB_HIGH		GENMASK(11, 8)

/* Fields of one segment are as far from each other as those of the next. */
static const struct {
	u32	selector;
	size_t	at;
} vmx_segs[] = {
	{ GUEST_ES_SELECTOR,	offsetof(struct vmcb_save_area, es) },
	{ GUEST_CS_SELECTOR,	offsetof(struct vmcb_save_area, cs) },
	{ GUEST_SS_SELECTOR,	offsetof(struct vmcb_save_area, ss) },
	{ GUEST_DS_SELECTOR,	offsetof(struct vmcb_save_area, ds) },
	{ GUEST_FS_SELECTOR,	offsetof(struct vmcb_save_area, fs) },
	{ GUEST_GS_SELECTOR,	offsetof(struct vmcb_save_area, gs) },
	{ GUEST_LDTR_SELECTOR,	offsetof(struct vmcb_save_area, ldtr) },
	{ GUEST_TR_SELECTOR,	offsetof(struct vmcb_save_area, tr) },
};

static u32 seg_field(u32 selector, u32 es_field)
{
	return es_field + (selector - GUEST_ES_SELECTOR);
}

static void seg_load(u64 vmcs, u32 selector, struct vmcb_seg *seg)
{
	u32 ar = vmx_get(vmcs, seg_field(selector, GUEST_ES_AR_BYTES));

	seg->selector = vmx_get(vmcs, selector);
	seg->limit = vmx_get(vmcs, seg_field(selector, GUEST_ES_LIMIT));
	seg->base = vmx_get(vmcs, seg_field(selector, GUEST_ES_BASE));
	seg->attrib = (ar & AR_LOW) | (ar & AR_HIGH) >> AR_HIGH_SHIFT;
	/* The CPU takes the privilege level from SS, usable or not. */
	if (ar & AR_UNUSABLE)
		seg->attrib = selector == GUEST_SS_SELECTOR ? ar & AR_DPL : 0;
}

static void seg_store(u64 vmcs, u32 selector, const struct vmcb_seg *seg)
{
	u32 ar = (seg->attrib & AR_LOW) | (seg->attrib & ATTRIB_HIGH) << AR_HIGH_SHIFT;

	if (!(seg->attrib & SVM_SELECTOR_P_MASK))
		ar |= AR_UNUSABLE;

	vmx_set(vmcs, selector, seg->selector);
	vmx_set(vmcs, seg_field(selector, GUEST_ES_LIMIT), seg->limit);
	vmx_set(vmcs, seg_field(selector, GUEST_ES_BASE), seg->base);
	vmx_set(vmcs, seg_field(selector, GUEST_ES_AR_BYTES), ar);
}

/**
 * tdx_emul_vmx_check() - "Checks on VMX Controls and Host-State Area"
 * @vmcs:	physical address of the VMCS
 *
 * Lists of MSRs are not carried out, so they have to be empty.
 *
 * Return: VM-instruction error, 0 if all is well.
 */
u32 tdx_emul_vmx_check(u64 vmcs)
{
	u64 eptp = vmx_get(vmcs, EPT_POINTER);
	u32 proc2 = vmx_get(vmcs, SECONDARY_VM_EXEC_CONTROL);
	u64 levels = (eptp & VMX_EPTP_PWL_MASK) >> 3;

	if (!tdx_emul_vmx_controls_are_allowed(vmcs) || vmx_get(vmcs, CR3_TARGET_COUNT) ||
	    vmx_get(vmcs, VM_ENTRY_MSR_LOAD_COUNT) || vmx_get(vmcs, VM_EXIT_MSR_LOAD_COUNT) ||
	    vmx_get(vmcs, VM_EXIT_MSR_STORE_COUNT))
		return VMXERR_ENTRY_INVALID_CONTROL_FIELD;

	/* There are no shadow page tables here. */
	if (!(vmx_get(vmcs, CPU_BASED_VM_EXEC_CONTROL) & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS) ||
	    !(proc2 & SECONDARY_EXEC_ENABLE_EPT))
		return VMXERR_ENTRY_INVALID_CONTROL_FIELD;

	if ((eptp & VMX_EPTP_MT_MASK) != VMX_EPTP_MT_WB ||
	    (levels != 3 && !(levels == 4 && tdx_emul_has_5level_ept())) ||
	    eptp & GENMASK_ULL(11, 7) || eptp >> boot_cpu_data.x86_phys_bits)
		return VMXERR_ENTRY_INVALID_CONTROL_FIELD;

	if (proc2 & SECONDARY_EXEC_ENABLE_VPID && !vmx_get(vmcs, VIRTUAL_PROCESSOR_ID))
		return VMXERR_ENTRY_INVALID_CONTROL_FIELD;

	if (!(vmx_get(vmcs, VM_EXIT_CONTROLS) & VM_EXIT_HOST_ADDR_SPACE_SIZE) ||
	    vmx_get(vmcs, HOST_RIP) < TASK_SIZE_MAX)
		return VMXERR_ENTRY_INVALID_HOST_STATE_FIELD;

	return 0;
}

/**
 * tdx_emul_vmx_guest_state_is_valid() - "Checks on the Guest State Area", the most important ones
 * @vmcs:	physical address of the VMCS
 */
bool tdx_emul_vmx_guest_state_is_valid(u64 vmcs)
{
	u64 cr0 = vmx_get(vmcs, GUEST_CR0), cr4 = vmx_get(vmcs, GUEST_CR4);
	u64 rflags = vmx_get(vmcs, GUEST_RFLAGS);
	u32 entry = vmx_get(vmcs, VM_ENTRY_CONTROLS);
	u32 blocking = vmx_get(vmcs, GUEST_INTERRUPTIBILITY_INFO);
	u32 inject = vmx_get(vmcs, VM_ENTRY_INTR_INFO_FIELD);
	u64 efer = vmx_get(vmcs, GUEST_IA32_EFER);
	bool long_mode = entry & VM_ENTRY_IA32E_MODE;

	if (cr0 & X86_CR0_PG && !(cr0 & X86_CR0_PE))
		return false;
	if (cr0 & X86_CR0_NW && !(cr0 & X86_CR0_CD))
		return false;
	if (!(cr4 & X86_CR4_VMXE))
		return false;
	if (long_mode && (!(cr0 & X86_CR0_PG) || !(cr4 & X86_CR4_PAE)))
		return false;
	if (entry & VM_ENTRY_LOAD_IA32_EFER &&
	    (!!(efer & EFER_LMA) != long_mode ||
	     (cr0 & X86_CR0_PG && !!(efer & EFER_LME) != long_mode)))
		return false;

	if (!(rflags & X86_EFLAGS_FIXED) || rflags & ~(u64)GENMASK(21, 0) ||
	    (rflags & X86_EFLAGS_VM && (long_mode || !(cr0 & X86_CR0_PE))))
		return false;
	if (vmx_get(vmcs, GUEST_ACTIVITY_STATE) || vmx_get(vmcs, VMCS_LINK_POINTER) != LINK_NONE)
		return false;

	/* An NMI is not injected while they are blocked. */
	if (blocking & GUEST_INTR_STATE_NMI &&
	    vmx_get(vmcs, PIN_BASED_VM_EXEC_CONTROL) & PIN_BASED_VIRTUAL_NMIS &&
	    (inject & INTR_INFO_VALID_MASK) &&
	    (inject & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR)
		return false;

	return !(blocking & ~(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS |
			      GUEST_INTR_STATE_NMI)) &&
	       (blocking & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)) !=
			   (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS);
}

/* EFER of the guest, "Loading Guest Control Registers, Debug Registers, and MSRs" */
static u64 efer_load(struct vmx_run *run)
{
	u32 entry = vmx_get(run->vmcs, VM_ENTRY_CONTROLS);
	u64 efer;

	if (entry & VM_ENTRY_LOAD_IA32_EFER)
		return vmx_get(run->vmcs, GUEST_IA32_EFER);

	efer = native_read_msr(MSR_EFER) & ~(u64)EFER_LMA;
	if (entry & VM_ENTRY_IA32E_MODE)
		return efer | EFER_LMA | EFER_LME;

	return run->cr0 & X86_CR0_PG ? efer & ~(u64)EFER_LME : efer;
}

static u32 proc_bit(struct vmx_run *run, u32 control, u32 intercept)
{
	return run->proc & control ? BIT(intercept % 32) : 0;
}

#define BIT_OF(intercept)	BIT((intercept) % 32)

/*
 * "Instructions That Cause VM Exits". What VMX leaves to the guest and SVM does not
 * know is intercepted as well: CR0 and CR4 have bits of their own for the guest, CR8 a
 * page, MSRs a bitmap. The instructions of SVM are invalid opcodes.
 */
static void load_intercepts(struct vmx_run *run)
{
	u32 *words = run->g.vmcb->control.intercepts;
	u64 cr0_diff, cr4_diff;

	cr0_diff = (vmx_save(run)->cr0 ^ vmx_get(run->vmcs, CR0_READ_SHADOW)) &
		   vmx_get(run->vmcs, CR0_GUEST_HOST_MASK);
	cr4_diff = (run->cr4 ^ vmx_get(run->vmcs, CR4_READ_SHADOW)) &
		   vmx_get(run->vmcs, CR4_GUEST_HOST_MASK);
	cr4_diff &= ~X86_CR4_VMXE;
	cr4_diff |= vmx_save(run)->cr4 ^ (run->cr4 & ~X86_CR4_VMXE);
	cr4_diff |= vmx_get(run->vmcs, CR4_READ_SHADOW) & X86_CR4_VMXE;

	words[INTERCEPT_CR] = BIT_OF(INTERCEPT_CR0_WRITE) | BIT_OF(INTERCEPT_CR4_WRITE) |
			      BIT_OF(INTERCEPT_CR8_WRITE) |
			      (cr0_diff ? BIT_OF(INTERCEPT_CR0_READ) : 0) |
			      (cr4_diff ? BIT_OF(INTERCEPT_CR4_READ) : 0) |
			      proc_bit(run, CPU_BASED_CR3_LOAD_EXITING, INTERCEPT_CR3_WRITE) |
			      proc_bit(run, CPU_BASED_CR3_STORE_EXITING, INTERCEPT_CR3_READ) |
			      proc_bit(run, CPU_BASED_CR8_STORE_EXITING, INTERCEPT_CR8_READ);
	words[INTERCEPT_DR] = run->proc & CPU_BASED_MOV_DR_EXITING ? ~0u : INTERCEPT_DR_WRITES;
	words[INTERCEPT_EXCEPTION] = vmx_get(run->vmcs, EXCEPTION_BITMAP) | BIT(X86_TRAP_UD);
	if (vmx_get(run->vmcs, PAGE_FAULT_ERROR_CODE_MASK) ||
	    vmx_get(run->vmcs, PAGE_FAULT_ERROR_CODE_MATCH))
		words[INTERCEPT_EXCEPTION] |= BIT(X86_TRAP_PF);
	words[INTERCEPT_WORD3] =
		/* QEMU takes these for INT n. */
		(words[INTERCEPT_EXCEPTION] & (BIT(X86_TRAP_BP) | BIT(X86_TRAP_OF)) ?
		 BIT_OF(INTERCEPT_INTn) : 0) |
		BIT_OF(INTERCEPT_INTR) | BIT_OF(INTERCEPT_NMI) | BIT_OF(INTERCEPT_INIT) |
		BIT_OF(INTERCEPT_CPUID) | BIT_OF(INTERCEPT_INVD) | BIT_OF(INTERCEPT_INVLPGA) |
		BIT_OF(INTERCEPT_MSR_PROT) | BIT_OF(INTERCEPT_TASK_SWITCH) |
		BIT_OF(INTERCEPT_SHUTDOWN) |
		proc_bit(run, CPU_BASED_RDTSC_EXITING, INTERCEPT_RDTSC) |
		proc_bit(run, CPU_BASED_RDPMC_EXITING, INTERCEPT_RDPMC) |
		proc_bit(run, CPU_BASED_PAUSE_EXITING, INTERCEPT_PAUSE) |
		proc_bit(run, CPU_BASED_HLT_EXITING, INTERCEPT_HLT) |
		proc_bit(run, CPU_BASED_INVLPG_EXITING, INTERCEPT_INVLPG) |
		proc_bit(run, CPU_BASED_UNCOND_IO_EXITING, INTERCEPT_IOIO_PROT);
	words[INTERCEPT_WORD4] =
		BIT_OF(INTERCEPT_VMRUN) | BIT_OF(INTERCEPT_VMMCALL) |
		BIT_OF(INTERCEPT_VMLOAD) | BIT_OF(INTERCEPT_VMSAVE) |
		BIT_OF(INTERCEPT_STGI) | BIT_OF(INTERCEPT_CLGI) | BIT_OF(INTERCEPT_SKINIT) |
		BIT_OF(INTERCEPT_XSETBV) |
		proc_bit(run, CPU_BASED_RDTSC_EXITING, INTERCEPT_RDTSCP) |
		proc_bit(run, CPU_BASED_MONITOR_EXITING, INTERCEPT_MONITOR) |
		proc_bit(run, CPU_BASED_MWAIT_EXITING, INTERCEPT_MWAIT);
}

/* "Event Injection": a software event returns behind its instruction. */
static void load_event(struct vmx_run *run)
{
	u32 info = vmx_get(run->vmcs, VM_ENTRY_INTR_INFO_FIELD);

	run->g.inject = 0;
	run->g.inject_len = 0;
	if (!(info & INTR_INFO_VALID_MASK))
		return;

	run->g.inject = info;
	run->g.inject_error = vmx_get(run->vmcs, VM_ENTRY_EXCEPTION_ERROR_CODE);
	switch (info & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_SOFT_INTR:
	case INTR_TYPE_SOFT_EXCEPTION:
	case INTR_TYPE_PRIV_SW_EXCEPTION:
		run->g.inject_len = vmx_get(run->vmcs, VM_ENTRY_INSTRUCTION_LEN);
		vmx_save(run)->rip += run->g.inject_len;
		break;
	case INTR_TYPE_NMI_INTR:
		if (run->pin & PIN_BASED_VIRTUAL_NMIS)
			run->g.blocking |= GUEST_INTR_STATE_NMI;
		break;
	}
}

/**
 * tdx_emul_vmx_load() - load the state of the guest: "Loading Guest State"
 * @run:	the guest, with its controls
 *
 * What the VMCS does not have is the CPU's: CR2, DR6, KernelGSBase, STAR and so on.
 */
void tdx_emul_vmx_load(struct vmx_run *run)
{
	struct vmcb_save_area *save = vmx_save(run), *area = coco_emul_svm_guest_area();
	u64 vmcs = run->vmcs;
	unsigned int i;

	run->cr0 = vmx_get(vmcs, GUEST_CR0);
	run->cr4 = vmx_get(vmcs, GUEST_CR4);
	run->g.blocking = vmx_get(vmcs, GUEST_INTERRUPTIBILITY_INFO);
	run->g.hold = run->g.blocking & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS);

	for (i = 0; i < ARRAY_SIZE(vmx_segs); i++)
		seg_load(vmcs, vmx_segs[i].selector, (void *)save + vmx_segs[i].at);
	save->gdtr.limit = vmx_get(vmcs, GUEST_GDTR_LIMIT);
	save->gdtr.base = vmx_get(vmcs, GUEST_GDTR_BASE);
	save->idtr.limit = vmx_get(vmcs, GUEST_IDTR_LIMIT);
	save->idtr.base = vmx_get(vmcs, GUEST_IDTR_BASE);
	save->cpl = (save->ss.attrib & AR_DPL) >> AR_DPL_SHIFT;

	save->efer = efer_load(run) | EFER_SVME;
	save->cr0 = run->cr0;
	save->cr3 = vmx_get(vmcs, GUEST_CR3);
	save->cr4 = run->cr4 & ~X86_CR4_VMXE;
	/* Without PAE QEMU 7.2 takes the host out of paging at the #VMEXIT. */
	if (save->efer & EFER_LME && !(run->cr0 & X86_CR0_PG))
		save->cr4 |= X86_CR4_PAE;
	save->cr2 = native_read_cr2();
	save->dr6 = native_get_debugreg(6);
	save->dr7 = vmx_get(vmcs, GUEST_DR7);
	save->rflags = vmx_get(vmcs, GUEST_RFLAGS);
	save->rip = vmx_get(vmcs, GUEST_RIP);
	save->rsp = vmx_get(vmcs, GUEST_RSP);
	save->g_pat = vmx_get(vmcs, VM_ENTRY_CONTROLS) & VM_ENTRY_LOAD_IA32_PAT ?
		      vmx_get(vmcs, GUEST_IA32_PAT) : native_read_msr(MSR_IA32_CR_PAT);

	coco_emul_svm_host_to_guest_area();
	area->fs = save->fs;
	area->gs = save->gs;
	area->ldtr = save->ldtr;
	area->tr = save->tr;
	area->sysenter_cs = vmx_get(vmcs, GUEST_SYSENTER_CS);
	area->sysenter_esp = vmx_get(vmcs, GUEST_SYSENTER_ESP);
	area->sysenter_eip = vmx_get(vmcs, GUEST_SYSENTER_EIP);

	run->g.vmcb->control.tsc_offset = run->proc & CPU_BASED_USE_TSC_OFFSETTING ?
					vmx_get(vmcs, TSC_OFFSET) : 0;
	load_event(run);
	load_intercepts(run);

	run->g.vapic = (struct tdx_vapic) {};
	if (run->proc & CPU_BASED_TPR_SHADOW)
		run->g.vapic.page = coco_emul_ram(vmx_get(vmcs, VIRTUAL_APIC_PAGE_ADDR), PAGE_SIZE);
	if (run->proc2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY && run->g.vapic.page) {
		run->g.vapic.rvi = vmx_get(vmcs, GUEST_INTR_STATUS);
		run->g.vapic.svi = vmx_get(vmcs, GUEST_INTR_STATUS) >> 8;
		tdx_emul_vapic_update_ppr(&run->g.vapic);
	}
}

static void store_exit(struct vmx_run *run)
{
	const struct vmx_exit *exit = &run->exit;
	u64 vmcs = run->vmcs;

	vmx_set(vmcs, VM_EXIT_REASON, exit->reason);
	vmx_set(vmcs, EXIT_QUALIFICATION, exit->qual);
	vmx_set(vmcs, GUEST_PHYSICAL_ADDRESS, exit->gpa);
	vmx_set(vmcs, VM_EXIT_INTR_INFO, exit->intr_info);
	vmx_set(vmcs, VM_EXIT_INTR_ERROR_CODE, exit->intr_error);
	vmx_set(vmcs, VM_EXIT_INSTRUCTION_LEN, exit->len);
	vmx_set(vmcs, VMX_INSTRUCTION_INFO, 0);
	vmx_set(vmcs, VM_ENTRY_INTR_INFO_FIELD,
		vmx_get(vmcs, VM_ENTRY_INTR_INFO_FIELD) & ~(u64)INTR_INFO_VALID_MASK);
}

/* "Information for VM Exits During Event Delivery": of an event that was not delivered */
static void store_vectoring(struct vmx_run *run)
{
	u64 vmcs = run->vmcs;

	vmx_set(vmcs, IDT_VECTORING_INFO_FIELD, run->g.inject);
	vmx_set(vmcs, IDT_VECTORING_ERROR_CODE, run->g.inject_error);
	if (!(run->g.inject & INTR_INFO_VALID_MASK))
		return;

	if (run->g.inject_len) {
		vmx_save(run)->rip -= run->g.inject_len;
		vmx_set(vmcs, VM_EXIT_INSTRUCTION_LEN, run->g.inject_len);
	}
}

/* With PAE, the CPU has four entries of its own. */
static void store_pdptrs(struct vmx_run *run)
{
	struct vmcb_save_area *save = vmx_save(run);
	u64 pdptrs[4], base = save->cr3 & GENMASK_ULL(31, 5);
	void *page;
	int i;

	if (!(save->cr0 & X86_CR0_PG) || !(run->cr4 & X86_CR4_PAE) || save->efer & EFER_LMA)
		return;

	page = run->g.space.page(&run->g.space, base & PAGE_MASK, ACCESS_WALK);
	if (!page || copy_from_kernel_nofault(pdptrs, page + offset_in_page(base), sizeof(pdptrs)))
		return;

	for (i = 0; i < ARRAY_SIZE(pdptrs); i++)
		vmx_set(run->vmcs, GUEST_PDPTR0 + 2 * i, pdptrs[i]);
}

/**
 * tdx_emul_vmx_store() - "Saving Guest State", and why the guest has ended
 * @run:	the guest
 */
void tdx_emul_vmx_store(struct vmx_run *run)
{
	struct vmcb_save_area *save = vmx_save(run), *area = coco_emul_svm_guest_area();
	u64 vmcs = run->vmcs;
	u32 controls = vmx_get(vmcs, VM_EXIT_CONTROLS);
	unsigned int i;

	store_exit(run);
	store_vectoring(run);
	store_pdptrs(run);

	save->fs = area->fs;
	save->gs = area->gs;
	save->ldtr = area->ldtr;
	save->tr = area->tr;
	save->ss.attrib &= ~AR_DPL;
	save->ss.attrib |= save->cpl << AR_DPL_SHIFT;
	for (i = 0; i < ARRAY_SIZE(vmx_segs); i++)
		seg_store(vmcs, vmx_segs[i].selector, (void *)save + vmx_segs[i].at);
	vmx_set(vmcs, GUEST_GDTR_LIMIT, save->gdtr.limit);
	vmx_set(vmcs, GUEST_GDTR_BASE, save->gdtr.base);
	vmx_set(vmcs, GUEST_IDTR_LIMIT, save->idtr.limit);
	vmx_set(vmcs, GUEST_IDTR_BASE, save->idtr.base);

	vmx_set(vmcs, GUEST_CR0, run->cr0);
	vmx_set(vmcs, GUEST_CR3, save->cr3);
	vmx_set(vmcs, GUEST_CR4, run->cr4);
	vmx_set(vmcs, GUEST_RFLAGS, save->rflags);
	vmx_set(vmcs, GUEST_RIP, save->rip);
	vmx_set(vmcs, GUEST_RSP, save->rsp);
	vmx_set(vmcs, GUEST_SYSENTER_CS, area->sysenter_cs);
	vmx_set(vmcs, GUEST_SYSENTER_ESP, area->sysenter_esp);
	vmx_set(vmcs, GUEST_SYSENTER_EIP, area->sysenter_eip);
	vmx_set(vmcs, GUEST_INTERRUPTIBILITY_INFO, run->g.blocking);
	vmx_set(vmcs, GUEST_PENDING_DBG_EXCEPTIONS, 0);
	if (controls & VM_EXIT_SAVE_DEBUG_CONTROLS)
		vmx_set(vmcs, GUEST_DR7, save->dr7);
	if (controls & VM_EXIT_SAVE_IA32_EFER)
		vmx_set(vmcs, GUEST_IA32_EFER, save->efer & ~(u64)EFER_SVME);
	if (controls & VM_EXIT_SAVE_IA32_PAT)
		vmx_set(vmcs, GUEST_IA32_PAT, save->g_pat);
	if (run->proc2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY && run->g.vapic.page)
		vmx_set(vmcs, GUEST_INTR_STATUS, run->g.vapic.rvi | run->g.vapic.svi << 8);

	/* What the guest has in common with the host */
	native_write_cr2(save->cr2);
	if (run->exit.reason != EXIT_REASON_EXCEPTION_NMI ||
	    (run->exit.intr_info & INTR_INFO_VECTOR_MASK) != X86_TRAP_DB)
		native_set_debugreg(6, save->dr6);
	if (native_read_msr(MSR_KERNEL_GS_BASE) != area->kernel_gs_base)
		native_wrmsrq(MSR_KERNEL_GS_BASE, area->kernel_gs_base);
}
