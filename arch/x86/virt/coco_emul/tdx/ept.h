/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EPT that the host has built: of an ordinary VM, or for the shared half of a TD.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_TDX_EPT_H
#define _ARCH_X86_VIRT_COCO_EMUL_TDX_EPT_H

#include <linux/bits.h>
#include <linux/types.h>

/* Of the error code of a nested page fault */
#define NPF_READ	0
#define NPF_WRITE	BIT_ULL(1)
#define NPF_FETCH	BIT_ULL(4)
#define NPF_WALK	BIT_ULL(33)

/**
 * struct tdx_ept_walk - where a walk of an EPT ended
 * @slot:	the entry that is not present or the last one
 * @entry:	what was in it
 * @level:	its level, 1 for that of a 4 KiB page
 * @rwx:	access rights of all entries together, none if one is not present
 * @misconfig:	the entry means nothing
 * @pa:		physical address of the 4 KiB page, if it has rights
 */
struct tdx_ept_walk {
	u64	*slot;
	u64	entry;
	int	level;
	u8	rwx;
	bool	misconfig;
	u64	pa;
};

void tdx_emul_ept_walk(u64 eptp, u64 gpa, struct tdx_ept_walk *walk);
bool tdx_emul_ept_access(u64 eptp, const struct tdx_ept_walk *walk, bool write);
u64 tdx_emul_ept_npte(u64 eptp, const struct tdx_ept_walk *walk);
u8 tdx_emul_ept_wants(u64 npf_error);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_TDX_EPT_H */
