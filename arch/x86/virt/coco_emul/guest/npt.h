/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nested page tables: those that a guest runs on, and those of KVM.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_NPT_H
#define _ARCH_X86_VIRT_COCO_EMUL_NPT_H

#include <linux/bits.h>
#include <linux/types.h>

#define NPT_P		BIT_ULL(0)
#define NPT_W		BIT_ULL(1)
#define NPT_U		BIT_ULL(2)
#define NPT_A		BIT_ULL(5)
#define NPT_D		BIT_ULL(6)
#define NPT_PS		BIT_ULL(7)
#define NPT_NX		BIT_ULL(63)
#define NPT_ADDR	GENMASK_ULL(51, 12)

#define NPT_NR_TABLES	128

/**
 * struct coco_emul_npt - a tree that is filled page by page as a guest faults
 * @root:	its root, of four levels
 * @tables:	for the levels below; none is ever added
 * @nr_used:	how many of them are in the tree
 */
struct coco_emul_npt {
	u64		*root;
	u64		*tables[NPT_NR_TABLES];
	unsigned int	nr_used;
};

int coco_emul_npt_init(struct coco_emul_npt *npt);
void coco_emul_npt_clear(struct coco_emul_npt *npt);
void coco_emul_npt_map(struct coco_emul_npt *npt, u64 gpa, u64 entry);
u64 *coco_emul_npt_find(u64 root, u64 gpa, int *level);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_NPT_H */
