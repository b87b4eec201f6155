/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated SEV-SNP host: what the RMP, the firmware and its mailbox device
 * know of each other. Everything here is protected by coco_emul_lock.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_SNP_H
#define _ARCH_X86_VIRT_COCO_EMUL_SNP_H

#include <linux/types.h>

#include "coco_emul.h"

/* ASIDs of the platform, CPUID Fn8000_001F: SNP guests use those below MIN_SEV. */
#define SNP_EMUL_MAX_ASID	15
#define SNP_EMUL_MIN_SEV_ASID	8

/*
 * Page states of the SEV-SNP firmware ABI ("Page States"). The RMP entry tells
 * them apart by the bits named; the hypervisor sees only some of these bits.
 */
enum rmp_page_state {
	RMP_HYPERVISOR,		/* not assigned */
	RMP_FIRMWARE,		/* assigned, immutable, no ASID */
	RMP_CONTEXT,		/* as firmware, holds a guest context */
	RMP_RECLAIM,		/* assigned, no ASID */
	RMP_PRE_GUEST,		/* assigned, ASID, immutable */
	RMP_GUEST_INVALID,	/* assigned, ASID */
	RMP_GUEST_VALID,	/* assigned, ASID, validated */
	NR_RMP_STATES,
};

/**
 * struct rmp_page - what the platform knows of a 4 KiB page of memory
 * @gpa:	guest physical address it is assigned at
 * @sum:	checksum of the "ciphertext" of a guest-valid page, to find host
 *		writes to it
 * @asid:	owner
 * @state:	page state
 * @large:	first page of a 2 MiB entry
 * @type:	page type of the launch update that made it guest-valid
 */
struct rmp_page {
	u64			gpa;
	u64			sum;
	u32			asid;
	enum rmp_page_state	state : 8;
	bool			large : 1;
	u8			type  : 3;
};

enum snp_emul_insn_id {
	SNP_INSN_RMPUPDATE,
	SNP_INSN_RMPREAD,
	SNP_INSN_PSMASH,
	NR_SNP_INSNS,
};

extern const struct coco_emul_insn snp_emul_insns[NR_SNP_INSNS];
/* The instructions first, then the firmware commands. */
extern struct coco_emul_point snp_emul_points[];
extern const unsigned int snp_emul_nr_points;

/* rmp.c */
int rmp_emul_init(struct dentry *debugfs);
struct rmp_page *rmp_emul_page(u64 pa);
void rmp_emul_set(struct rmp_page *page, enum rmp_page_state state);
void rmp_emul_encrypt(struct rmp_page *page, u8 type);
const char *rmp_emul_state_name(enum rmp_page_state state);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_SNP_H */
