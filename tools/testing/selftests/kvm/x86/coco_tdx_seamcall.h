/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The leaves of the emulated TDX module, called by the test itself and not by
 * KVM: names and numbers, and a TD made of pages of the test.
 *
 * Leaves, operands and completion status are those of the Intel TDX Module ABI
 * Reference Specification, "Host-Side (SEAMCALL) Interface Functions".
 */
#ifndef SELFTEST_KVM_COCO_TDX_SEAMCALL_H
#define SELFTEST_KVM_COCO_TDX_SEAMCALL_H

#include <string.h>
#include <sys/mman.h>

#include "coco_tdx.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define TDX_SUCCESS			0x0000000000000000ul
#define TDX_ADDR_RANGE_ERROR		0xc000010100000000ul
#define TDX_PAGE_METADATA_INCORRECT	0xc000030000000000ul
#define TDX_TD_ASSOCIATED_PAGES_EXIST	0xc000040000000000ul
#define TDX_SYS_INIT_NOT_PENDING	0xc000050000000000ul
#define TDX_SYS_LP_INIT_DONE		0xc000050300000000ul
#define TDX_SYS_KEY_CONFIG_NOT_PENDING	0xc000050700000000ul
#define TDX_SYS_CONFIG_NOT_PENDING	0xc000050c00000000ul
#define TDX_TD_FATAL			0xe000060400000000ul
#define TDX_TDCS_NOT_ALLOCATED		0xc000060600000000ul
#define TDX_LIFECYCLE_STATE_INCORRECT	0xc000060700000000ul
#define TDX_OP_STATE_INCORRECT		0xc000060800000000ul
#define TDX_NO_VCPUS			0xc000060900000000ul
#define TDX_TDCX_NUM_INCORRECT		0xc000061000000000ul
#define TDX_X2APIC_ID_NOT_UNIQUE	0xc000062100000000ul
#define TDX_VCPU_STATE_INCORRECT	0xc000070000000000ul
#define TDX_VCPU_ASSOCIATED		0x8000070100000000ul
#define TDX_VCPU_NOT_ASSOCIATED		0x8000070200000000ul
#define TDX_MAX_VCPUS_EXCEEDED		0xc000070500000000ul
#define TDX_VMCS_FIELD_NOT_INITIALIZED	0xc000073000000000ul
#define TDX_TD_KEYS_NOT_CONFIGURED	0x8000081000000000ul
#define TDX_WBCACHE_NOT_COMPLETE	0x8000081700000000ul
#define TDX_HKID_NOT_FREE		0xc000082000000000ul
#define TDX_NO_HKID_READY_TO_WBCACHE	0x0000082100000000ul
#define TDX_WBCACHE_RESUME_ERROR	0xc000082300000000ul
#define TDX_FLUSHVP_NOT_DONE		0x8000082400000000ul
#define TDX_INCONSISTENT_MSR		0xc000092000000000ul
#define TDX_INCORRECT_MSR_VALUE		0xc000092100000000ul
#define TDX_EPT_WALK_FAILED		0xc0000b0000000000ul
#define TDX_EPT_ENTRY_NOT_PRESENT	0xc0000b0300000000ul
#define TDX_GPA_RANGE_NOT_BLOCKED	0xc0000b0600000000ul
#define TDX_GPA_RANGE_ALREADY_BLOCKED	0x00000b0700000000ul
#define TDX_TLB_TRACKING_NOT_DONE	0xc0000b0800000000ul
#define TDX_EPT_ENTRY_STATE_INCORRECT	0xc0000b0d00000000ul
#define TDX_FIELD_ID_INCORRECT		0xc0000c0000000000ul
#define TDX_FIELD_NOT_WRITABLE		0xc0000c0100000000ul
#define TDX_FIELD_VALUE_NOT_VALID	0xc0000c0300000000ul

/* Operand IDs */
#define RCX				1
#define RDX				2
#define R8				8
#define R9				9
#define ATTRIBUTES			64
#define XFAM				65
#define EXEC_CONTROLS			66
#define EPTP_CONTROLS			67
#define MAX_VCPUS			68
#define CPUID_CONFIG			69
#define TSC_FREQUENCY			70
#define NUM_L2_VMS			71
#define ARCH_CAPABILITIES		72

enum {
	VP_ENTER		= 0,
	MNG_ADDCX		= 1,
	MEM_PAGE_ADD		= 2,
	MEM_SEPT_ADD		= 3,
	VP_ADDCX		= 4,
	MEM_PAGE_AUG		= 6,
	MEM_RANGE_BLOCK		= 7,
	MNG_KEY_CONFIG		= 8,
	MNG_CREATE		= 9,
	VP_CREATE		= 10,
	MNG_RD			= 11,
	MR_EXTEND		= 16,
	MR_FINALIZE		= 17,
	VP_FLUSH		= 18,
	MNG_VPFLUSHDONE		= 19,
	MNG_KEY_FREEID		= 20,
	MNG_INIT		= 21,
	VP_INIT			= 22,
	PHYMEM_PAGE_RDMD	= 24,
	VP_RD			= 26,
	PHYMEM_PAGE_RECLAIM	= 28,
	MEM_PAGE_REMOVE		= 29,
	SYS_KEY_CONFIG		= 31,
	SYS_INIT		= 33,
	SYS_RD			= 34,
	SYS_LP_INIT		= 35,
	MEM_TRACK		= 38,
	PHYMEM_CACHE_WB		= 40,
	PHYMEM_PAGE_WBINVD	= 41,
	VP_WR			= 43,
	SYS_CONFIG		= 45,
	NO_LEAF			= 255,
};

#define VERSION_1			(1ul << 16)

/* The module has KeyIDs 1 to 16, 1 is its own. KVM takes the lowest that is free. */
#define GLOBAL_KEYID			1
#define KEYID				16
#define NO_KEYID			17

#define SHARED_GPA			BIT_ULL(47)

/* An address that is no memory, and one that has KeyID bits */
#define NO_MEMORY			BIT_ULL(38)
#define WITH_KEYID			BIT_ULL(51)

#define FIELD_CPUID_LEAVES		0x9900000300000400ul
#define FIELD_MAX_TDMRS			0x9100000100000008ul
#define FIELD_POSTED_VECTOR		0x0000000000000002ul
#define FIELD_POSTED_DESC		0x0000000000002016ul
#define FIELD_SHARED_EPT		0x000000000000203cul
#define FIELD_PIN_CONTROLS		0x0000000000004000ul
#define FIELD_PEND_NMI			0x200000000000000bul
#define FIELD_STATE_DETAILS		0x9100000000000100ul
#define PIN_POSTED			BIT_ULL(7)

#define GPA				(16ul << 20)
#define EXTEND_SIZE			256

/* How many pages the module can use at most, TDVPR included */
#define MAX_TDCS			9
#define MAX_TDVPS			15

/* TD_PARAMS */
struct td_params {
	uint64_t attributes;
	uint64_t xfam;
	uint16_t max_vcpus;
	uint8_t nr_l2_vms;
	uint8_t msr_config;
	uint8_t rsvd0[4];
	uint64_t eptp_controls;
	uint64_t config_flags;
	uint16_t tsc_frequency;
	uint8_t rsvd1[38];
	uint64_t mr[18];
	uint64_t arch_capabilities;
	uint8_t rsvd2[24];
	uint32_t cpuid[48][4];
};

static const struct td_params good_params = {
	.xfam = 3,
	.max_vcpus = 2,
	.eptp_controls = 0x1e,
	.tsc_frequency = 100,
};

enum {
	PAGE_TDR,
	PAGE_TDCS,
	PAGE_TDVPR = PAGE_TDCS + COCO_NR_TDCS,
	PAGE_TDVPX,
	PAGE_TDVPR_2 = PAGE_TDVPX + COCO_NR_TDVPX,
	PAGE_TDVPX_2,
	PAGE_SEPT = PAGE_TDVPX_2 + COCO_NR_TDVPX,	/* for levels 3, 2 and 1 */
	PAGE_DATA = PAGE_SEPT + 3,
	PAGE_MORE,
	PAGE_FREE = PAGE_MORE + MAX_TDVPS,
	PAGE_SOURCE,
	PAGE_PARAMS,
	NR_STRICT_PAGES,
};

FIXTURE(strict) {
	struct coco_emul_census census;
	uint8_t *pages;
	uint64_t pa[NR_STRICT_PAGES];
};

/* RAX, RCX, RDX, R8 and R9, as operands and as results */
struct regs {
	uint64_t rax, rcx, rdx, r8, r9;
};

static __maybe_unused struct regs seamcall(struct regs in)
{
	uint64_t v[5];

	coco_emul_call(v, 5, "SEAMCALL 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx", in.rax, in.rcx, in.rdx,
		       in.r8, in.r9);
	return (struct regs) { v[0], v[1], v[2], v[3], v[4] };
}

#define expect(_want, ...) ({						\
	struct regs in = { __VA_ARGS__ }, out = seamcall(in);		\
									\
	TEST_ASSERT(out.rax == (_want), "Leaf %lu: %s, got 0x%lx",	\
		    in.rax & 0xff, #_want, out.rax);			\
	out;								\
})

FIXTURE_SETUP(strict)
{
	int i;

	/* A vCPU stays with the CPU that it was used on. */
	coco_set_cpu(0);
	coco_pamt_census(&self->census);
	self->pages = coco_emul_locked_pages(NR_STRICT_PAGES);
	for (i = 0; i < NR_STRICT_PAGES; i++)
		self->pa[i] = coco_emul_pa(self->pages + i * PAGE_SIZE);
	memcpy(self->pages + PAGE_PARAMS * PAGE_SIZE, &good_params, sizeof(good_params));
}

FIXTURE_TEARDOWN(strict)
{
	coco_emul_census_expect(&self->census);
	munmap(self->pages, NR_STRICT_PAGES * PAGE_SIZE);
}

/* Steps of a launch, all of which go through */
static __maybe_unused void create(FIXTURE_DATA(strict) *self)
{
	expect(TDX_SUCCESS, MNG_CREATE, self->pa[PAGE_TDR], KEYID);
}

static __maybe_unused void create_with_key(FIXTURE_DATA(strict) *self)
{
	create(self);
	expect(TDX_SUCCESS, MNG_KEY_CONFIG, self->pa[PAGE_TDR]);
}

static __maybe_unused void add_tdcs(FIXTURE_DATA(strict) *self, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		expect(TDX_SUCCESS, MNG_ADDCX, self->pa[PAGE_TDCS + i], self->pa[PAGE_TDR]);
}

static __maybe_unused void create_and_init(FIXTURE_DATA(strict) *self)
{
	create_with_key(self);
	add_tdcs(self, COCO_NR_TDCS);
	expect(TDX_SUCCESS, MNG_INIT, self->pa[PAGE_TDR], self->pa[PAGE_PARAMS]);
}

static __maybe_unused void add_vcpu(FIXTURE_DATA(strict) *self, int tdvpr)
{
	int i;

	expect(TDX_SUCCESS, VP_CREATE, self->pa[tdvpr], self->pa[PAGE_TDR]);
	for (i = 1; i <= COCO_NR_TDVPX; i++)
		expect(TDX_SUCCESS, VP_ADDCX, self->pa[tdvpr + i], self->pa[tdvpr]);
}

static __maybe_unused void init_vcpu(FIXTURE_DATA(strict) *self)
{
	add_vcpu(self, PAGE_TDVPR);
	expect(TDX_SUCCESS, VP_INIT | VERSION_1, self->pa[PAGE_TDVPR], 0, 0);
}

/* The Secure EPT down to the table for GPA */
static __maybe_unused void add_sept(FIXTURE_DATA(strict) *self)
{
	int level;

	for (level = 3; level; level--)
		expect(TDX_SUCCESS, MEM_SEPT_ADD, (GPA & -(PAGE_SIZE << (9 * level))) | level,
		       self->pa[PAGE_TDR], self->pa[PAGE_SEPT + 3 - level]);
}

static __maybe_unused void add_page(FIXTURE_DATA(strict) *self)
{
	expect(TDX_SUCCESS, MEM_PAGE_ADD, GPA, self->pa[PAGE_TDR], self->pa[PAGE_DATA],
	       self->pa[PAGE_SOURCE]);
}

/* KeyIDs are in the address bits above those that the CPU has. */
static __maybe_unused uint64_t with_keyid(uint64_t pa, uint64_t keyid)
{
	return pa | keyid << this_cpu_property(X86_PROPERTY_MAX_PHY_ADDR);
}

static __maybe_unused void remove_page(FIXTURE_DATA(strict) *self)
{
	expect(TDX_SUCCESS, MEM_PAGE_REMOVE, GPA, self->pa[PAGE_TDR]);
	expect(TDX_SUCCESS, PHYMEM_PAGE_WBINVD, with_keyid(self->pa[PAGE_DATA], KEYID));
}

/* An interrupt may come at any time. */
static __maybe_unused void cache_wb(void)
{
	struct regs in = { PHYMEM_CACHE_WB, 0 }, out;

	while ((out = seamcall(in)).rax == TDX_INTERRUPTED_RESUMABLE)
		in.rcx = 1;
	TEST_ASSERT(out.rax == TDX_SUCCESS, "TDH.PHYMEM.CACHE.WB: got 0x%lx", out.rax);
}

static __maybe_unused void free_key(FIXTURE_DATA(strict) *self)
{
	expect(TDX_SUCCESS, MNG_VPFLUSHDONE, self->pa[PAGE_TDR]);
	cache_wb();
	expect(TDX_SUCCESS, MNG_KEY_FREEID, self->pa[PAGE_TDR]);
}

static __maybe_unused void reclaim(FIXTURE_DATA(strict) *self)
{
	int i;

	/* What the TD does not have is refused, and what it keeps shows at the TDR. */
	for (i = PAGE_TDR + 1; i < NR_STRICT_PAGES; i++)
		seamcall((struct regs) { PHYMEM_PAGE_RECLAIM, self->pa[i] });
	expect(TDX_SUCCESS, PHYMEM_PAGE_RECLAIM, self->pa[PAGE_TDR]);
	expect(TDX_SUCCESS, PHYMEM_PAGE_WBINVD, with_keyid(self->pa[PAGE_TDR], GLOBAL_KEYID));
}

static __maybe_unused void destroy(FIXTURE_DATA(strict) *self)
{
	seamcall((struct regs) { VP_FLUSH, self->pa[PAGE_TDVPR] });
	free_key(self);
	reclaim(self);
}

#endif /* SELFTEST_KVM_COCO_TDX_SEAMCALL_H */
