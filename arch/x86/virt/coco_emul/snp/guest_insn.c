// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated SEV-SNP host: the instructions of SNP guests, AMD64 Architecture
 * Programmer's Manual, volume 3, "PVALIDATE" and "RMPADJUST". To the CPU they are
 * invalid opcodes.
 */
#include <linux/errno.h>
#include <linux/kvm_host.h>

#include <asm/processor-flags.h>
#include <asm/sev.h>
#include <asm/trapnr.h>

#include "run.h"

/* Results in EAX that asm/sev.h does not name */
#define GUEST_INSN_OK		0
#define FAIL_INPUT		1
#define FAIL_PERMISSION		2
#define FAIL_INUSE		3
#define FAIL_SIZEMISMATCH	6

/* "RMPADJUST": what RDX has */
#define RMPADJUST_VMPL		GENMASK(7, 0)
#define RMPADJUST_VMSA		BIT(16)

#define NR_VMPLS		4

#define ARITH_FLAGS		(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
				 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)

static void insn_done(struct snp_run *run, u64 result, u64 flags)
{
	struct vmcb_save_area *save = run->space.save;

	save->rax = result;
	save->rflags = (save->rflags & ~ARITH_FLAGS) | flags;
	save->rip += INSN_LENGTH;
}

static void inject(struct snp_run *run, u8 vector, u32 error_code)
{
	run->vmcb->control.event_inj = SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_EXEPT |
				       SVM_EVTINJ_VALID_ERR | vector;
	run->vmcb->control.event_inj_err = error_code;
}

/*
 * The page at the address in RAX: -EAGAIN if an exit is pending instead, -EFAULT if the
 * guest gets a #PF.
 */
static int page_in_rax(struct snp_run *run, struct rmp_page **page)
{
	u64 addr = run->space.save->rax & PAGE_MASK, gpa;
	int ret;

	ret = coco_emul_space_gpa(&run->space, addr, &gpa);
	if (ret == -EFAULT) {
		run->space.save->cr2 = addr;
		inject(run, X86_TRAP_PF, PFERR_WRITE_MASK);
	}
	if (ret)
		return ret;

	*page = snp_emul_run_rmp_page(run, gpa);
	return *page ? 0 : -EAGAIN;
}

static int emulate_pvalidate(struct snp_run *run)
{
	bool validate = run->gprs[GPR_RDX] & 1;
	struct rmp_page *page;
	int ret;

	if (run->gprs[GPR_RCX] > RMP_PG_SIZE_2M) {
		insn_done(run, FAIL_INPUT, 0);
		return 0;
	}

	ret = page_in_rax(run, &page);
	if (ret)
		return ret;

	/* The guest has pages of 4 KiB. */
	if (run->gprs[GPR_RCX] == RMP_PG_SIZE_2M) {
		insn_done(run, FAIL_SIZEMISMATCH, 0);
	} else if (page->busy) {
		insn_done(run, FAIL_INUSE, 0);
	} else if (validate == (page->state == RMP_GUEST_VALID)) {
		insn_done(run, GUEST_INSN_OK, X86_EFLAGS_CF);
	} else {
		snp_emul_rmp_validate(page, validate);
		insn_done(run, GUEST_INSN_OK, 0);
	}
	return 0;
}

static int emulate_rmpadjust(struct snp_run *run)
{
	u64 attributes = run->gprs[GPR_RDX];
	struct rmp_page *page;
	int ret;

	if (run->gprs[GPR_RCX] > RMP_PG_SIZE_2M || (attributes & RMPADJUST_VMPL) >= NR_VMPLS) {
		insn_done(run, FAIL_INPUT, 0);
		return 0;
	}
	if ((attributes & RMPADJUST_VMPL) <= run->vmsa->vmpl) {
		insn_done(run, FAIL_PERMISSION, 0);
		return 0;
	}

	ret = page_in_rax(run, &page);
	if (ret)
		return ret;
	if (page->state != RMP_GUEST_VALID) {
		run->pending = (struct snp_exit) { .code = EXIT_NOT_VALIDATED, .vc = true };
		return -EAGAIN;
	}

	/* No VMPL but 0 ever runs, so the permissions of the others are not kept. */
	if (run->gprs[GPR_RCX] == RMP_PG_SIZE_2M) {
		insn_done(run, FAIL_SIZEMISMATCH, 0);
	} else if (page->busy) {
		insn_done(run, FAIL_INUSE, 0);
	} else {
		page->type = attributes & RMPADJUST_VMSA ? SNP_PAGE_TYPE_VMSA : 0;
		insn_done(run, GUEST_INSN_OK, X86_EFLAGS_ZF);
	}
	return 0;
}

/**
 * snp_emul_guest_insn() - carry out an instruction that the CPU does not know
 * @run:	an SNP guest
 * @bytes:	its four bytes
 *
 * Return: 0 also if the guest gets an exception, -ENOENT if it is not one of those here,
 *	   -EAGAIN if an exit is pending.
 */
int snp_emul_guest_insn(struct snp_run *run, const u8 *bytes)
{
	static const u8 pvalidate_bytes[INSN_LENGTH] = { 0xf2, 0x0f, 0x01, 0xff };
	static const u8 rmpadjust_bytes[INSN_LENGTH] = { 0xf3, 0x0f, 0x01, 0xfe };

	bool pvalidate = !memcmp(bytes, pvalidate_bytes, INSN_LENGTH);
	int ret;

	if (!pvalidate && memcmp(bytes, rmpadjust_bytes, INSN_LENGTH))
		return -ENOENT;
	if (run->space.save->cpl) {
		inject(run, X86_TRAP_GP, 0);
		return 0;
	}

	ret = pvalidate ? emulate_pvalidate(run) : emulate_rmpadjust(run);
	return ret == -EFAULT ? 0 : ret;
}
