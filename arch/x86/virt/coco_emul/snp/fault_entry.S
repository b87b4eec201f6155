/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page faults on the emulated SEV-SNP host, on their way to the kernel.
 */
#include <linux/linkage.h>

#include <asm/page_types.h>
#include <asm/unwind_hints.h>

/* Error code: what a write to a read-only page of the kernel has, and X86_PF_RMP */
#define PF_PROT_WRITE	3
#define PF_RMP_BIT	31

	.section .entry.text, "ax"

/*
 * A write of the host to a page that snp/fault.c has made read-only is an RMP
 * fault. Nothing is changed but the error code: neither GS nor the flags of the
 * kernel are in place yet. Faults from user mode cannot be of that kind, and
 * might have page tables without the data below.
 */
SYM_CODE_START(snp_emul_exc_page_fault)
	UNWIND_HINT_IRET_REGS offset=8
	ENDBR
	cmpl	$PF_PROT_WRITE, (%rsp)
	jne	.Lother
	testb	$3, 16(%rsp)			/* CS */
	jnz	.Lother

	pushq	%rax
	pushq	%rdx
	movq	%cr2, %rax
	subq	snp_emul_fault_base(%rip), %rax
	shrq	$PAGE_SHIFT, %rax
	cmpq	snp_emul_fault_nr(%rip), %rax
	jae	.Lpop
	movq	snp_emul_fault_map(%rip), %rdx
	btq	%rax, (%rdx)
	jnc	.Lpop
	btsl	$PF_RMP_BIT, 16(%rsp)		/* error code */
.Lpop:
	popq	%rdx
	popq	%rax
.Lother:
	jmp	asm_exc_page_fault
SYM_CODE_END(snp_emul_exc_page_fault)
