/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for where none can be allocated.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_POOL_H
#define _ARCH_X86_VIRT_COCO_EMUL_POOL_H

void *coco_emul_page_get(void);
void coco_emul_page_put(void *addr);
void coco_emul_pool_init(void);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_POOL_H */
