/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated SEV-SNP host: what the RMP, the firmware and its mailbox device
 * know of each other. Everything here is protected by coco_emul_lock.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_SNP_H
#define _ARCH_X86_VIRT_COCO_EMUL_SNP_H

#include <linux/types.h>

#include <crypto/sha2.h>

#include "../coco_emul.h"

/*
 * Version of the firmware ABI. From 1.52 on the ccp driver uses SNP_INIT_EX, from
 * 1.58 on more policy bits.
 */
#define PSP_API_MAJOR		1
#define PSP_API_MINOR		55

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
 * @sum:	checksum of what is in a page of a guest, to find host writes to it
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

/* Everything that is counted and can be made to fail. */
enum snp_emul_point_id {
	SNP_INSN_RMPUPDATE,
	SNP_INSN_RMPREAD,
	SNP_INSN_PSMASH,
	NR_SNP_INSNS,
	PSP_INIT = NR_SNP_INSNS,
	PSP_SHUTDOWN,
	PSP_PLATFORM_STATUS,
	PSP_DF_FLUSH,
	PSP_GET_ID,
	PSP_PEK_CSR,
	PSP_PDH_CERT_EXPORT,
	PSP_SNP_PLATFORM_STATUS,
	PSP_SNP_DF_FLUSH,
	PSP_SNP_INIT_EX,
	PSP_SNP_SHUTDOWN_EX,
	PSP_SNP_DECOMMISSION,
	PSP_SNP_ACTIVATE,
	PSP_SNP_GCTX_CREATE,
	PSP_SNP_LAUNCH_START,
	PSP_SNP_LAUNCH_UPDATE,
	PSP_SNP_LAUNCH_FINISH,
	PSP_SNP_PAGE_RECLAIM,
	PSP_SNP_FEATURE_INFO,
	PSP_UNKNOWN,
	NR_SNP_POINTS,
};

extern const struct coco_emul_insn snp_emul_insns[NR_SNP_INSNS];
extern struct coco_emul_point snp_emul_points[NR_SNP_POINTS];

/* States of the SEV-SNP firmware ABI ("Guest State Machine") */
enum psp_guest_state {
	PSP_GUEST_NONE,		/* no guest in this slot */
	PSP_GUEST_INIT,
	PSP_GUEST_LAUNCH,
	PSP_GUEST_RUNNING,
};

/**
 * struct psp_guest - a guest context
 * @gctx:	physical address of the context page
 * @policy:	guest policy
 * @nr_pages:	pages that launch updates have made guest-valid
 * @asid:	ASID it is activated with, 0 if it is not
 * @state:	state of the guest
 * @ld:		launch digest
 *
 * Real firmware keeps this, encrypted, in the context page.
 */
struct psp_guest {
	u64			gctx;
	u64			policy;
	u64			nr_pages;
	u32			asid;
	enum psp_guest_state	state;
	u8			ld[SHA384_DIGEST_SIZE];
};

/* rmp.c */
int rmp_emul_init(struct dentry *debugfs);
struct rmp_page *rmp_emul_page(u64 pa);
bool rmp_emul_is_large(struct rmp_page *page);
void rmp_emul_set(struct rmp_page *page, enum rmp_page_state state, u64 gpa, u32 asid);
void rmp_emul_check(struct rmp_page *page);
void rmp_emul_seal(struct rmp_page *page);
void rmp_emul_encrypt(struct rmp_page *page, u8 type);
void *rmp_emul_data(struct rmp_page *page);

/* psp.c */
int psp_emul_init(struct dentry *debugfs);
u16 psp_emul_command(u32 cmd, u64 buf_pa);
struct psp_guest *psp_emul_guest(u64 gctx);

/* psp_launch.c */
u16 psp_emul_launch_start(void *buf);
u16 psp_emul_launch_update(void *buf);
u16 psp_emul_launch_finish(void *buf);

/* calls.c */
#define NR_SNP_CALLS	4
extern const struct coco_emul_call snp_emul_calls[NR_SNP_CALLS];

/* psp_pci.c */
int psp_emul_pci_init(void);
void psp_emul_pci_reserve(void);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_SNP_H */
