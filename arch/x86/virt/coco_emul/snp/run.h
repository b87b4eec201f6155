/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated SEV-SNP host: a vCPU while it runs.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_RUN_H
#define _ARCH_X86_VIRT_COCO_EMUL_RUN_H

#include <linux/cleanup.h>
#include <linux/spinlock.h>

#include <asm/svm.h>

#include "../guest/npt.h"
#include "../guest/space.h"
#include "../guest/svm.h"
#include "snp.h"

/* Exit code of the manual's table "SVM Intercept Codes" that uapi/asm/svm.h lacks */
#define EXIT_NOT_VALIDATED	0x404

/* Bit of a guest physical address that makes an access private; as CPUID says */
#define SNP_C_BIT		BIT_ULL(SNP_EMUL_C_BIT)

/**
 * struct snp_exit - a #VMEXIT
 * @code:	EXITCODE
 * @info_1:	EXITINFO1
 * @info_2:	EXITINFO2
 * @vc:		the guest gets a #VC in its place
 */
struct snp_exit {
	u64	code;
	u64	info_1;
	u64	info_2;
	bool	vc;
};

/* Registers that have write traps */
struct snp_trapped {
	u64	efer;
	u64	cr0;
	u64	cr4;
	u64	cr8;
};

/**
 * struct snp_run - a vCPU from VMRUN to #VMEXIT
 * @space:	its memory and registers
 * @kvm:	KVM's VMCB
 * @vmcb:	the one that the CPU gets
 * @vmsa:	copy of the VMSA in the clear
 * @vmsa_page:	entry of its page in the RMP
 * @gprs:	general purpose registers
 * @npt:	nested page table of an SNP guest
 * @key:	key of the guest
 * @asid:	its ASID
 * @snp:	SNP is active, not only SEV-ES
 * @trapped:	control registers as KVM knows them
 * @pending:	why there is a page that @space does not have
 */
struct snp_run {
	struct coco_emul_space	space;
	struct vmcb		*kvm;
	struct vmcb		*vmcb;
	struct sev_es_save_area	*vmsa;
	struct rmp_page		*vmsa_page;
	u64			*gprs;
	struct coco_emul_npt	*npt;
	u64			key;
	u32			asid;
	bool			snp;
	struct snp_trapped	trapped;
	struct snp_exit		pending;
};

/* guest_mem.c */
void *snp_emul_kvm_page(u64 root, u64 gpa);
void *snp_emul_run_page(struct coco_emul_space *space, u64 gpa, enum coco_emul_access access);
void snp_emul_run_lock(void);
bool snp_emul_run_fault(struct snp_run *run);
void snp_emul_run_flush(struct snp_run *run);
struct rmp_page *snp_emul_run_rmp_page(struct snp_run *run, u64 gpa);

DEFINE_LOCK_GUARD_0(snp_emul_run, snp_emul_run_lock(), raw_spin_unlock(&coco_emul_lock))

/* vmsa.c */
bool snp_emul_vmsa_xcr0_valid(const struct sev_es_save_area *vmsa);
void snp_emul_vmsa_load(struct snp_run *run);
void snp_emul_vmsa_save(struct snp_run *run);
void snp_emul_vmsa_load_host(struct pt_regs *regs);

/* guest_insn.c */
#define INSN_LENGTH		4
int snp_emul_guest_insn(struct snp_run *run, const u8 *bytes);

/* cr8.c */
bool snp_emul_cr8_kvm_intercepts(const struct snp_run *run);
void snp_emul_cr8_prepare(struct snp_run *run);
int snp_emul_cr8_write(struct snp_run *run);

/* vmrun.c */
#define SVM_EXITINFO1_MOV_CR	BIT_ULL(63)
u64 snp_emul_register_accessed(const u8 *bytes, unsigned int length);
void snp_emul_vmrun(struct vmcb *vmcb, struct pt_regs *regs);
void snp_emul_vmrun_fails(struct vmcb *vmcb, u64 code);
bool snp_emul_vmrun_loads_all(const struct vmcb *vmcb);
int snp_emul_vmrun_init(void);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_RUN_H */
