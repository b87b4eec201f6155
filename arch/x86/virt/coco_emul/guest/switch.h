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

#ifndef __ASSEMBLER__

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <asm/kvm_vcpu_regs.h>

/* In the order of their encoding; RAX and RSP are in the VMCB. */
#define COCO_EMUL_NR_GPRS	(__VCPU_REGS_R15 + 1)

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
