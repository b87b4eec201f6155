/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Assembly that runs in a TD on the emulated TDX host.
 */

/*
 * The page with the reset vector. A TD starts there in protected mode, without paging,
 * with EFER.LME set; RSI is the number of the vCPU. Addresses are those of the page at
 * COCO_TG_BOOT, and of COCO_TG_*.
 */
.pushsection .text
.balign 4096
.globl coco_tg_boot
coco_tg_boot:
.code32
	movl	$0x100000, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	lgdtl	0xfffff000 + (boot_gdtr - coco_tg_boot)
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	ljmpl	$8, $(0xfffff000 + (boot_64 - coco_tg_boot))
.code64
boot_64:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%esi, %eax
	shll	$13, %eax
	leal	0x10a000(%eax), %esp
	movl	%esi, %ebx
	movl	$0x10c000, %eax
	leaq	16(%rax), %rdi
	call	*(%rax,%rbx,8)
	ud2
.balign 8
boot_gdt:
	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdtr:
	.word	23
	.long	0xfffff000 + (boot_gdt - coco_tg_boot)
	.org	coco_tg_boot + 0xff0
.code32
	jmp	coco_tg_boot
.code64
	.org	coco_tg_boot + 0x1000
.popsection

/* void coco_tg_tdcall(struct coco_tg_regs *regs) */
.pushsection tdguest, "ax"
.globl coco_tg_tdcall
coco_tg_tdcall:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	%rdi, %rax
	mov	8(%rax), %rcx
	mov	16(%rax), %rdx
	mov	24(%rax), %rbx
	mov	32(%rax), %rsi
	mov	40(%rax), %rdi
	mov	48(%rax), %r8
	mov	56(%rax), %r9
	mov	64(%rax), %r10
	mov	72(%rax), %r11
	mov	80(%rax), %r12
	mov	88(%rax), %r13
	mov	96(%rax), %r14
	mov	104(%rax), %r15
	mov	(%rax), %rax
	.byte	0x66, 0x0f, 0x01, 0xcc
	xchg	%rax, (%rsp)
	mov	%rcx, 8(%rax)
	mov	%rdx, 16(%rax)
	mov	%rbx, 24(%rax)
	mov	%rsi, 32(%rax)
	mov	%rdi, 40(%rax)
	mov	%r8, 48(%rax)
	mov	%r9, 56(%rax)
	mov	%r10, 64(%rax)
	mov	%r11, 72(%rax)
	mov	%r12, 80(%rax)
	mov	%r13, 88(%rax)
	mov	%r14, 96(%rax)
	mov	%r15, 104(%rax)
	pop	%rcx
	mov	%rcx, (%rax)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/*
 * void coco_tg_halt(void): TDVMCALL HLT, which an interrupt ends. It cannot come
 * between STI and TDCALL, when nobody would wait yet.
 */
.globl coco_tg_halt
coco_tg_halt:
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	xor	%eax, %eax
	mov	$0xfc00, %ecx
	xor	%r10d, %r10d
	mov	$12, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	sti
	.byte	0x66, 0x0f, 0x01, 0xcc
	cli
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	ret

.macro coco_tg_handler name, fn
.globl \name
\name:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	cld
	lea	72(%rsp), %rdi
	call	\fn
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq
.endm
coco_tg_handler coco_tg_ve_entry, coco_tg_ve
coco_tg_handler coco_tg_interrupt_entry, coco_tg_interrupt
coco_tg_handler coco_tg_nmi_entry, coco_tg_nmi

/* All other exceptions: vector and error code are below what the CPU pushes. */
.macro coco_tg_exception_entry vector, has_error
.globl coco_tg_exception_\vector
coco_tg_exception_\vector:
.if !\has_error
	push	$0
.endif
	push	$\vector
	jmp	coco_tg_exceptions
.endm
coco_tg_exception_entry 1, 0
coco_tg_exception_entry 3, 0
coco_tg_exception_entry 6, 0
coco_tg_exception_entry 13, 1
coco_tg_exception_entry 14, 1

coco_tg_exceptions:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	cld
	lea	72(%rsp), %rdi
	call	coco_tg_exception
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq
.popsection

.section .note.GNU-stack, "", @progbits
