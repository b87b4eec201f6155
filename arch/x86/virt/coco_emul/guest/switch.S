/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The switch to a guest and back, as the AMD64 Architecture Programmer's Manual
 * has it in "VMRUN Instruction": what VMRUN does not switch, VMSAVE and VMLOAD do.
 */
#include <linux/linkage.h>

#include <asm/asm.h>

#include "switch.h"

#define GPR(reg)	(SWITCH_GPRS + GPR_##reg * 8)

/*
 * void coco_emul_switch(struct coco_emul_switch *sw)
 *
 * Called with EFER.SVME on, GIF clear and interrupts off, and returns so. From one
 * VMLOAD to the other FS, GS and TR are the guest's: nothing here may depend on
 * them, and nothing may be called.
 */
SYM_FUNC_START(coco_emul_switch)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15

	/* Everything that is needed while no register is free */
	push	%rdi
	pushq	SWITCH_HOST(%rdi)
	pushq	SWITCH_GUEST(%rdi)

	mov	SWITCH_HOST(%rdi), %rax
	vmsave	%rax
	mov	SWITCH_GUEST(%rdi), %rax
	vmload	%rax

	/* MOV leaves the flag alone. */
	testb	$1, SWITCH_IF(%rdi)

	mov	GPR(RCX)(%rdi), %rcx
	mov	GPR(RDX)(%rdi), %rdx
	mov	GPR(RBX)(%rdi), %rbx
	mov	GPR(RBP)(%rdi), %rbp
	mov	GPR(RSI)(%rdi), %rsi
	mov	GPR(R8)(%rdi), %r8
	mov	GPR(R9)(%rdi), %r9
	mov	GPR(R10)(%rdi), %r10
	mov	GPR(R11)(%rdi), %r11
	mov	GPR(R12)(%rdi), %r12
	mov	GPR(R13)(%rdi), %r13
	mov	GPR(R14)(%rdi), %r14
	mov	GPR(R15)(%rdi), %r15
	mov	SWITCH_VMCB(%rdi), %rax
	mov	GPR(RDI)(%rdi), %rdi

	/* QEMU carries the interrupt shadow of STI into the guest, if there is one. */
	jz	.Lrun
	sti
	nop
.Lrun:
	vmrun	%rax
	cli

	pop	%rax
	vmsave	%rax
	pop	%rax
	vmload	%rax

	pop	%rax
	mov	%rcx, GPR(RCX)(%rax)
	mov	%rdx, GPR(RDX)(%rax)
	mov	%rbx, GPR(RBX)(%rax)
	mov	%rbp, GPR(RBP)(%rax)
	mov	%rsi, GPR(RSI)(%rax)
	mov	%rdi, GPR(RDI)(%rax)
	mov	%r8, GPR(R8)(%rax)
	mov	%r9, GPR(R9)(%rax)
	mov	%r10, GPR(R10)(%rax)
	mov	%r11, GPR(R11)(%rax)
	mov	%r12, GPR(R12)(%rax)
	mov	%r13, GPR(R13)(%rax)
	mov	%r14, GPR(R14)(%rax)
	mov	%r15, GPR(R15)(%rax)

	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET
SYM_FUNC_END(coco_emul_switch)
_ASM_NOKPROBE(coco_emul_switch)
