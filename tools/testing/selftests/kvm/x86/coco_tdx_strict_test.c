// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the emulated TDX module refuses: operands and orders that KVM never uses.
 * If it let them pass, the other tests would prove less.
 *
 * Leaves, operands and completion status are those of the Intel TDX Module ABI
 * Reference Specification, "Host-Side (SEAMCALL) Interface Functions".
 */
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
#define TDX_TD_KEYS_NOT_CONFIGURED	0x8000081000000000ul
#define TDX_WBCACHE_NOT_COMPLETE	0x8000081700000000ul
#define TDX_HKID_NOT_FREE		0xc000082000000000ul
#define TDX_NO_HKID_READY_TO_WBCACHE	0x0000082100000000ul
#define TDX_FLUSHVP_NOT_DONE		0x8000082400000000ul
#define TDX_EPT_WALK_FAILED		0xc0000b0000000000ul
#define TDX_EPT_ENTRY_NOT_PRESENT	0xc0000b0300000000ul
#define TDX_GPA_RANGE_NOT_BLOCKED	0xc0000b0600000000ul
#define TDX_GPA_RANGE_ALREADY_BLOCKED	0x00000b0700000000ul
#define TDX_TLB_TRACKING_NOT_DONE	0xc0000b0800000000ul
#define TDX_EPT_ENTRY_STATE_INCORRECT	0xc0000b0d00000000ul
#define TDX_FIELD_ID_INCORRECT		0xc0000c0000000000ul
#define TDX_FIELD_NOT_WRITABLE		0xc0000c0100000000ul

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

enum {
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
	PHYMEM_PAGE_RECLAIM	= 28,
	MEM_PAGE_REMOVE		= 29,
	VP_RD			= 26,
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
#define FIELD_PIN_CONTROLS		0x0000000000004000ul

#define GPA				(16ul << 20)
#define EXTEND_SIZE			256

/* TD_PARAMS */
struct td_params {
	uint64_t attributes;
	uint64_t xfam;
	uint16_t max_vcpus;
	uint8_t rsvd0[6];
	uint64_t eptp_controls;
	uint64_t config_flags;
	uint16_t tsc_frequency;
	uint8_t rsvd1[38];
	uint64_t mr[18];
	uint8_t rsvd2[32];
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
	PAGE_FREE,
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

static struct regs seamcall(struct regs in)
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
static void create(FIXTURE_DATA(strict) *self)
{
	expect(TDX_SUCCESS, MNG_CREATE, self->pa[PAGE_TDR], KEYID);
}

static void create_with_key(FIXTURE_DATA(strict) *self)
{
	create(self);
	expect(TDX_SUCCESS, MNG_KEY_CONFIG, self->pa[PAGE_TDR]);
}

static void add_tdcs(FIXTURE_DATA(strict) *self, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		expect(TDX_SUCCESS, MNG_ADDCX, self->pa[PAGE_TDCS + i], self->pa[PAGE_TDR]);
}

static void create_and_init(FIXTURE_DATA(strict) *self)
{
	create_with_key(self);
	add_tdcs(self, COCO_NR_TDCS);
	expect(TDX_SUCCESS, MNG_INIT, self->pa[PAGE_TDR], self->pa[PAGE_PARAMS]);
}

static void add_vcpu(FIXTURE_DATA(strict) *self, int tdvpr)
{
	int i;

	expect(TDX_SUCCESS, VP_CREATE, self->pa[tdvpr], self->pa[PAGE_TDR]);
	for (i = 1; i <= COCO_NR_TDVPX; i++)
		expect(TDX_SUCCESS, VP_ADDCX, self->pa[tdvpr + i], self->pa[tdvpr]);
}

static void init_vcpu(FIXTURE_DATA(strict) *self)
{
	add_vcpu(self, PAGE_TDVPR);
	expect(TDX_SUCCESS, VP_INIT | VERSION_1, self->pa[PAGE_TDVPR], 0, 0);
}

/* The Secure EPT down to the table for GPA */
static void add_sept(FIXTURE_DATA(strict) *self)
{
	int level;

	for (level = 3; level; level--)
		expect(TDX_SUCCESS, MEM_SEPT_ADD, (GPA & -(PAGE_SIZE << (9 * level))) | level,
		       self->pa[PAGE_TDR], self->pa[PAGE_SEPT + 3 - level]);
}

static void add_page(FIXTURE_DATA(strict) *self)
{
	expect(TDX_SUCCESS, MEM_PAGE_ADD, GPA, self->pa[PAGE_TDR], self->pa[PAGE_DATA],
	       self->pa[PAGE_SOURCE]);
}

static void free_key(FIXTURE_DATA(strict) *self)
{
	expect(TDX_SUCCESS, MNG_VPFLUSHDONE, self->pa[PAGE_TDR]);
	expect(TDX_SUCCESS, PHYMEM_CACHE_WB, 0);
	expect(TDX_SUCCESS, MNG_KEY_FREEID, self->pa[PAGE_TDR]);
}

static void reclaim(FIXTURE_DATA(strict) *self)
{
	int i;

	/* What the TD does not have is refused, and what it keeps shows at the TDR. */
	for (i = PAGE_TDR + 1; i < NR_STRICT_PAGES; i++)
		seamcall((struct regs) { PHYMEM_PAGE_RECLAIM, self->pa[i] });
	expect(TDX_SUCCESS, PHYMEM_PAGE_RECLAIM, self->pa[PAGE_TDR]);
}

static void destroy(FIXTURE_DATA(strict) *self)
{
	seamcall((struct regs) { VP_FLUSH, self->pa[PAGE_TDVPR] });
	free_key(self);
	reclaim(self);
}

TEST_F(strict, leaves)
{
	expect(TDX_OPERAND_INVALID, NO_LEAF);
	expect(TDX_OPERAND_INVALID, MNG_CREATE | VERSION_1, self->pa[PAGE_TDR], KEYID);
	expect(TDX_OPERAND_INVALID, MNG_CREATE | BIT_ULL(24), self->pa[PAGE_TDR], KEYID);
	expect(TDX_OPERAND_INVALID, MNG_CREATE | BIT_ULL(62), self->pa[PAGE_TDR], KEYID);
}

TEST_F(strict, module_is_initialized_once)
{
	struct regs out;

	expect(TDX_SYS_INIT_NOT_PENDING, SYS_INIT);
	expect(TDX_SYS_LP_INIT_DONE, SYS_LP_INIT);
	expect(TDX_SYS_CONFIG_NOT_PENDING, SYS_CONFIG, self->pa[PAGE_PARAMS], 1, GLOBAL_KEYID);
	expect(TDX_SYS_KEY_CONFIG_NOT_PENDING, SYS_KEY_CONFIG);

	out = expect(TDX_SUCCESS, SYS_RD, 0, FIELD_MAX_TDMRS);
	TEST_ASSERT(out.r8, "The module has no TDMRs");
	out = expect(TDX_SUCCESS, SYS_RD, 0, FIELD_CPUID_LEAVES);
	TEST_ASSERT(out.r8, "The module has no CPUID leaves");
	expect(TDX_FIELD_ID_INCORRECT, SYS_RD, 0, FIELD_MAX_TDMRS + 100);
	expect(TDX_FIELD_ID_INCORRECT, SYS_RD, 0, FIELD_CPUID_LEAVES - 1);
	expect(TDX_FIELD_ID_INCORRECT, SYS_RD, 0, FIELD_CPUID_LEAVES | BIT_ULL(62));
	expect(TDX_FIELD_ID_INCORRECT, SYS_RD, 0, FIELD_CPUID_LEAVES + BIT_ULL(32));
}

/* TDH.MNG.CREATE; the KeyID comes first. */
TEST_F(strict, mng_create)
{
	uint64_t tdr = self->pa[PAGE_TDR];

	expect(TDX_OPERAND_INVALID | RDX, MNG_CREATE, tdr, 0);
	expect(TDX_OPERAND_INVALID | RDX, MNG_CREATE, tdr, GLOBAL_KEYID);
	expect(TDX_OPERAND_INVALID | RDX, MNG_CREATE, tdr, NO_KEYID);
	expect(TDX_OPERAND_INVALID | RDX, MNG_CREATE, tdr, KEYID | BIT_ULL(32));
	expect(TDX_OPERAND_INVALID | RDX, MNG_CREATE, tdr + 8, 0);
	expect(TDX_OPERAND_INVALID | RCX, MNG_CREATE, tdr + 8, KEYID);
	expect(TDX_OPERAND_INVALID | RCX, MNG_CREATE, tdr | WITH_KEYID, KEYID);
	expect(TDX_ADDR_RANGE_ERROR | RCX, MNG_CREATE, NO_MEMORY, KEYID);

	create(self);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MNG_CREATE, tdr, KEYID - 1);
	expect(TDX_HKID_NOT_FREE, MNG_CREATE, self->pa[PAGE_FREE], KEYID);
	destroy(self);
}

/* TDH.MNG.KEY.CONFIG, ADDCX and INIT: one after the other */
TEST_F(strict, order_of_td)
{
	uint64_t tdr = self->pa[PAGE_TDR], params = self->pa[PAGE_PARAMS];
	uint64_t page = self->pa[PAGE_FREE];

	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MNG_KEY_CONFIG, tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RDX, MNG_ADDCX, page, tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MNG_INIT, tdr, params);

	create(self);
	expect(TDX_TD_KEYS_NOT_CONFIGURED, MNG_ADDCX, page, tdr);
	expect(TDX_TD_KEYS_NOT_CONFIGURED, MNG_INIT, tdr, params);
	expect(TDX_SUCCESS, MNG_KEY_CONFIG, tdr);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, MNG_KEY_CONFIG, tdr);

	add_tdcs(self, COCO_NR_TDCS - 1);
	expect(TDX_TDCX_NUM_INCORRECT, MNG_INIT, tdr, params);
	expect(TDX_TDCS_NOT_ALLOCATED, VP_CREATE, page, tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MNG_ADDCX, self->pa[PAGE_TDCS], tdr);
	expect(TDX_OPERAND_BUSY | RCX, MNG_ADDCX, tdr, tdr);
	expect(TDX_OPERAND_INVALID | RCX, MNG_ADDCX, page + 8, tdr);
	expect(TDX_SUCCESS, MNG_ADDCX, self->pa[PAGE_TDCS + COCO_NR_TDCS - 1], tdr);
	expect(TDX_TDCX_NUM_INCORRECT, MNG_ADDCX, page, tdr);

	expect(TDX_OP_STATE_INCORRECT, VP_CREATE, page, tdr);
	expect(TDX_OP_STATE_INCORRECT, MEM_SEPT_ADD, 3, tdr, page);
	expect(TDX_OP_STATE_INCORRECT, MEM_PAGE_ADD, GPA, tdr, page, self->pa[PAGE_SOURCE]);
	expect(TDX_OP_STATE_INCORRECT, MR_EXTEND, GPA, tdr);
	expect(TDX_OP_STATE_INCORRECT, MR_FINALIZE, tdr);
	expect(TDX_OP_STATE_INCORRECT, MNG_RD, tdr, 0);

	expect(TDX_OPERAND_INVALID | RDX, MNG_INIT, tdr, params + 8);
	expect(TDX_OPERAND_INVALID | RDX, MNG_INIT, tdr, NO_MEMORY);
	expect(TDX_SUCCESS, MNG_INIT, tdr, params);
	expect(TDX_OP_STATE_INCORRECT, MNG_INIT, tdr, params);
	expect(TDX_FIELD_ID_INCORRECT, MNG_RD, tdr, 0);
	destroy(self);
}

/* "TD_PARAMS": what is in the page is refused, and put right again. */
static void expect_bad_params(FIXTURE_DATA(strict) *self, uint64_t operand)
{
	expect(TDX_OPERAND_INVALID | operand, MNG_INIT, self->pa[PAGE_TDR], self->pa[PAGE_PARAMS]);
	memcpy(self->pages + PAGE_PARAMS * PAGE_SIZE, &good_params, sizeof(good_params));
}

TEST_F(strict, td_params)
{
	struct td_params *params = (void *)(self->pages + PAGE_PARAMS * PAGE_SIZE);

	create_with_key(self);
	add_tdcs(self, COCO_NR_TDCS);

	params->attributes = 1;
	expect_bad_params(self, ATTRIBUTES);
	params->attributes = BIT_ULL(63);
	expect_bad_params(self, ATTRIBUTES);
	params->xfam = 0;
	expect_bad_params(self, XFAM);
	params->xfam = 2;
	expect_bad_params(self, XFAM);
	params->xfam = BIT_ULL(9) | 3;
	expect_bad_params(self, XFAM);
	params->max_vcpus = 0;
	expect_bad_params(self, MAX_VCPUS);
	params->max_vcpus = 0xffff;
	expect_bad_params(self, MAX_VCPUS);
	params->eptp_controls = 0;
	expect_bad_params(self, EPTP_CONTROLS);
	params->eptp_controls = BIT_ULL(12) | 0x1e;
	expect_bad_params(self, EPTP_CONTROLS);
	/* Five levels, and a shared bit that needs them */
	params->eptp_controls = 0x26;
	expect_bad_params(self, EPTP_CONTROLS);
	params->config_flags = BIT_ULL(0);
	expect_bad_params(self, EPTP_CONTROLS);
	params->config_flags = BIT_ULL(63);
	expect_bad_params(self, EXEC_CONTROLS);
	params->tsc_frequency = 0;
	expect_bad_params(self, TSC_FREQUENCY);
	params->tsc_frequency = 401;
	expect_bad_params(self, TSC_FREQUENCY);
	params->rsvd0[5] = 1;
	expect_bad_params(self, RDX);
	params->rsvd1[0] = 1;
	expect_bad_params(self, RDX);
	params->rsvd2[31] = 1;
	expect_bad_params(self, RDX);
	params->cpuid[0][3] = 1;
	expect_bad_params(self, CPUID_CONFIG);
	params->cpuid[47][0] = 1;
	expect_bad_params(self, CPUID_CONFIG);

	expect(TDX_SUCCESS, MNG_INIT, self->pa[PAGE_TDR], self->pa[PAGE_PARAMS]);
	destroy(self);
}

/* TDH.VP.CREATE, ADDCX and INIT: one after the other */
TEST_F(strict, order_of_vcpu)
{
	uint64_t tdr = self->pa[PAGE_TDR], page = self->pa[PAGE_FREE];
	uint64_t vp = self->pa[PAGE_TDVPR], vp2 = self->pa[PAGE_TDVPR_2];

	create_and_init(self);
	expect(TDX_PAGE_METADATA_INCORRECT | RDX, VP_CREATE, vp, page);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, VP_CREATE, self->pa[PAGE_TDCS], tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RDX, VP_ADDCX, page, vp);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, VP_INIT, vp);

	expect(TDX_SUCCESS, VP_CREATE, vp, tdr);
	expect(TDX_TDCX_NUM_INCORRECT, VP_INIT, vp);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, VP_ADDCX, self->pa[PAGE_TDCS], vp);
	expect(TDX_OPERAND_BUSY | RCX, VP_ADDCX, vp, vp);
	destroy(self);

	create_and_init(self);
	add_vcpu(self, PAGE_TDVPR);
	expect(TDX_TDCX_NUM_INCORRECT, VP_ADDCX, page, vp);
	expect(TDX_VCPU_STATE_INCORRECT, VP_RD, vp, FIELD_POSTED_VECTOR);
	expect(TDX_VCPU_STATE_INCORRECT, VP_WR, vp, FIELD_POSTED_VECTOR, 0xf2, 0xff);
	expect(TDX_VCPU_NOT_ASSOCIATED, VP_FLUSH, vp);
	expect(TDX_OPERAND_INVALID | R8, VP_INIT | VERSION_1, vp, 0, BIT_ULL(32));
	expect(TDX_SUCCESS, VP_INIT | VERSION_1, vp, 0, 5);
	expect(TDX_VCPU_STATE_INCORRECT, VP_INIT | VERSION_1, vp, 0, 6);
	expect(TDX_VCPU_STATE_INCORRECT, VP_ADDCX, page, vp);

	add_vcpu(self, PAGE_TDVPR_2);
	expect(TDX_X2APIC_ID_NOT_UNIQUE, VP_INIT | VERSION_1, vp2, 0, 5);
	expect(TDX_SUCCESS, VP_INIT | VERSION_1, vp2, 0, 6);
	expect(TDX_SUCCESS, VP_FLUSH, vp2);
	destroy(self);
}

TEST_F(strict, max_vcpus)
{
	struct td_params *params = (void *)(self->pages + PAGE_PARAMS * PAGE_SIZE);

	params->max_vcpus = 1;
	create_and_init(self);
	init_vcpu(self);
	add_vcpu(self, PAGE_TDVPR_2);
	expect(TDX_MAX_VCPUS_EXCEEDED, VP_INIT | VERSION_1, self->pa[PAGE_TDVPR_2], 0, 1);
	destroy(self);
}

/* TDH.VP.RD, WR and FLUSH: the vCPU is on one CPU at a time. */
TEST_F(strict, vcpu_is_associated)
{
	uint64_t vp = self->pa[PAGE_TDVPR];
	struct regs out;

	create_and_init(self);
	init_vcpu(self);

	expect(TDX_FIELD_ID_INCORRECT, VP_RD, vp, 1);
	expect(TDX_FIELD_NOT_WRITABLE, VP_WR, vp, FIELD_PIN_CONTROLS, -1ul, -1ul);
	expect(TDX_SUCCESS, VP_WR, vp, FIELD_POSTED_VECTOR, 0x1f2, 0xff);
	out = expect(TDX_SUCCESS, VP_RD, vp, FIELD_POSTED_VECTOR);
	TEST_ASSERT_EQ(out.r8, 0xf2);

	coco_set_cpu(1);
	expect(TDX_VCPU_ASSOCIATED, VP_RD, vp, FIELD_POSTED_VECTOR);
	expect(TDX_VCPU_ASSOCIATED, VP_WR, vp, FIELD_POSTED_VECTOR, 0, 0xff);
	expect(TDX_VCPU_NOT_ASSOCIATED, VP_FLUSH, vp);
	expect(TDX_FLUSHVP_NOT_DONE, MNG_VPFLUSHDONE, self->pa[PAGE_TDR]);

	coco_set_cpu(0);
	expect(TDX_SUCCESS, VP_FLUSH, vp);
	coco_set_cpu(1);
	expect(TDX_SUCCESS, VP_RD, vp, FIELD_POSTED_VECTOR);
	destroy(self);
}

/* TDH.MEM.SEPT.ADD */
TEST_F(strict, sept_add)
{
	uint64_t tdr = self->pa[PAGE_TDR], page = self->pa[PAGE_FREE];
	struct regs out;

	create_and_init(self);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, 0, tdr, page);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, 4, tdr, page);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, BIT(3) | 3, tdr, page);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, GPA | 3, tdr, page);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, SHARED_GPA | 3, tdr, page);
	expect(TDX_PAGE_METADATA_INCORRECT | RDX, MEM_SEPT_ADD, 3, page, page);
	expect(TDX_PAGE_METADATA_INCORRECT | R8, MEM_SEPT_ADD, 3, tdr, self->pa[PAGE_TDCS]);
	expect(TDX_OPERAND_BUSY | R8, MEM_SEPT_ADD, 3, tdr, tdr);
	expect(TDX_OPERAND_INVALID | R8, MEM_SEPT_ADD, 3, tdr, page + 8);

	/* Level 2 needs a table at level 3; the entry there is free. */
	out = expect(TDX_EPT_WALK_FAILED | RCX, MEM_SEPT_ADD, 2, tdr, page);
	TEST_ASSERT(!out.rcx && out.rdx == 3, "Entry 0x%lx, level and state 0x%lx", out.rcx,
		    out.rdx);

	add_sept(self);
	out = expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_SEPT_ADD, 3, tdr, page);
	TEST_ASSERT((out.rcx & GENMASK_ULL(51, 12)) == self->pa[PAGE_SEPT],
		    "Entry 0x%lx, not of the table at 0x%lx", out.rcx, self->pa[PAGE_SEPT]);
	/* The entry comes before the page. */
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_SEPT_ADD, 3, tdr, tdr);
	destroy(self);
}

/* TDH.MEM.PAGE.ADD */
TEST_F(strict, page_add)
{
	uint64_t tdr = self->pa[PAGE_TDR], data = self->pa[PAGE_DATA];
	uint64_t page = self->pa[PAGE_FREE], source = self->pa[PAGE_SOURCE];

	create_and_init(self);
	expect(TDX_EPT_WALK_FAILED | RCX, MEM_PAGE_ADD, GPA, tdr, data, source);
	add_sept(self);

	expect(TDX_OPERAND_INVALID | RCX, MEM_PAGE_ADD, GPA | 1, tdr, data, source);
	expect(TDX_OPERAND_INVALID | RCX, MEM_PAGE_ADD, GPA | 8, tdr, data, source);
	expect(TDX_OPERAND_INVALID | RCX, MEM_PAGE_ADD, SHARED_GPA | GPA, tdr, data, source);
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA, tdr, data, source + 8);
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA, tdr, data, source | WITH_KEYID);
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA, tdr, data, NO_MEMORY);
	expect(TDX_OPERAND_INVALID | R8, MEM_PAGE_ADD, GPA, tdr, data + 8, source);
	expect(TDX_OPERAND_INVALID | R8, MEM_PAGE_ADD, GPA, tdr, data | WITH_KEYID, source);
	expect(TDX_ADDR_RANGE_ERROR | R8, MEM_PAGE_ADD, GPA, tdr, NO_MEMORY, source);
	expect(TDX_PAGE_METADATA_INCORRECT | R8, MEM_PAGE_ADD, GPA, tdr, self->pa[PAGE_TDCS],
	       source);
	expect(TDX_OPERAND_BUSY | R8, MEM_PAGE_ADD, GPA, tdr, tdr, source);
	/* The source comes before the page. */
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA, tdr, tdr, source + 8);

	add_page(self);
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_PAGE_ADD, GPA, tdr, page, source);
	expect(TDX_PAGE_METADATA_INCORRECT | R8, MEM_PAGE_ADD, GPA + PAGE_SIZE, tdr, data, source);
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA + PAGE_SIZE, tdr, page, data);
	destroy(self);
}

/* TDH.MR.EXTEND and FINALIZE */
TEST_F(strict, measurement)
{
	uint64_t tdr = self->pa[PAGE_TDR];

	create_and_init(self);
	expect(TDX_EPT_ENTRY_NOT_PRESENT | RCX, MR_EXTEND, GPA, tdr);
	add_sept(self);
	expect(TDX_EPT_ENTRY_NOT_PRESENT | RCX, MR_EXTEND, GPA, tdr);
	add_page(self);
	expect(TDX_OPERAND_INVALID | RCX, MR_EXTEND, GPA + EXTEND_SIZE / 2, tdr);
	expect(TDX_OPERAND_INVALID | RCX, MR_EXTEND, SHARED_GPA | GPA, tdr);
	expect(TDX_SUCCESS, MR_EXTEND, GPA + PAGE_SIZE - EXTEND_SIZE, tdr);
	expect(TDX_EPT_ENTRY_NOT_PRESENT | RCX, MR_EXTEND, GPA + PAGE_SIZE, tdr);

	expect(TDX_NO_VCPUS, MR_FINALIZE, tdr);
	init_vcpu(self);
	expect(TDX_SUCCESS, MR_FINALIZE, tdr);

	expect(TDX_OP_STATE_INCORRECT, MR_FINALIZE, tdr);
	expect(TDX_OP_STATE_INCORRECT, MR_EXTEND, GPA, tdr);
	expect(TDX_OP_STATE_INCORRECT, MEM_PAGE_ADD, GPA + PAGE_SIZE, tdr, self->pa[PAGE_FREE],
	       self->pa[PAGE_SOURCE]);
	expect(TDX_OP_STATE_INCORRECT, VP_CREATE, self->pa[PAGE_FREE], tdr);
	destroy(self);
}

/* TDH.MEM.RANGE.BLOCK, TRACK and PAGE.REMOVE */
TEST_F(strict, page_remove)
{
	uint64_t tdr = self->pa[PAGE_TDR];

	create_and_init(self);
	add_sept(self);
	init_vcpu(self);
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_RANGE_BLOCK, GPA, tdr);

	/* Before the TD can run no TLB has anything. */
	add_page(self);
	expect(TDX_SUCCESS, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, PHYMEM_PAGE_RECLAIM, self->pa[PAGE_DATA]);

	add_page(self);
	expect(TDX_SUCCESS, MR_FINALIZE, tdr);
	expect(TDX_GPA_RANGE_NOT_BLOCKED | RCX, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_SUCCESS, MEM_TRACK, tdr);
	expect(TDX_GPA_RANGE_NOT_BLOCKED | RCX, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_SUCCESS, MEM_RANGE_BLOCK, GPA, tdr);
	expect(TDX_GPA_RANGE_ALREADY_BLOCKED | RCX, MEM_RANGE_BLOCK, GPA, tdr);
	expect(TDX_TLB_TRACKING_NOT_DONE | RCX, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_SUCCESS, MEM_TRACK, tdr);
	expect(TDX_SUCCESS, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_PAGE_REMOVE, GPA, tdr);

	/* Below a blocked table nothing can be reached. */
	expect(TDX_SUCCESS, MEM_RANGE_BLOCK, GPA | 1, tdr);
	expect(TDX_EPT_WALK_FAILED | RCX, MEM_PAGE_AUG, GPA, tdr, self->pa[PAGE_FREE]);
	destroy(self);
}

/* From TDH.MNG.VPFLUSHDONE to TDH.PHYMEM.PAGE.RECLAIM */
TEST_F(strict, order_of_teardown)
{
	uint64_t tdr = self->pa[PAGE_TDR], data = self->pa[PAGE_DATA];

	create_and_init(self);
	add_sept(self);
	add_page(self);
	init_vcpu(self);

	expect(TDX_NO_HKID_READY_TO_WBCACHE, PHYMEM_CACHE_WB, 0);
	expect(TDX_OPERAND_INVALID | RCX, PHYMEM_CACHE_WB, 2);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, MNG_KEY_FREEID, tdr);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, PHYMEM_PAGE_RECLAIM, data);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, PHYMEM_PAGE_RECLAIM, tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, PHYMEM_PAGE_WBINVD, data);
	expect(TDX_FLUSHVP_NOT_DONE, MNG_VPFLUSHDONE, tdr);

	expect(TDX_SUCCESS, VP_FLUSH, self->pa[PAGE_TDVPR]);
	expect(TDX_SUCCESS, MNG_VPFLUSHDONE, tdr);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, MNG_VPFLUSHDONE, tdr);
	expect(TDX_TD_KEYS_NOT_CONFIGURED, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_TD_KEYS_NOT_CONFIGURED, VP_FLUSH, self->pa[PAGE_TDVPR]);
	expect(TDX_WBCACHE_NOT_COMPLETE, MNG_KEY_FREEID, tdr);
	expect(TDX_HKID_NOT_FREE, MNG_CREATE, self->pa[PAGE_FREE], KEYID);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, PHYMEM_PAGE_RECLAIM, data);

	expect(TDX_SUCCESS, PHYMEM_CACHE_WB, 0);
	expect(TDX_SUCCESS, MNG_KEY_FREEID, tdr);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, MNG_KEY_FREEID, tdr);
	expect(TDX_TD_ASSOCIATED_PAGES_EXIST, PHYMEM_PAGE_RECLAIM, tdr);
	expect(TDX_OPERAND_INVALID | RCX, PHYMEM_PAGE_RECLAIM, data + 8);
	expect(TDX_ADDR_RANGE_ERROR | RCX, PHYMEM_PAGE_RECLAIM, NO_MEMORY);
	expect(TDX_SUCCESS, PHYMEM_PAGE_RECLAIM, data);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, PHYMEM_PAGE_RECLAIM, data);
	expect(TDX_SUCCESS, PHYMEM_PAGE_WBINVD, data);
	reclaim(self);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, PHYMEM_PAGE_RECLAIM, tdr);
}

/* Where hardware has a machine check, the emulator counts: pages of any type. */
TEST_F(strict, host_writes)
{
	static const int pages[] = { PAGE_TDR, PAGE_TDCS, PAGE_TDVPR, PAGE_TDVPX, PAGE_DATA };
	int i;

	create_and_init(self);
	add_sept(self);
	add_page(self);
	init_vcpu(self);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		self->pages[pages[i] * PAGE_SIZE + 99]++;
	destroy(self);

	self->census.value[COCO_PAMT_HOST_WRITES] += ARRAY_SIZE(pages);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
