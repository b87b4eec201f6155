/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An interrupt that has ended a guest: which one is it?
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_ACK_H
#define _ARCH_X86_VIRT_COCO_EMUL_ACK_H

#define ACK_HANDLER_SIZE	32
#define ACK_FIRST_VECTOR	32
#define ACK_NR_VECTORS		224

#ifndef __ASSEMBLER__

#include <linux/percpu.h>
#include <linux/types.h>

DECLARE_PER_CPU(u32, coco_emul_ack_vector);

extern const char coco_emul_ack_handlers[];

u8 coco_emul_ack(void);
int coco_emul_ack_init(void);

#endif /* !__ASSEMBLER__ */

#endif /* _ARCH_X86_VIRT_COCO_EMUL_ACK_H */
