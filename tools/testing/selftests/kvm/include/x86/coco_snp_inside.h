/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A look from inside of an SNP guest that runs on the emulated SEV-SNP host.
 *
 * Each vCPU calls one function after the other that the test tells it to, in the
 * guest, and says that it is done by a request to change the state of a page that does
 * not exist: KVM passes that on, and writes no message about it.
 */
#ifndef SELFTEST_KVM_COCO_SNP_INSIDE_H
#define SELFTEST_KVM_COCO_SNP_INSIDE_H

#include <linux/bits.h>

#include "kvm_util.h"
#include "coco_snp.h"

/* The pages that a test loads itself: where they are, and where the guest sees them */
#define INSIDE_GPA		BIT_ULL(32)
#define INSIDE_GVA		0xd0000000ul
/* The same without the C-bit */
#define INSIDE_SHARED_GVA	0xe0000000ul
/* Pages of the library's are above this. */
#define INSIDE_MIN_GPA		(2ul * PAGE_SIZE)
/* What inside_share() allocates */
#define INSIDE_ALL_SHARED_GVA	0xf0000000ul

#define INSIDE_NR_VCPUS		2

/* #VC error codes: "VMEXIT_PAGE_NOT_VALIDATED"; no #VC */
#define INSIDE_NOT_VALIDATED	0x404
#define INSIDE_FINE		0

/* "PVALIDATE": CF says that nothing has changed. */
#define PVALIDATE_ALREADY	BIT_ULL(32)
#define PVALIDATE_SIZEMISMATCH	6

/* The page that does not exist */
#define INSIDE_DONE_GPA		0x7ffffff000ull

typedef uint64_t (*inside_fn)(uint64_t arg0, uint64_t arg1);

struct inside_mailbox {
	inside_fn fn;
	uint64_t arg[2];
	uint64_t result;
};

/* A page that the guest shares with the host */
struct inside_shared {
	uint64_t gva;
	uint64_t gpa;
	void *hva;
};

/**
 * struct inside_ghcb - a request by means of the GHCB, "GHCB Layout"
 * @page:	the GHCB
 * @exit_code:	SW_EXITCODE
 * @info_1:	SW_EXITINFO1
 * @info_2:	SW_EXITINFO2
 * @rax:	for those that want it, as all do that follow
 * @rbx:	the same
 */
struct inside_ghcb {
	struct inside_shared page;
	uint64_t exit_code;
	uint64_t info_1;
	uint64_t info_2;
	uint64_t rax;
	uint64_t rbx;
};

/* What inside_call() of guest_ghcb() returns if the GHCB cannot be registered */
#define INSIDE_NO_GHCB		BIT_ULL(62)

/* SW_EXITCODE, "List of Supported Non-Automatic Events" */
#define GHCB_GUEST_REQUEST	0x80000011
#define GHCB_EXT_GUEST_REQUEST	0x80000012
#define GHCB_AP_CREATION	0x80000013

/**
 * struct inside - a guest
 * @guest:	its VM, and the digest of what was loaded; pages count from GPA 0 on
 * @vcpu:	the vCPUs
 * @mailbox:	what each of them is to do
 * @data:	a page for anything
 * @nr_shared:	how many pages it shares
 */
struct inside {
	struct snp_guest guest;
	struct kvm_vcpu *vcpu[INSIDE_NR_VCPUS];
	struct inside_mailbox *mailbox[INSIDE_NR_VCPUS];
	struct inside_shared data;
	size_t nr_shared;
};

/* Before the launch, with @npages private pages */
void inside_create(struct inside *s, size_t npages);
struct inside_shared inside_share(struct inside *s);
/* Launches all but these @npages. */
void inside_launch(struct inside *s);
void inside_load(struct inside *s, size_t page, const void *src, size_t npages, uint8_t type);
/* What LAUNCH_FINISH does to the digest before anything else, and then that itself */
void inside_measure_vmsas(struct inside *s);
void inside_finish(struct inside *s);
void inside_free(struct inside *s);

/* Has a vCPU call @fn in the guest; the second half runs it until that returns. */
void inside_tell(struct inside *s, int vcpu, inside_fn fn, uint64_t arg0, uint64_t arg1);
uint64_t inside_result(struct inside *s, int vcpu);
uint64_t inside_call(struct inside *s, inside_fn fn, uint64_t arg0, uint64_t arg1);

/* Is this the exit of a vCPU that is done? */
bool inside_is_done(const struct kvm_run *run);
/* In the guest: that exit */
void guest_done(void);

/* For inside_call(): a page, by its address in the guest, to another one */
uint64_t guest_copy(uint64_t to, uint64_t from);
/* A load or a store of 8 bytes; the result is the error code of #VC, INSIDE_FINE without one. */
uint64_t guest_load(uint64_t addr, uint64_t unused);
uint64_t guest_store(uint64_t addr, uint64_t value);
/* EAX of the instruction, and PVALIDATE_ALREADY */
uint64_t guest_pvalidate(uint64_t addr, uint64_t validate);
uint64_t guest_pvalidate_2m(uint64_t addr, uint64_t validate);
/* EAX of RMPADJUST with @attributes in RDX */
uint64_t guest_rmpadjust(uint64_t addr, uint64_t attributes);
/* "Page State Change" of the GHCB MSR protocol; the result is its error code. */
uint64_t guest_page_state(uint64_t gpa, uint64_t private);
/* Of a struct inside_ghcb that is shared; returns SW_EXITINFO2, 0 if all went well. */
uint64_t guest_ghcb(uint64_t request, uint64_t unused);
/* Never returns */
uint64_t guest_spin(uint64_t unused0, uint64_t unused1);

static inline uint64_t inside_gva(size_t page)
{
	return INSIDE_GVA + page * PAGE_SIZE;
}

static inline uint64_t inside_gpa(size_t page)
{
	return INSIDE_GPA + page * PAGE_SIZE;
}

/* What the guest has in a page, and whether it does */
void inside_read(struct inside *s, size_t page);
void inside_expect(struct inside *s, size_t page, const void *want);
void inside_expect_load(struct inside *s, size_t page, uint64_t want);
void inside_expect_pvalidate(struct inside *s, size_t page, bool validate, uint64_t want);

/* coco_snp_vmsa.c: the VMSA of a vCPU that is about to be measured */
void snp_vmsa(struct kvm_vcpu *vcpu, void *page);

#endif /* SELFTEST_KVM_COCO_SNP_INSIDE_H */
