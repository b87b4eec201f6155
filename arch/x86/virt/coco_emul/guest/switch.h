/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The switch to a guest and back: what C and assembly know of each other.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_SWITCH_H
#define _ARCH_X86_VIRT_COCO_EMUL_SWITCH_H

#define SWITCH_VMCB	0x00
#define SWITCH_GUEST	0x08
#define SWITCH_HOST	0x10
#define SWITCH_IF	0x18
#define SWITCH_GPRS	0x20

/* Order of the registers: that of their encoding. RAX and RSP are in the VMCB. */
#define GPR_RAX		0
#define GPR_RCX		1
#define GPR_RDX		2
#define GPR_RBX		3
#define GPR_RSP		4
#define GPR_RBP		5
#define GPR_RSI		6
#define GPR_RDI		7
#define GPR_R8		8
#define GPR_R9		9
#define GPR_R10		10
#define GPR_R11		11
#define GPR_R12		12
#define GPR_R13		13
#define GPR_R14		14
#define GPR_R15		15
#define COCO_EMUL_NR_GPRS	16

#ifndef __ASSEMBLER__

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

/**
 * struct coco_emul_switch - a guest to switch to
 * @vmcb:	physical address of its VMCB
 * @guest:	of a page with the state of the guest that VMLOAD loads, and where
 *		VMSAVE saves it
 * @host:	of a page for the host's
 * @irqs_on:	physical interrupts end the guest, as they do if the instruction
 *		after which VMRUN comes has set RFLAGS.IF
 * @gprs:	general purpose registers of the guest
 */
struct coco_emul_switch {
	u64	vmcb;
	u64	guest;
	u64	host;
	u64	irqs_on;
	u64	gprs[COCO_EMUL_NR_GPRS];
};

static_assert(offsetof(struct coco_emul_switch, vmcb) == SWITCH_VMCB);
static_assert(offsetof(struct coco_emul_switch, guest) == SWITCH_GUEST);
static_assert(offsetof(struct coco_emul_switch, host) == SWITCH_HOST);
static_assert(offsetof(struct coco_emul_switch, irqs_on) == SWITCH_IF);
static_assert(offsetof(struct coco_emul_switch, gprs) == SWITCH_GPRS);

void coco_emul_switch(struct coco_emul_switch *sw);

#endif /* !__ASSEMBLER__ */

#endif /* _ARCH_X86_VIRT_COCO_EMUL_SWITCH_H */
