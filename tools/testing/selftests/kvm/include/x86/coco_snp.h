/* SPDX-License-Identifier: GPL-2.0-only */
/* SNP guests on the emulated SEV-SNP host, with the digest they have to have. */
#ifndef SELFTEST_KVM_COCO_SNP_H
#define SELFTEST_KVM_COCO_SNP_H

#include <linux/sizes.h>

#include "kvm_util.h"
#include "coco_emul.h"
#include "sev.h"
#include "sha384.h"

#define SNP_SLOT	1

/* The page type of LAUNCH_UPDATE that only KVM itself uses */
#define SNP_PAGE_TYPE_VMSA	2

/* Results of RMPUPDATE and PSMASH, AMD64 Architecture Programmer's Manual, volume 3 */
#define RMP_OK			0
#define RMP_FAIL_INPUT		1
#define RMP_FAIL_PERMISSION	2
#define RMP_FAIL_OVERLAP	4

/* Pages per state of the RMP, in the order of the file */
#define SNP_NR_CENSUS		9
#define SNP_HYPERVISOR		0
#define SNP_HV_FIXED		1
#define SNP_CONTEXT		3
#define SNP_RECLAIM		4
#define SNP_PRE_GUEST		5
#define SNP_GUEST_INVALID	6
#define SNP_GUEST_VALID		7
#define SNP_HOST_WRITES		(SNP_NR_CENSUS - 1)

/* "RMPUPDATE": the new state of an entry, at RCX */
struct snp_rmp_state {
	uint64_t gpa;
	uint8_t assigned;
	uint8_t pagesize;
	uint8_t immutable;
	uint8_t rsvd;
	uint32_t asid;
};

struct snp_guest {
	struct kvm_vm *vm;
	uint64_t gpa;
	size_t npages;
	uint8_t ld[SHA384_SIZE];	/* calculated here, page by page */
	uint64_t updated;		/* pages that went into it */
};

struct snp_guest_status {
	unsigned int asid;
	char state[16];
	unsigned long long pages;
	uint8_t ld[SHA384_SIZE];
};

void snp_census_read(struct coco_emul_census *census);

/* Up to and including LAUNCH_START, with @npages private pages from @gpa on */
void snp_guest_init(struct snp_guest *g, uint64_t gpa, size_t npages);
/* Without LAUNCH_START */
void snp_guest_create(struct snp_guest *g, uint64_t gpa, size_t npages);
void snp_guest_start(struct snp_guest *g);
void snp_guest_free(struct snp_guest *g);

/* What the launch update of a page does to the digest. */
void snp_guest_measure(struct snp_guest *g, size_t page, const void *src, uint8_t type);

int __snp_guest_update(struct snp_guest *g, size_t page, const void *src, size_t npages,
		       uint8_t type, uint32_t *fw_error);
/* Succeeds, and measures */
void snp_guest_update(struct snp_guest *g, size_t page, const void *src, size_t npages,
		      uint8_t type);

void snp_guest_read_status(struct snp_guest_status *status);
/* The digest of the only guest that there is equals the one calculated. */
void snp_guest_expect_digest(struct snp_guest *g);

/* KVM_PRE_FAULT_MEMORY of a page, until it is through; returns 0 or -errno. */
int snp_prefault(struct kvm_vcpu *vcpu, uint64_t gpa);

/* SEV_ISSUE_CMD on a file descriptor of /dev/sev */
int sev_dev_cmd(int fd, uint32_t cmd, const void *data, uint32_t *error);
/* Each command that reads or writes memory of its caller, whatever its result */
void sev_dev_issue_all(int fd);

/* What CPUID tells: SEV-ES and SNP guests share the ASIDs below @min_sev. */
struct snp_asids {
	unsigned int max;
	unsigned int min_sev;
};

struct snp_asids snp_read_asids(void);

/* As if the kernel had executed it, or issued the command with its buffer at @pa */
uint64_t snp_rmpupdate(uint64_t pa, const struct snp_rmp_state *new);
uint64_t snp_firmware(unsigned int id, uint64_t pa);
/* RMPREAD, which does not fail */
struct snp_rmp_state snp_rmpread(uint64_t pa);
/* Back to the hypervisor, whether the firmware has it or is done with it */
void snp_return_page(uint64_t pa);

void *snp_map_pages(size_t npages);
/* 2 MiB of memory in one physical piece, within twice as much, of which @mem is to be unmapped */
void *snp_map_large_page(void **mem);
#define SNP_LARGE_MAPPING	(2 * SZ_2M)
void snp_init_cpuid_page(void *page);
void snp_spoil_cpuid_page(void *page);

#endif /* SELFTEST_KVM_COCO_SNP_H */
