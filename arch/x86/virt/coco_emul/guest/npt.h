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
/* A few hundred are what a kernel needs for a while; the rest of memory need not fit. */
#define NPT_NR_PAGES	1024

/**
 * struct coco_emul_npt_page - a page that is mapped
 * @gpa:	guest physical address
 * @entry:	its entry
 * @idle:	how often it has been looked up again since the guest has used it
 */
struct coco_emul_npt_page {
	u64		gpa;
	u64		*entry;
	unsigned int	idle;
};

/**
 * struct coco_emul_npt - a tree that is filled page by page as a guest faults
 * @root:	its root, of four levels
 * @tables:	for the levels below; none is ever added
 * @nr_used:	how many of them are in the tree
 * @pages:	what is mapped
 * @nr_pages:	how many of them there are, or one more than @pages has room for
 */
struct coco_emul_npt {
	u64				*root;
	u64				*tables[NPT_NR_TABLES];
	unsigned int			nr_used;
	struct coco_emul_npt_page	*pages;
	unsigned int			nr_pages;
};

/* What is to be in an entry now, or 0 */
typedef u64 (*coco_emul_npt_again_t)(void *arg, u64 gpa, u64 entry);

int coco_emul_npt_init(struct coco_emul_npt *npt);
void coco_emul_npt_clear(struct coco_emul_npt *npt);
void coco_emul_npt_map(struct coco_emul_npt *npt, u64 gpa, u64 entry);
void coco_emul_npt_refresh(struct coco_emul_npt *npt, coco_emul_npt_again_t again, void *arg);
u64 *coco_emul_npt_find(u64 root, u64 gpa, int *level);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_NPT_H */
