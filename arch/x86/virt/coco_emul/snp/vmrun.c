// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated SEV-SNP host: VMRUN, AMD64 Architecture Programmer's Manual, volume 2,
 * "VMRUN Instruction", "Encrypted State (SEV-ES)" and "Secure Nested Paging".
 *
 * VMs without SEV run from KVM's VMCB. So do SEV guests, with another nested page
 * table. SEV-ES and SNP guests run from a VMCB of the emulator's, made of KVM's and
 * of the VMSA, and their exits are sorted into those for KVM, automatic exits, and
 * those for the guest, which become a #VC.
 */
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/gfp.h>
#include <linux/kvm_host.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/msr.h>
#include <asm/trapnr.h>

#include "../guest/svm.h"
#include "run.h"

#define MSRPM_SIZE		(2 * PAGE_SIZE)
/* Two bits for each MSR; those from 0xc0010000 on are in the third part. */
#define MSRPM_C001(msr)		(0x1000 + ((msr) - 0xc0010000) / 4)
#define MSRPM_BITS(msr)		(3 << (msr) % 4 * 2)

#define SVM_EXIT_MSR_WRITE	1
#define SVM_EXIT_MC		(SVM_EXIT_EXCP_BASE + X86_TRAP_MC)
#define SVM_EXIT_UD		(SVM_EXIT_EXCP_BASE + X86_TRAP_UD)

#define INJECT_UD		(SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_EXEPT | X86_TRAP_UD)

/**
 * struct vmrun_cpu - what each CPU needs
 * @vmcb:	VMCB of SEV-ES and SNP guests
 * @vmsa:	copy of their VMSA
 * @msrpm:	their MSR permission map
 * @sev_root:	root of the nested page table of SEV and SEV-ES guests
 * @npt:	nested page table of SNP guests
 * @npt_asid:	the guest that it is of
 * @npt_root:	KVM's table that it is of
 * @npt_paging:	with paging, without which all accesses are private
 * @npt_copies:	snp_emul_plain_enter() when it was last used
 * @npt_flush:	KVM wants the TLB to be empty
 */
struct vmrun_cpu {
	struct vmcb		*vmcb;
	struct sev_es_save_area	*vmsa;
	u8			*msrpm;
	u64			*sev_root;
	struct coco_emul_npt	npt;
	u32			npt_asid;
	u64			npt_root;
	bool			npt_paging;
	u64			npt_copies;
	bool			npt_flush;
};

static DEFINE_PER_CPU(struct vmrun_cpu, vmrun_cpu);

static u64 vmcb_features(const struct vmcb *vmcb)
{
	return *coco_emul_vmcb_field((struct vmcb *)vmcb, VMCB_FEATURES);
}

static bool is_sev(const struct vmcb *vmcb)
{
	return vmcb_features(vmcb) & VMCB_SEV;
}

static bool is_sev_es(const struct vmcb *vmcb)
{
	return vmcb_features(vmcb) & VMCB_SEV_ES;
}

static void vmexit(struct vmcb *vmcb, const struct snp_exit *exit)
{
	*coco_emul_vmcb_field(vmcb, VMCB_EXIT_CODE) = exit->code;
	vmcb->control.exit_info_1 = exit->info_1;
	vmcb->control.exit_info_2 = exit->info_2;
	vmcb->control.exit_int_info = 0;
	vmcb->control.next_rip = 0;
	vmcb->control.insn_len = 0;
}

/**
 * snp_emul_vmrun_fails() - "Canonicalization and Consistency Checks"
 * @vmcb:	KVM's VMCB
 * @code:	exit code
 */
void snp_emul_vmrun_fails(struct vmcb *vmcb, u64 code)
{
	const struct snp_exit exit = { .code = code };

	vmexit(vmcb, &exit);
}

/**
 * snp_emul_vmrun_loads_all() - does VMRUN do what VMLOAD does, too?
 * @vmcb:	KVM's VMCB
 */
bool snp_emul_vmrun_loads_all(const struct vmcb *vmcb)
{
	return is_sev_es(vmcb);
}

/* "Intercept Exits": next_rip is that of the instruction intercepts. */
static bool has_next_rip(u32 code)
{
	if (code >= SVM_EXIT_TASK_SWITCH && code <= SVM_EXIT_SHUTDOWN)
		return false;

	return code < SVM_EXIT_EXCP_BASE ||
	       (code >= SVM_EXIT_CR0_SEL_WRITE && code <= SVM_EXIT_INVPCID);
}

/* MOV from and to control and debug registers, and what else accesses CR0 */
static bool is_register_access(u32 code)
{
	return code < SVM_EXIT_EXCP_BASE || code == SVM_EXIT_CR0_SEL_WRITE;
}

#define OPCODE_MOV_FROM_CR	0x20
#define OPCODE_MOV_FROM_DR	0x21
#define OPCODE_MOV_TO_CR	0x22
#define OPCODE_MOV_TO_DR	0x23

/**
 * snp_emul_register_accessed() - "Decode Assists", EXITINFO1
 * @bytes:	the instruction
 * @length:	how long it is
 *
 * Return: the number of the general-purpose register. Of control registers bit 63 tells
 *	   MOV from CLTS, LMSW and SMSW.
 */
u64 snp_emul_register_accessed(const u8 *bytes, unsigned int length)
{
	u8 rex = 0, opcode;
	u64 gpr;

	/* MOV ends with 0F, the opcode and ModRM. REX is before them, and no prefix is 0F. */
	if (length < 3 || memchr(bytes, 0x0f, length) != bytes + length - 3)
		return 0;
	if (length > 3 && (bytes[length - 4] & 0xf0) == 0x40)
		rex = bytes[length - 4];
	opcode = bytes[length - 2];
	gpr = (bytes[length - 1] & 7) | (rex & 1) << 3;

	switch (opcode) {
	case OPCODE_MOV_FROM_CR:
	case OPCODE_MOV_TO_CR:
		return SVM_EXITINFO1_MOV_CR | gpr;
	case OPCODE_MOV_FROM_DR:
	case OPCODE_MOV_TO_DR:
		return gpr;
	default:
		return 0;
	}
}

static void *kvm_guest_page(struct coco_emul_space *space, u64 gpa, enum coco_emul_access access)
{
	struct snp_run *run = container_of(space, struct snp_run, space);

	if (is_sev(run->kvm))
		gpa &= ~SNP_C_BIT;
	return snp_emul_kvm_page(run->kvm->control.nested_cr3, gpa);
}

/* "Next Sequential Instruction Pointer" and "Decode Assists" */
static void look_at_insn(struct vmcb *vmcb)
{
	struct snp_run run = {
		.space	= { .save = &vmcb->save, .page = kvm_guest_page },
		.kvm	= vmcb,
	};
	struct vmcb_control_area *control = &vmcb->control;
	u8 bytes[MAX_INSN_SIZE], nr_bytes;
	unsigned int length;

	control->next_rip = 0;
	control->insn_len = 0;
	if (!(vmcb_features(vmcb) & VMCB_NP))
		return;

	if (has_next_rip(control->exit_code)) {
		length = coco_emul_space_insn(&run.space, bytes, &nr_bytes);
		if (length)
			control->next_rip = vmcb->save.rip + length;
		if (length && is_register_access(control->exit_code))
			control->exit_info_1 = snp_emul_register_accessed(bytes, length);
		return;
	}

	if (control->exit_code == SVM_EXIT_NPF && !(control->exit_info_1 & PFERR_FETCH_MASK))
		coco_emul_space_insn(&run.space, control->insn_bytes, &control->insn_len);
}

/* EVENTINJ, EXITINTINFO: is it that of an instruction? */
static bool is_soft_event(u32 event)
{
	u32 vector = event & SVM_EVTINJ_VEC_MASK;

	if (!(event & SVM_EVTINJ_VALID))
		return false;

	switch (event & SVM_EVTINJ_TYPE_MASK) {
	case SVM_EVTINJ_TYPE_SOFT:
		return true;
	case SVM_EVTINJ_TYPE_EXEPT:
		return vector == X86_TRAP_BP || vector == X86_TRAP_OF;
	default:
		return false;
	}
}

static void run_plain(struct vmcb *vmcb, struct pt_regs *regs)
{
	/* "Event Injection": the handler returns to next_rip. */
	bool soft = is_soft_event(vmcb->control.event_inj) && vmcb->control.next_rip;
	u64 gprs[COCO_EMUL_NR_GPRS] = {}, rip = vmcb->save.rip;

	if (soft)
		vmcb->save.rip = vmcb->control.next_rip;

	coco_emul_svm_gprs(gprs, regs);
	coco_emul_svm_enter(__pa(vmcb), gprs, regs->flags & X86_EFLAGS_IF);
	coco_emul_svm_set_gprs(regs, gprs);

	/* It has not got as far as the handler. */
	if (soft && vmcb->control.exit_int_info & SVM_EXITINTINFO_VALID &&
	    vmcb->save.rip == vmcb->control.next_rip)
		vmcb->save.rip = rip;
}

static bool reads_sev_status(const struct vmcb *vmcb, u32 ecx)
{
	return vmcb->control.exit_code == SVM_EXIT_MSR &&
	       !(vmcb->control.exit_info_1 & SVM_EXIT_MSR_WRITE) && ecx == MSR_AMD64_SEV;
}

static void run_sev(struct vmcb *vmcb, struct pt_regs *regs)
{
	u64 *root = this_cpu_read(vmrun_cpu.sev_root), kvm_root = vmcb->control.nested_cr3;
	u64 *kvm_table = coco_emul_ram(kvm_root & NPT_ADDR, PAGE_SIZE);

	do {
		/* With and without the C-bit it is the same memory. */
		root[0] = READ_ONCE(kvm_table[0]);
		root[1] = root[0];

		vmcb->control.nested_cr3 = __pa(root);
		run_plain(vmcb, regs);
		vmcb->control.nested_cr3 = kvm_root;

		if (!reads_sev_status(vmcb, regs->cx))
			break;

		/* "SEV_STATUS MSR": it cannot be intercepted. */
		vmcb->save.rax = MSR_AMD64_SEV_ENABLED;
		regs->dx = 0;
		vmcb->save.rip += 2;
		vmcb->control.event_inj = 0;
	} while (true);

	if (vmcb->control.exit_code == SVM_EXIT_NPF)
		vmcb->control.exit_info_2 &= ~SNP_C_BIT;
}

static void prepare_vmcb(struct snp_run *run)
{
	struct vmcb_control_area *control = &run->vmcb->control;
	u8 *msrpm = this_cpu_read(vmrun_cpu.msrpm);

	run->vmcb->control = run->kvm->control;
	*coco_emul_vmcb_field(run->vmcb, VMCB_FEATURES) = VMCB_NP;
	*coco_emul_vmcb_field(run->vmcb, VMCB_VIRT_EXT) = 0;
	control->asid = 1;
	control->tlb_ctl = TLB_CONTROL_FLUSH_ALL_ASID;
	control->clean = 0;
	control->int_state &= SVM_INTERRUPT_SHADOW_MASK;
	control->msrpm_base_pa = __pa(msrpm);
	__set_bit(INTERCEPT_VMMCALL, (unsigned long *)control->intercepts);
	/* PVALIDATE and RMPADJUST */
	if (run->snp)
		__set_bit(INTERCEPT_EXCEPTION_OFFSET + X86_TRAP_UD,
			  (unsigned long *)control->intercepts);

	memcpy(msrpm, __va(run->kvm->control.msrpm_base_pa & PAGE_MASK), MSRPM_SIZE);
	msrpm[MSRPM_C001(MSR_AMD64_SEV_ES_GHCB)] |= MSRPM_BITS(MSR_AMD64_SEV_ES_GHCB);
	msrpm[MSRPM_C001(MSR_AMD64_SEV)] |= MSRPM_BITS(MSR_AMD64_SEV);
}

/* The nested page table, each time before the CPU enters the guest */
static void prepare_npt(struct snp_run *run)
{
	struct vmrun_cpu *cpu = this_cpu_ptr(&vmrun_cpu);
	u64 root = run->kvm->control.nested_cr3, copies, *table;
	bool paging = run->space.save->cr0 & X86_CR0_PG;

	if (!run->snp) {
		table = coco_emul_ram(root & NPT_ADDR, PAGE_SIZE);
		cpu->sev_root[0] = READ_ONCE(table[0]);
		cpu->sev_root[1] = cpu->sev_root[0];
		run->vmcb->control.nested_cr3 = __pa(cpu->sev_root);
		return;
	}

	copies = snp_emul_plain_enter();
	if (cpu->npt_asid != run->asid || cpu->npt_root != root || cpu->npt_paging != paging)
		coco_emul_npt_clear(&cpu->npt);
	else if (cpu->npt_flush || cpu->npt_copies != copies)
		snp_emul_run_flush(run);
	cpu->npt_asid = run->asid;
	cpu->npt_root = root;
	cpu->npt_paging = paging;
	cpu->npt_copies = copies;
	cpu->npt_flush = false;
	run->vmcb->control.nested_cr3 = __pa(cpu->npt.root);
}

/* An exit for KVM: "Automatic Exits". Returns true. */
static bool exit_to_kvm(struct snp_run *run, u64 code, u64 info_1, u64 info_2)
{
	const struct snp_exit exit = { .code = code, .info_1 = info_1, .info_2 = info_2 };
	struct vmcb_control_area *from = &run->vmcb->control, *to = &run->kvm->control;

	vmexit(run->kvm, &exit);
	if (!is_soft_event(from->exit_int_info)) {
		to->exit_int_info = from->exit_int_info;
		to->exit_int_info_err = from->exit_int_info_err;
	}
	to->int_ctl = from->int_ctl;
	to->event_inj = 0;
	to->int_state = from->int_state & SVM_INTERRUPT_SHADOW_MASK;
	if (run->space.save->rflags & X86_EFLAGS_IF)
		to->int_state |= SVM_GUEST_INTERRUPT_MASK;
	return true;
}

static bool exit_pending(struct snp_run *run)
{
	return exit_to_kvm(run, run->pending.code, run->pending.info_1, run->pending.info_2);
}

/* "Non-Automatic Exits". Returns true if there is an exit for KVM instead. */
static bool deliver_vc(struct snp_run *run, u64 code)
{
	int ret;

	/* A contributory exception while an event is delivered ends in a shutdown at last. */
	if (run->vmcb->control.exit_int_info & SVM_EXITINTINFO_VALID)
		return exit_to_kvm(run, SVM_EXIT_SHUTDOWN, 0, 0);

	ret = coco_emul_space_exception(&run->space, X86_TRAP_VC, code);
	if (!ret)
		return false;
	if (ret == -EFAULT || run->pending.vc)
		return exit_to_kvm(run, SVM_EXIT_SHUTDOWN, 0, 0);

	return exit_pending(run);
}

/* What has become of an access that @ret is the result of: -EAGAIN, -EFAULT */
static bool access_failed(struct snp_run *run, int ret)
{
	if (ret == -EFAULT)
		return exit_to_kvm(run, SVM_EXIT_SHUTDOWN, 0, 0);
	if (run->pending.vc)
		return deliver_vc(run, run->pending.code);

	return exit_pending(run);
}

/*
 * An instruction with a REP prefix: all that matter here have one, and four bytes. There
 * need not be as many of any other.
 */
static int fetch_rep_insn(struct snp_run *run, u8 bytes[INSN_LENGTH])
{
	int ret;

	memset(bytes, 0, INSN_LENGTH);
	ret = coco_emul_space_fetch(&run->space, bytes, 1);
	if (ret || (bytes[0] != 0xf2 && bytes[0] != 0xf3))
		return ret;

	return coco_emul_space_fetch(&run->space, bytes, INSN_LENGTH);
}

/* "VMGEXIT": VMMCALL with a REP prefix */
static bool handle_vmmcall(struct snp_run *run)
{
	static const u8 vmmcall[3] = { 0x0f, 0x01, 0xd9 };
	u8 bytes[INSN_LENGTH];
	int ret;

	ret = fetch_rep_insn(run, bytes);
	if (ret)
		return access_failed(run, ret);

	if (memcmp(bytes + 1, vmmcall, sizeof(vmmcall)))
		return deliver_vc(run, SVM_EXIT_VMMCALL);

	run->space.save->rip += sizeof(bytes);
	return exit_to_kvm(run, SVM_EXIT_VMGEXIT, 0, 0);
}

static void set_msr_result(struct snp_run *run, u64 val)
{
	run->space.save->rax = lower_32_bits(val);
	run->gprs[GPR_RDX] = upper_32_bits(val);
}

/* Whatever prefixes it has; @length if that is not known */
static void skip_insn(struct snp_run *run, unsigned int length)
{
	u8 bytes[MAX_INSN_SIZE], nr_bytes;

	run->space.save->rip += coco_emul_space_insn(&run->space, bytes, &nr_bytes) ?: length;
}

/* "SEV_STATUS MSR" and "GHCB MSR" are not intercepted. */
static bool handle_msr(struct snp_run *run)
{
	bool write = run->vmcb->control.exit_info_1 & SVM_EXIT_MSR_WRITE;
	u64 *ghcb = &run->kvm->control.ghcb_gpa;
	u32 msr = run->gprs[GPR_RCX];

	if (msr == MSR_AMD64_SEV && !write)
		set_msr_result(run, MSR_AMD64_SEV_ENABLED | MSR_AMD64_SEV_ES_ENABLED |
				    (run->vmsa->sev_features & SVM_SEV_FEAT_SNP_ACTIVE ?
				     MSR_AMD64_SEV_SNP_ENABLED : 0));
	else if (msr == MSR_AMD64_SEV_ES_GHCB && !write)
		set_msr_result(run, *ghcb);
	else if (msr == MSR_AMD64_SEV_ES_GHCB)
		*ghcb = lower_32_bits(run->space.save->rax) |
			run->gprs[GPR_RDX] << 32;
	else
		return deliver_vc(run, SVM_EXIT_MSR);

	skip_insn(run, 2);
	return false;
}

/* An instruction of SNP guests, or an invalid opcode after all */
static bool handle_ud(struct snp_run *run)
{
	u8 bytes[INSN_LENGTH];
	int ret;

	ret = fetch_rep_insn(run, bytes);
	if (!ret)
		ret = snp_emul_guest_insn(run, bytes);
	if (ret == -ENOENT) {
		run->vmcb->control.event_inj = INJECT_UD;
		return false;
	}
	if (ret)
		return access_failed(run, ret);

	return false;
}

static bool handle_npf(struct snp_run *run)
{
	struct vmcb_control_area *control = &run->vmcb->control;

	if (!run->snp) {
		/* KVM's mark of MMIO */
		if (control->exit_info_1 & PFERR_RSVD_MASK)
			return deliver_vc(run, SVM_EXIT_NPF);
		return exit_to_kvm(run, SVM_EXIT_NPF, control->exit_info_1,
				   control->exit_info_2 & ~SNP_C_BIT);
	}

	if (snp_emul_run_fault(run))
		return false;
	if (run->pending.vc)
		return deliver_vc(run, run->pending.code);

	return exit_pending(run);
}

static struct snp_trapped trapped_registers(const struct snp_run *run)
{
	return (struct snp_trapped) {
		.efer	= run->space.save->efer,
		.cr0	= run->space.save->cr0,
		.cr4	= run->space.save->cr4,
		.cr8	= run->vmcb->control.int_ctl & V_TPR_MASK,
	};
}

static bool write_trap(struct snp_run *run, unsigned int intercept, u32 code, u64 *old, u64 new)
{
	if (*old == new)
		return false;

	*old = new;
	return test_bit(intercept, (unsigned long *)run->kvm->control.intercepts) &&
	       exit_to_kvm(run, code, new, 0);
}

/*
 * "EFER Write Trap", "CR Write Traps": the CPU has none. A write is noticed at the next
 * exit, in the place of which KVM gets the trap: RIP is still at the instruction that
 * caused it, and an interrupt is still pending.
 */
static bool write_traps(struct snp_run *run)
{
	const struct snp_trapped now = trapped_registers(run);
	struct snp_trapped *old = &run->trapped;

	return write_trap(run, TRAP_EFER_WRITE, SVM_EXIT_EFER_WRITE_TRAP, &old->efer, now.efer) ||
	       write_trap(run, TRAP_CR0_WRITE, SVM_EXIT_CR0_WRITE_TRAP, &old->cr0, now.cr0) ||
	       write_trap(run, TRAP_CR4_WRITE, SVM_EXIT_CR4_WRITE_TRAP, &old->cr4, now.cr4) ||
	       write_trap(run, TRAP_CR8_WRITE, SVM_EXIT_CR8_WRITE_TRAP, &old->cr8, now.cr8);
}

/* MOV to CR8, which KVM does not intercept: see cr8.c */
static bool handle_cr8(struct snp_run *run)
{
	int ret;

	if (snp_emul_cr8_kvm_intercepts(run))
		return deliver_vc(run, SVM_EXIT_WRITE_CR8);

	ret = snp_emul_cr8_write(run);
	return ret ? access_failed(run, ret) : write_traps(run);
}

/* Returns false if the guest goes on. */
static bool handle_exit(struct snp_run *run)
{
	struct vmcb_control_area *control = &run->vmcb->control;

	/*
	 * Of an event that was being delivered the rest is still to come. An instruction
	 * that raised one is executed again.
	 */
	control->event_inj = control->exit_int_info & SVM_EXITINTINFO_VALID &&
			     !is_soft_event(control->exit_int_info) ?
			     control->exit_int_info : 0;
	control->event_inj_err = control->exit_int_info_err;

	if ((u32)control->exit_code == (u32)SVM_EXIT_ERR)
		return exit_to_kvm(run, SVM_EXIT_ERR, 0, 0);
	if (control->exit_code != SVM_EXIT_MC && control->exit_code != SVM_EXIT_SHUTDOWN &&
	    write_traps(run))
		return true;

	switch ((u32)control->exit_code) {
	case SVM_EXIT_MC:
	case SVM_EXIT_INTR:
	case SVM_EXIT_NMI:
	case SVM_EXIT_SMI:
	case SVM_EXIT_INIT:
	case SVM_EXIT_VINTR:
	case SVM_EXIT_SHUTDOWN:
		break;
	case SVM_EXIT_HLT:
		skip_insn(run, 1);
		break;
	case SVM_EXIT_PAUSE:
		skip_insn(run, 2);
		break;
	case SVM_EXIT_VMMCALL:
		return handle_vmmcall(run);
	case SVM_EXIT_MSR:
		return handle_msr(run);
	case SVM_EXIT_NPF:
		return handle_npf(run);
	case SVM_EXIT_WRITE_CR8:
		return handle_cr8(run);
	case SVM_EXIT_UD:
		if (run->snp)
			return handle_ud(run);
		fallthrough;
	default:
		return deliver_vc(run, control->exit_code);
	}

	return exit_to_kvm(run, control->exit_code, control->exit_info_1, control->exit_info_2);
}

static void run_until_exit(struct snp_run *run, bool irqs_on)
{
	bool done;

	do {
		scoped_guard(snp_emul_run)
			prepare_npt(run);

		snp_emul_cr8_prepare(run);
		coco_emul_svm_enter(__pa(run->vmcb), run->gprs, irqs_on);

		scoped_guard(snp_emul_run) {
			done = handle_exit(run);
			if (done)
				snp_emul_vmsa_save(run);
			snp_emul_plain_leave();
		}
	} while (!done);
}

/*
 * "VMRUN Page Checks": the VMSA of an SNP guest is a page of its own that it, or the
 * firmware, has made one, that of an SEV-ES guest is not assigned.
 */
static u64 take_vmsa(struct snp_run *run)
{
	u64 pa = run->kvm->control.vmsa_pa;
	struct rmp_page *page = snp_emul_rmp_page(pa);
	struct psp_guest *guest;
	void *vmsa;

	lockdep_assert_held(&coco_emul_lock);

	if (!page || !PAGE_ALIGNED(pa))
		return SVM_EXIT_ERR;

	run->asid = run->kvm->control.asid;
	if (!snp_emul_psp_asid_runs(run->asid))
		return SVM_EXIT_ERR;

	guest = snp_emul_psp_guest_of_asid(run->asid);
	run->snp = guest;
	if (!guest) {
		if (!snp_emul_rmp_vmsa_intact(page))
			return SVM_EXIT_ERR;
		vmsa = snp_emul_rmp_data(page);
	} else {
		if (page->state != RMP_GUEST_VALID || page->asid != run->asid ||
		    page->type != SNP_PAGE_TYPE_VMSA)
			return SVM_EXIT_ERR;
		if (page->busy)
			return SVM_EXIT_ERR;
		run->key = guest->key;
		vmsa = snp_emul_plain(page, run->key);
		if (!vmsa)
			return SVM_EXIT_INTR;
	}

	/* Other vCPUs of the guest can write to it. What is checked has to be what counts. */
	if (copy_from_kernel_nofault(run->vmsa, vmsa, sizeof(*run->vmsa)))
		return SVM_EXIT_ERR;
	/* There is one VMPL. */
	if (run->snp && run->vmsa->vmpl)
		return SVM_EXIT_ERR;
	if (!(run->vmsa->efer & EFER_SVME) || !snp_emul_vmsa_xcr0_valid(run->vmsa) ||
	    run->vmsa->sev_features != (run->snp ? SVM_SEV_FEAT_SNP_ACTIVE : 0))
		return SVM_EXIT_ERR;

	snp_emul_rmp_busy(page, true);
	run->vmsa_page = page;
	return 0;
}

static void run_sev_es(struct vmcb *vmcb, struct pt_regs *regs)
{
	u64 gprs[COCO_EMUL_NR_GPRS], fail;
	struct snp_run run = {
		.space	= { .page = snp_emul_run_page },
		.kvm	= vmcb,
		.vmcb	= this_cpu_read(vmrun_cpu.vmcb),
		.vmsa	= this_cpu_read(vmrun_cpu.vmsa),
		.npt	= this_cpu_ptr(&vmrun_cpu.npt),
		.gprs	= gprs,
	};

	run.space.save = &run.vmcb->save;

	scoped_guard(snp_emul_run)
		fail = take_vmsa(&run);
	if (fail) {
		snp_emul_vmrun_fails(vmcb, fail);
		/* An event that was to be injected still is, if nothing is wrong. */
		if (fail == SVM_EXIT_INTR) {
			vmcb->control.exit_int_info = vmcb->control.event_inj;
			vmcb->control.exit_int_info_err = vmcb->control.event_inj_err;
		}
		return;
	}

	prepare_vmcb(&run);
	snp_emul_vmsa_load(&run);
	run.trapped = trapped_registers(&run);
	run_until_exit(&run, regs->flags & X86_EFLAGS_IF);
	snp_emul_vmsa_load_host(regs);

	scoped_guard(snp_emul_run)
		snp_emul_rmp_busy(run.vmsa_page, false);
}

/* "Secure Encrypted Virtualization", "Encrypted State (SEV-ES)": what VMRUN refuses */
static bool sev_is_valid(struct vmcb *vmcb)
{
	struct vmcb_control_area *control = &vmcb->control;
	u64 msrpm = control->msrpm_base_pa & PAGE_MASK;
	bool es = is_sev_es(vmcb);

	if (!(vmcb_features(vmcb) & VMCB_NP) ||
	    !coco_emul_ram(control->nested_cr3 & NPT_ADDR, PAGE_SIZE))
		return false;
	if (es ? control->asid >= snp_emul_min_sev_asid : control->asid < snp_emul_min_sev_asid)
		return false;
	if (!es)
		return true;

	return *coco_emul_vmcb_field(vmcb, VMCB_VIRT_EXT) & VMCB_LBR &&
	       !is_soft_event(control->event_inj) &&
	       coco_emul_ram(msrpm, PAGE_SIZE) && coco_emul_ram(msrpm + PAGE_SIZE, PAGE_SIZE);
}

static bool sev_guest_is_active(const struct vmcb *vmcb)
{
	guard(snp_emul_run)();

	return snp_emul_psp_asid_runs(vmcb->control.asid);
}

/**
 * snp_emul_vmrun() - VMRUN
 * @vmcb:	KVM's VMCB
 * @regs:	registers of the host, or of a guest whose VMSA has none
 */
void snp_emul_vmrun(struct vmcb *vmcb, struct pt_regs *regs)
{
	/* KVM asks for it once, whether this gets as far as the guest or not. */
	if (vmcb->control.tlb_ctl != TLB_CONTROL_DO_NOTHING)
		this_cpu_write(vmrun_cpu.npt_flush, true);

	if (is_sev(vmcb) && !sev_is_valid(vmcb)) {
		snp_emul_vmrun_fails(vmcb, SVM_EXIT_ERR);
		return;
	}
	if (is_sev(vmcb) && is_sev_es(vmcb)) {
		run_sev_es(vmcb, regs);
		return;
	}

	if (!is_sev(vmcb) && !is_sev_es(vmcb)) {
		run_plain(vmcb, regs);
	} else if (is_sev(vmcb) && sev_guest_is_active(vmcb)) {
		run_sev(vmcb, regs);
	} else {
		snp_emul_vmrun_fails(vmcb, SVM_EXIT_ERR);
		return;
	}
	look_at_insn(vmcb);
}

int __init snp_emul_vmrun_init(void)
{
	struct vmrun_cpu *cpu;
	int i, ret;

	snp_emul_plain_init();

	for_each_possible_cpu(i) {
		cpu = per_cpu_ptr(&vmrun_cpu, i);
		cpu->vmcb = (void *)get_zeroed_page(GFP_KERNEL);
		cpu->vmsa = (void *)get_zeroed_page(GFP_KERNEL);
		cpu->msrpm = (void *)__get_free_pages(GFP_KERNEL, get_order(MSRPM_SIZE));
		cpu->sev_root = (void *)get_zeroed_page(GFP_KERNEL);
		if (!cpu->vmcb || !cpu->vmsa || !cpu->msrpm || !cpu->sev_root)
			return -ENOMEM;

		ret = coco_emul_npt_init(&cpu->npt);
		if (ret)
			return ret;
	}

	return 0;
}
