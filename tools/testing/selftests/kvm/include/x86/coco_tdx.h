/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDs on the emulated TDX host, see Documentation/virt/kvm/coco-tdx.rst: how to
 * launch one, what MRTD it has to get, and what the emulated module says of it.
 */
#ifndef SELFTEST_KVM_COCO_TDX_H
#define SELFTEST_KVM_COCO_TDX_H

#include "kvm_util.h"
#include "processor.h"
#include "coco_emul.h"
#include "sha384.h"

#define TDX_OPERAND_INVALID		0xc000010000000000ul
#define TDX_OPERAND_BUSY		0x8000020000000000ul
#define TDX_RND_NO_ENTROPY		0x8000020300000000ul
#define TDX_INTERRUPTED_RESUMABLE	0x8000000300000000ul
#define TDX_SYS_BUSY			0x8000020200000000ul
#define TDX_OPERAND_ID_RCX		1
#define TDX_OPERAND_ID_XFAM		65
#define TDX_OPERAND_ID_CPUID_CONFIG	69

/* The module's pages: of a TDCS, of a vCPU behind its TDVPR; MR.EXTENDs for a page */
#define COCO_NR_TDCS			6
#define COCO_NR_TDVPX			5
#define COCO_NR_EXTENDS			16

#define COCO_TD_GPA	(4ul << 20)
#define COCO_TD_GPA_BITS	48
#define COCO_SEEN_SIZE	16

/**
 * struct coco_td - a TD and what it has to measure
 * @vm:		the VM
 * @vcpu:	its first vCPU
 * @gpa_bits:	width of its guest physical addresses, the topmost bit means shared
 * @nr_slots:	memslots so far
 * @tag:	tells the TD from others in the files of the emulator
 * @mrtd:	running hash of what was added
 */
struct coco_td {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	unsigned int gpa_bits;
	uint32_t nr_slots;
	uint64_t tag;
	struct sha384 mrtd;
};

enum coco_pamt {
	COCO_PAMT_NDA,
	COCO_PAMT_RSVD,
	COCO_PAMT_REG,
	COCO_PAMT_TDR,
	COCO_PAMT_TDCX,
	COCO_PAMT_TDVPR,
	COCO_PAMT_EPT,
	COCO_PAMT_HOST_WRITES,
	/* Of what the host has back: not written back, used before that, not reset */
	COCO_PAMT_DIRTY,
	COCO_PAMT_DIRTY_USES,
	COCO_PAMT_PRIVATE,
	COCO_NR_PAMT,
};

/* Steps of a launch. The __ variants return what the ioctl returned, 0 or -1. */
void coco_td_new(struct coco_td *td);
int __coco_td_init_vm(struct coco_td *td, uint32_t bad_cpuid_bits, uint64_t *hw_error);
void coco_td_init_vm(struct coco_td *td);
void coco_td_add_vcpu(struct coco_td *td);
int __coco_td_init_vcpu(struct coco_td *td);
void coco_td_init_vcpu(struct coco_td *td);
/* When the first one is initialized; it is not td->vcpu. */
struct kvm_vcpu *coco_td_add_second_vcpu(struct coco_td *td);
void coco_td_add_slot(struct coco_td *td, uint64_t gpa, uint64_t nr_pages);
int __coco_td_add(struct coco_td *td, uint32_t flags, const void *src, uint64_t gpa,
		  uint64_t nr_pages, uint64_t *left);
void coco_td_add(struct coco_td *td, uint32_t flags, const void *src, uint64_t gpa,
		 uint64_t nr_pages);
int __coco_td_finalize(struct coco_td *td);
void coco_td_finalize(struct coco_td *td);

/* All steps up to a TD with a slot of @nr_pages, if any, at COCO_TD_GPA, and the end of it. */
void coco_td_create(struct coco_td *td, uint64_t nr_pages);
void coco_td_free(struct coco_td *td);

/* Measurement: in user space, from the specification; and what the module has. */
void coco_td_measure(struct coco_td *td, uint32_t flags, const void *data, uint64_t gpa,
		     uint64_t nr_pages);
void coco_td_mrtd(struct coco_td *td, uint8_t mrtd[SHA384_SIZE]);
void coco_td_expect_mrtd(struct coco_td *td, const char *hex, const char *what);
void coco_td_check_mrtd(struct coco_td *td);

/* What the module knows of physical memory. */
void coco_pamt_census(struct coco_emul_census *census);
/*
 * Physical address of the page that the TD has at @gpa, 0 if none, and how it
 * begins when the host reads it; @seen may be NULL.
 */
uint64_t coco_td_hpa(struct coco_td *td, uint64_t gpa, uint8_t seen[COCO_SEEN_SIZE]);
/* Physical address of the Secure EPT entry of the page at @gpa. */
uint64_t coco_td_septe(struct coco_td *td, uint64_t gpa);
/* Physical address of the TDR, which is the TD's name in SEAMCALLs. */
uint64_t coco_td_tdr(struct coco_td *td);
/* The module can do nothing any more with the TD but tear it down. */
void coco_td_lose(struct coco_td *td);
/* Has KVM given up the VM? */
bool coco_td_is_dead(struct coco_td *td);

/*
 * The @n-th call of @leaf from now on takes @us longer: "before" it has locked
 * anything, "inside" of the module, or "after" it has left it.
 */
void coco_tdx_pause(const char *leaf, const char *where, uint64_t n, uint64_t us);
/* Until it does. */
void coco_tdx_wait_for_pause(const char *leaf, const char *where);
bool coco_tdx_pause_is_pending(void);
void coco_tdx_pause_clear(void);

/* The calling thread stays on this CPU. */
void coco_set_cpu(int cpu);
/*
 * KVM_TDX_INIT_VCPU without a change of CPU, which KVM takes badly, see
 * gmem-known-faults.rst.
 */
int coco_init_vcpu_here(int fd, uint32_t flags, const void *data);

/* Pages of random bytes. */
uint8_t *coco_random_pages(uint64_t nr_pages);

#endif /* SELFTEST_KVM_COCO_TDX_H */
