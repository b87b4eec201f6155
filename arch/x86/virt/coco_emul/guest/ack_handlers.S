/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handlers that do nothing but note which interrupt was taken.
 */
#include <linux/linkage.h>

#include <asm/asm.h>
#include <asm/ibt.h>
#include <asm/percpu.h>
#include <asm/processor-flags.h>
#include <asm/unwind_hints.h>

#include "ack.h"

/* Where RFLAGS is in the frame of an interrupt */
#define FRAME_RFLAGS	16

/*
 * Each returns with interrupts off, so that no second one is taken. Nothing but the
 * frame of the interrupt may be used.
 */
	.section .noinstr.text, "ax"
	.balign ACK_HANDLER_SIZE
SYM_CODE_START(coco_emul_ack_handlers)
	vector = ACK_FIRST_VECTOR
	.rept ACK_NR_VECTORS
	UNWIND_HINT_IRET_REGS
0 :
	ENDBR
	movl	$vector, PER_CPU_VAR(coco_emul_ack_vector)
	andl	$~X86_EFLAGS_IF, FRAME_RFLAGS(%rsp)
	iretq
	.fill	0b + ACK_HANDLER_SIZE - ., 1, 0xcc
	vector = vector + 1
	.endr
SYM_CODE_END(coco_emul_ack_handlers)
