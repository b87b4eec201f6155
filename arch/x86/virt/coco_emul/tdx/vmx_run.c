// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX non-root operation: a guest from VM entry to VM exit, on the SVM of the CPU.
 */
#include <linux/mm.h>
#include <linux/percpu.h>

#include <asm/processor-flags.h>

#include "../guest/npt.h"
#include "ept.h"
#include "tdx.h"
#include "vmx.h"

/* VMLAUNCH and VMRESUME, which the core steps over */
#define VM_ENTRY_LENGTH		3

/**
 * struct vmx_engine - what each CPU needs to run a VM
 * @npt:	nested page table of the guest that ran last
 * @eptp:	what that was filled from
 */
struct vmx_engine {
	struct coco_emul_npt	npt;
	u64			eptp;
};

static DEFINE_PER_CPU(struct vmx_engine, vmx_engine);

/* Memory of the guest that the emulator looks at, as far as the host has mapped it */
static void *vmx_page(struct coco_emul_space *space, u64 gpa, enum coco_emul_access access)
{
	struct vmx_run *run = container_of(space, struct vmx_run, g.space);
	struct tdx_ept_walk walk;
	void *page = NULL;

	tdx_emul_ept_walk(run->eptp, gpa, &walk);
	/* Devices are not looked at. */
	if (!walk.misconfig && walk.rwx)
		page = coco_emul_ram(walk.pa, PAGE_SIZE);
	if (!page)
		run->g.miss = GUEST_MISS(gpa);
	return page;
}

static void set_ept_violation(struct vmx_run *run, u64 gpa, u8 wants, u8 rwx)
{
	run->exit.gpa = gpa;
	vmx_exits(run, EXIT_REASON_EPT_VIOLATION, wants | (u64)rwx << 3, 0);
}

static bool apic_access(struct vmx_run *run, u64 gpa, u64 error)
{
	u64 type = tdx_emul_ept_wants(error) >> 1;

	return vmx_exits(run, EXIT_REASON_APIC_ACCESS, offset_in_page(gpa) | type << 12,
			 tdx_emul_insn_length(&run->g));
}

/* #NPF: map the page, if EPT lets the guest have it */
static bool nested_fault(struct vmx_run *run)
{
	struct coco_emul_npt *npt = this_cpu_ptr(&vmx_engine.npt);
	u64 error = run->g.vmcb->control.exit_info_1, gpa = run->g.vmcb->control.exit_info_2;
	u8 wants = tdx_emul_ept_wants(error);
	struct tdx_ept_walk walk;

	tdx_emul_ept_walk(run->eptp, gpa, &walk);
	if (walk.misconfig) {
		run->exit.gpa = gpa;
		return vmx_exits(run, EXIT_REASON_EPT_MISCONFIG, 0, 0);
	}
	if (wants & ~walk.rwx) {
		set_ept_violation(run, gpa, wants, walk.rwx);
		return true;
	}

	if (run->proc2 & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES &&
	    walk.pa == vmx_get(run->vmcs, APIC_ACCESS_ADDR))
		return apic_access(run, gpa, error);

	if (tdx_emul_ept_access(run->eptp, &walk, wants & VMX_EPT_WRITABLE_MASK))
		coco_emul_npt_map(npt, gpa, tdx_emul_ept_npte(run->eptp, &walk));
	return false;
}

/* To the guest, until something is the host's business */
static void run_until_exit(struct vmx_run *run)
{
	u64 code;

	do {
		run->g.miss = 0;
		if (tdx_emul_vmx_before_entry(run))
			return;

		tdx_emul_vmx_switch(run);
		if (tdx_emul_vmx_xsetbv(run))
			return;

		code = *coco_emul_vmcb_field(run->g.vmcb, VMCB_EXIT_CODE);
		if (code == SVM_EXIT_NPF ? nested_fault(run) : tdx_emul_vmx_exit(run))
			return;

		/* An instruction that is not there any more: the host has to bring it back. */
		if (run->g.miss) {
			set_ept_violation(run, run->g.miss & PAGE_MASK, VMX_EPT_EXECUTABLE_MASK, 0);
			return;
		}
	} while (true);
}

static void engine_begin(struct vmx_engine *engine, struct vmx_run *run)
{
	if (engine->eptp != run->eptp) {
		coco_emul_npt_clear(&engine->npt);
		engine->eptp = run->eptp;
	}

	tdx_emul_guest_begin(&run->g, engine->npt.root);
}

/* "VM-Entry Failures During or After Loading Guest State" */
static void entry_fails(u64 vmcs)
{
	vmx_set(vmcs, VM_EXIT_REASON, EXIT_REASON_INVALID_STATE |
				      VMX_EXIT_REASONS_FAILED_VMENTRY);
	vmx_set(vmcs, EXIT_QUALIFICATION, ENTRY_FAIL_DEFAULT);
}

/* "Loading Host State": what the CPU has anyway is left out. */
static void load_host(u64 vmcs, struct pt_regs *regs)
{
	regs->sp = vmx_get(vmcs, HOST_RSP);
	regs->ip = vmx_get(vmcs, HOST_RIP) - VM_ENTRY_LENGTH;
	regs->flags = X86_EFLAGS_FIXED;
}

/**
 * tdx_emul_vmx_enter() - run a guest until the next VM exit
 * @vmcs:	physical address of the VMCS, whose controls have been checked
 * @regs:	at VMLAUNCH or VMRESUME; afterwards where the VM exit goes to
 *
 * Return: false if the guest's state does not allow it to run.
 */
bool tdx_emul_vmx_enter(u64 vmcs, struct pt_regs *regs)
{
	struct vmx_engine *engine = this_cpu_ptr(&vmx_engine);
	struct vmx_run run = {
		.g	= { .space = { .page = vmx_page } },
		.vmcs	= vmcs,
		.pin	= vmx_get(vmcs, PIN_BASED_VM_EXEC_CONTROL),
		.proc	= vmx_get(vmcs, CPU_BASED_VM_EXEC_CONTROL),
		.proc2	= vmx_get(vmcs, SECONDARY_VM_EXEC_CONTROL),
		.eptp	= vmx_get(vmcs, EPT_POINTER),
	};

	if (!tdx_emul_vmx_guest_state_is_valid(vmcs)) {
		entry_fails(vmcs);
		load_host(vmcs, regs);
		return false;
	}

	engine_begin(engine, &run);
	coco_emul_svm_gprs(run.g.gprs, regs);
	tdx_emul_vmx_load(&run);
	vmx_save(&run)->rax = regs->ax;
	tdx_emul_vmx_xcr0_load(&run);

	run_until_exit(&run);

	tdx_emul_vmx_store(&run);
	tdx_emul_vmx_xcr0_store(&run);
	coco_emul_svm_set_gprs(regs, run.g.gprs);
	regs->ax = vmx_save(&run)->rax;
	load_host(vmcs, regs);
	return true;
}

/**
 * tdx_emul_vmx_invalidate() - INVEPT and INVVPID: this CPU has no translation any more
 */
void tdx_emul_vmx_invalidate(void)
{
	struct vmx_engine *engine = this_cpu_ptr(&vmx_engine);

	if (engine->npt.root)
		coco_emul_npt_clear(&engine->npt);
}

/**
 * tdx_emul_vmx_init() - get ready to run VMs
 */
int __init tdx_emul_vmx_init(void)
{
	int cpu, ret;

	for_each_possible_cpu(cpu) {
		ret = coco_emul_npt_init(per_cpu_ptr(&vmx_engine.npt, cpu));
		if (ret)
			return ret;
	}

	return 0;
}
