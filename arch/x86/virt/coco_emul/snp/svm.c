// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated SEV-SNP host: the instructions of SVM, AMD64 Architecture Programmer's
 * Manual, volume 3, "System Instruction Reference". They are invalid opcodes, as
 * guest/svm.c has it.
 *
 * VMRUN itself is vmrun.c.
 */
#include <linux/cleanup.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>

#include <asm/msr.h>
#include <asm/svm.h>

#include "../guest/svm.h"
#include "run.h"

/* VMLOAD has loaded the state of a guest, which is in its area. */
static DEFINE_PER_CPU(bool, guest_loaded);

static bool svm_is_on(void)
{
	return coco_emul_hidden_efer() & EFER_SVME;
}

/* The page that RAX gives the address of, which has to be the hypervisor's; NULL for #GP */
static struct vmcb *vmcb_in_rax(struct pt_regs *regs)
{
	lockdep_assert_held(&coco_emul_lock);

	if (!PAGE_ALIGNED(regs->ax) || !snp_emul_rmp_page(regs->ax) ||
	    snp_emul_rmp_owns(regs->ax))
		return NULL;

	return coco_emul_ram(regs->ax, PAGE_SIZE);
}

/* "VMRUN Page Checks": nobody can take the VMCB away while the guest runs. */
static struct vmcb *take_vmcb(struct pt_regs *regs)
{
	struct vmcb *vmcb;

	guard(snp_emul_run)();

	vmcb = svm_is_on() ? vmcb_in_rax(regs) : NULL;
	if (vmcb)
		snp_emul_rmp_busy(snp_emul_rmp_page(__pa(vmcb)), true);
	return vmcb;
}

static void put_vmcb(struct vmcb *vmcb)
{
	guard(snp_emul_run)();

	snp_emul_rmp_busy(snp_emul_rmp_page(__pa(vmcb)), false);
}

static bool vmrun_fails(struct coco_emul_point *point, u64 *status)
{
	guard(snp_emul_run)();

	return coco_emul_hit(point, status);
}

static bool emulate_vmrun(const struct coco_emul_insn *e, struct pt_regs *regs,
			  struct insn *insn)
{
	struct vmcb *vmcb = take_vmcb(regs);
	u64 status = SVM_EXIT_ERR;

	if (!vmcb)
		return false;

	if (vmrun_fails(e->point, &status) || !coco_emul_svm_runs()) {
		snp_emul_vmrun_fails(vmcb, status);
		goto out;
	}

	if (!snp_emul_vmrun_loads_all(vmcb) && !this_cpu_read(guest_loaded)) {
		coco_emul_svm_host_to_guest_area();
		this_cpu_write(guest_loaded, true);
	}
	snp_emul_vmrun(vmcb, regs);
out:
	put_vmcb(vmcb);
	return true;
}

static bool emulate_vmload(const struct coco_emul_insn *e, struct pt_regs *regs,
			   struct insn *insn)
{
	bool host = regs->ax == native_read_msr(MSR_VM_HSAVE_PA);
	struct vmcb *vmcb;

	guard(snp_emul_run)();

	vmcb = vmcb_in_rax(regs);
	if (!svm_is_on() || !vmcb)
		return false;

	if (host)
		coco_emul_svm_vmload(regs->ax);
	else
		coco_emul_svm_copy(coco_emul_svm_guest_area(), &vmcb->save);
	this_cpu_write(guest_loaded, !host);
	return true;
}

static bool emulate_vmsave(const struct coco_emul_insn *e, struct pt_regs *regs,
			   struct insn *insn)
{
	struct vmcb *vmcb;

	guard(snp_emul_run)();

	vmcb = vmcb_in_rax(regs);
	if (!svm_is_on() || !vmcb)
		return false;

	if (this_cpu_read(guest_loaded))
		coco_emul_svm_copy(&vmcb->save, coco_emul_svm_guest_area());
	else
		coco_emul_svm_vmsave(regs->ax);
	return true;
}

/* Without guests GIF is not needed, and is not to be relied on. */
static bool emulate_clgi(const struct coco_emul_insn *e, struct pt_regs *regs,
			 struct insn *insn)
{
	if (!svm_is_on())
		return false;

	if (coco_emul_svm_runs())
		coco_emul_svm_clgi();
	return true;
}

static bool emulate_stgi(const struct coco_emul_insn *e, struct pt_regs *regs,
			 struct insn *insn)
{
	if (!svm_is_on())
		return false;

	if (coco_emul_svm_runs())
		coco_emul_svm_stgi();
	return true;
}

static bool emulate_invlpga(const struct coco_emul_insn *e, struct pt_regs *regs,
			    struct insn *insn)
{
	if (!svm_is_on())
		return false;

	coco_emul_svm_invlpga(regs->ax, regs->cx);
	return true;
}

#define SVM_INSN(_modrm, _emulate, ...)			\
	{						\
		.opcode		= { 0x0f, 0x01 },	\
		.nr_opcode	= 2,			\
		.modrm_mask	= 0xff,			\
		.modrm		= _modrm,		\
		.unlocked	= true,			\
		.emulate	= _emulate,		\
		__VA_ARGS__				\
	}

const struct coco_emul_insn snp_emul_svm_insns[] = {
	SVM_INSN(0xd8, emulate_vmrun, .point = COCO_EMUL_POINT("VMRUN")),
	SVM_INSN(0xda, emulate_vmload),
	SVM_INSN(0xdb, emulate_vmsave),
	SVM_INSN(0xdc, emulate_stgi),
	SVM_INSN(0xdd, emulate_clgi),
	SVM_INSN(0xdf, emulate_invlpga),
	{}
};
