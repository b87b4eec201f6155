// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the emulated SEV-SNP host refuses: operands and orders that KVM and the
 * ccp driver never use. If it let them pass, the other tests would prove less.
 *
 * Sections are those of the AMD64 Architecture Programmer's Manual, volume 3, for
 * the instructions, and of the SEV Secure Nested Paging Firmware ABI
 * Specification for the commands.
 */
#include <string.h>
#include <sys/mman.h>

#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define RMP_4K			0
#define RMP_2M			1

/* An address that is no memory, but that the CPU can address */
#define NO_MEMORY		BIT_ULL(39)

/* No other guest is there, so these are free. */
#define ASID			7
#define OTHER_ASID		6

#define GPA			BIT_ULL(32)

static const struct snp_rmp_state hypervisor = { };
static const struct snp_rmp_state firmware_owned = { .assigned = 1, .immutable = 1 };
static const struct snp_rmp_state pre_guest = {
	.assigned = 1, .immutable = 1, .asid = ASID, .gpa = GPA,
};
static const struct snp_rmp_state of_other = {
	.assigned = 1, .immutable = 1, .asid = OTHER_ASID, .gpa = GPA,
};
static const struct snp_rmp_state guest_invalid = { .assigned = 1, .asid = ASID, .gpa = GPA };

static void expect_rmpupdate(uint64_t pa, const struct snp_rmp_state *new, uint64_t want,
			     const char *what)
{
	uint64_t ret = snp_rmpupdate(pa, new);

	TEST_ASSERT(ret == want, "RMPUPDATE of 0x%lx, %s: %lu, wanted %lu", pa, what, ret, want);
}

static void expect_psmash(uint64_t pa, uint64_t want, const char *what)
{
	uint64_t ret;

	coco_emul_call(&ret, 1, "PSMASH 0x%lx", pa);
	TEST_ASSERT(ret == want, "PSMASH of 0x%lx, %s: %lu, wanted %lu", pa, what, ret, want);
}

/* "Command Identifiers" */
enum {
	SNP_DF_FLUSH		= 0x084,
	SNP_INIT_EX		= 0x085,
	SNP_SHUTDOWN_EX		= 0x086,
	SNP_DECOMMISSION	= 0x090,
	SNP_ACTIVATE		= 0x091,
	SNP_GCTX_CREATE		= 0x093,
	SNP_LAUNCH_START	= 0x0a0,
	SNP_LAUNCH_UPDATE	= 0x0a1,
	SNP_LAUNCH_FINISH	= 0x0a2,
	SNP_PAGE_RECLAIM	= 0x0c7,
	SNP_FEATURE_INFO	= 0x0ce,
	NO_COMMAND		= 0x0ff,
};

struct launch_start {
	uint64_t gctx;
	uint64_t policy;
	uint64_t ma_gctx;
	uint32_t flags;
	uint32_t tsc_khz;
	uint8_t gosvw[16];
};

#define LAUNCH_START_MA_EN	BIT(0)
#define LAUNCH_START_IMI_EN	BIT(1)

struct activate {
	uint64_t gctx;
	uint32_t asid;
};

struct launch_update {
	uint64_t gctx;
	uint32_t flags;
	uint32_t rsvd1;
	uint64_t address;
	uint32_t perms;
	uint32_t rsvd2;
};

#define LAUNCH_UPDATE_2M	BIT(0)
#define LAUNCH_UPDATE_TYPE(t)	((t) << 1)
#define LAUNCH_UPDATE_IMI	BIT(4)

struct launch_finish {
	uint64_t gctx;
	uint64_t id_block;
	uint64_t id_auth;
	uint64_t flags;
	uint8_t host_data[32];
};

#define LAUNCH_FINISH_AUTH_KEY	BIT(1)

struct shutdown_ex {
	uint32_t len;
	uint32_t flags;
};

struct feature_info {
	uint32_t len;
	uint32_t ecx;
	uint64_t address;
};

enum {
	PAGE_COMMAND,		/* holds the command */
	PAGE_GCTX,
	PAGE_OTHER_GCTX,
	PAGE_DATA,
	NR_STRICT_PAGES,
};

FIXTURE(strict) {
	struct coco_emul_census census;
	uint8_t *pages;
	uint64_t pa[NR_STRICT_PAGES];
};

FIXTURE_SETUP(strict)
{
	int i;

	/* After guests of earlier tests */
	TEST_ASSERT(!snp_firmware(SNP_DF_FLUSH, 0), "SNP_DF_FLUSH");
	snp_census_read(&self->census);
	self->pages = coco_emul_locked_pages(NR_STRICT_PAGES);
	for (i = 0; i < NR_STRICT_PAGES; i++)
		self->pa[i] = coco_emul_pa(self->pages + i * PAGE_SIZE);
}

FIXTURE_TEARDOWN(strict)
{
	coco_emul_census_expect(&self->census);
	munmap(self->pages, NR_STRICT_PAGES * PAGE_SIZE);
}

static void *page(FIXTURE_DATA(strict) *self, int i)
{
	return self->pages + i * PAGE_SIZE;
}

static void expect_firmware_at(uint64_t pa, unsigned int id, uint64_t want, const char *what)
{
	uint64_t ret = snp_firmware(id, pa);

	TEST_ASSERT(ret == want, "Command 0x%x, %s: status 0x%lx, wanted 0x%lx", id, what, ret,
		    want);
}

static void expect_firmware(FIXTURE_DATA(strict) *self, unsigned int id, const void *command,
			    size_t len, uint64_t want, const char *what)
{
	memset(page(self, PAGE_COMMAND), 0, PAGE_SIZE);
	memcpy(page(self, PAGE_COMMAND), command, len);
	expect_firmware_at(self->pa[PAGE_COMMAND], id, want, what);
}

/* Commands whose only operand is an address */
static void expect_address(FIXTURE_DATA(strict) *self, unsigned int id, uint64_t pa,
			   uint64_t want, const char *what)
{
	expect_firmware(self, id, &pa, sizeof(pa), want, what);
}

static void expect_start(FIXTURE_DATA(strict) *self, int gctx, uint64_t policy, uint32_t flags,
			 uint64_t want, const char *what)
{
	struct launch_start start = {
		.gctx = self->pa[gctx],
		.policy = policy,
		.flags = flags,
	};

	expect_firmware(self, SNP_LAUNCH_START, &start, sizeof(start), want, what);
}

static void expect_activate(FIXTURE_DATA(strict) *self, int gctx, uint32_t asid, uint64_t want,
			    const char *what)
{
	struct activate activate = { .gctx = self->pa[gctx], .asid = asid };

	expect_firmware(self, SNP_ACTIVATE, &activate, sizeof(activate), want, what);
}

static void expect_update(FIXTURE_DATA(strict) *self, uint64_t pa, uint32_t flags, uint64_t want,
			  const char *what)
{
	struct launch_update update = {
		.gctx = self->pa[PAGE_GCTX],
		.flags = flags,
		.address = pa,
	};

	expect_firmware(self, SNP_LAUNCH_UPDATE, &update, sizeof(update), want, what);
}

#define NORMAL	LAUNCH_UPDATE_TYPE(KVM_SEV_SNP_PAGE_TYPE_NORMAL)

static void expect_finish(FIXTURE_DATA(strict) *self, uint64_t flags, uint64_t want,
			  const char *what)
{
	struct launch_finish finish = { .gctx = self->pa[PAGE_GCTX], .flags = flags };

	expect_firmware(self, SNP_LAUNCH_FINISH, &finish, sizeof(finish), want, what);
}

/* What RMPREAD stores */
static void expect_rmp(FIXTURE_DATA(strict) *self, int i, const struct snp_rmp_state *want,
		       const char *what)
{
	struct snp_rmp_state got;
	uint64_t result[3];

	coco_emul_call(result, 3, "RMPREAD 0x%lx", self->pa[i]);
	memcpy(&got, &result[1], sizeof(got));
	TEST_ASSERT(result[0] == RMP_OK && !memcmp(&got, want, sizeof(got)),
		    "%s: %lu, assigned %u, immutable %u, ASID %u, GPA 0x%lx, wanted %u, %u, %u, 0x%lx",
		    what, result[0], got.assigned, got.immutable, got.asid, got.gpa,
		    want->assigned, want->immutable, want->asid, want->gpa);
}

static void take_page(FIXTURE_DATA(strict) *self, int i, const struct snp_rmp_state *state)
{
	expect_rmpupdate(self->pa[i], state, RMP_OK, "from the hypervisor");
}

/* The way back for a page that is immutable */
static void reclaim_page(FIXTURE_DATA(strict) *self, int i)
{
	expect_address(self, SNP_PAGE_RECLAIM, self->pa[i], SEV_RET_SUCCESS, "to give it back");
	expect_rmpupdate(self->pa[i], &hypervisor, RMP_OK, "to the hypervisor");
}

static void create_context(FIXTURE_DATA(strict) *self, int i)
{
	take_page(self, i, &firmware_owned);
	expect_address(self, SNP_GCTX_CREATE, self->pa[i], SEV_RET_SUCCESS, "context");
}

/* Afterwards the ASID can be used again. */
static void destroy_context(FIXTURE_DATA(strict) *self, int i)
{
	expect_address(self, SNP_DECOMMISSION, self->pa[i], SEV_RET_SUCCESS, "context");
	expect_firmware_at(0, SNP_DF_FLUSH, SEV_RET_SUCCESS, "after a guest");
	reclaim_page(self, i);
}

/* Up to the first launch update */
static void start_guest(FIXTURE_DATA(strict) *self)
{
	create_context(self, PAGE_GCTX);
	expect_start(self, PAGE_GCTX, snp_default_policy(), 0, SEV_RET_SUCCESS, "guest");
	expect_activate(self, PAGE_GCTX, ASID, SEV_RET_SUCCESS, "guest");
}

/* "RMPUPDATE": FAIL_INPUT */
TEST_F(strict, rmpupdate_input)
{
	static const struct {
		struct snp_rmp_state state;
		const char *what;
	} bad[] = {
		{ { .assigned = 2 }, "assigned is not a bit" },
		{ { .assigned = 1, .pagesize = 2 }, "page size is not a bit" },
		{ { .assigned = 1, .immutable = 2 }, "immutable is not a bit" },
		{ { .assigned = 1, .rsvd = 1 }, "reserved" },
		{ { .assigned = 1, .asid = ASID, .gpa = GPA + 1 }, "unaligned GPA" },
		{ { .assigned = 1, .gpa = GPA }, "GPA without a guest" },
		{ { .asid = ASID }, "ASID, but not assigned" },
		{ { .immutable = 1 }, "immutable, but not assigned" },
	};
	uint64_t pa = self->pa[PAGE_DATA];
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		expect_rmpupdate(pa, &bad[i].state, RMP_FAIL_INPUT, bad[i].what);

	expect_rmpupdate(pa + 1, &guest_invalid, RMP_FAIL_INPUT, "unaligned address");
	expect_rmpupdate(pa + PAGE_SIZE / 2, &guest_invalid, RMP_FAIL_INPUT, "unaligned address");
	expect_rmpupdate(NO_MEMORY, &guest_invalid, RMP_FAIL_INPUT, "no memory");
}

/* "RMPUPDATE": FAIL_PERMISSION, as long as the page is the firmware's */
TEST_F(strict, rmpupdate_immutable)
{
	static const struct snp_rmp_state *const states[] = { &firmware_owned, &pre_guest };
	uint64_t pa = self->pa[PAGE_DATA];
	int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		take_page(self, PAGE_DATA, states[i]);
		expect_rmpupdate(pa, &hypervisor, RMP_FAIL_PERMISSION, "to the hypervisor");
		expect_rmpupdate(pa, &guest_invalid, RMP_FAIL_PERMISSION, "to a guest");
		expect_rmpupdate(pa, states[i], RMP_FAIL_PERMISSION, "to what it is");
		reclaim_page(self, PAGE_DATA);
	}
}

/* "RMPUPDATE": FAIL_OVERLAP; "PSMASH" */
TEST_F(strict, page_sizes)
{
	const struct snp_rmp_state large = {
		.assigned = 1, .pagesize = RMP_2M, .asid = ASID, .gpa = GPA,
	};
	const struct snp_rmp_state large_unaligned = {
		.assigned = 1, .pagesize = RMP_2M, .asid = ASID, .gpa = GPA + PAGE_SIZE,
	};
	const struct snp_rmp_state large_firmware = {
		.assigned = 1, .pagesize = RMP_2M, .immutable = 1, .asid = ASID, .gpa = GPA,
	};
	const struct snp_rmp_state large_hypervisor = { .pagesize = RMP_2M };
	uint8_t *mem = snp_map_pages(2 * SZ_2M / PAGE_SIZE), *huge;
	uint64_t pa;
	int i;

	huge = (void *)(((uintptr_t)mem + SZ_2M - 1) & ~(SZ_2M - 1ul));
	TEST_ASSERT(!madvise(huge, SZ_2M, MADV_HUGEPAGE) && !mlock(huge, SZ_2M),
		    "No huge page, errno %d", errno);
	pa = coco_emul_pa(huge);
	TEST_ASSERT(!(pa % SZ_2M), "No huge page, but one at 0x%lx", pa);

	expect_rmpupdate(pa + PAGE_SIZE, &large, RMP_FAIL_INPUT, "2 MiB, unaligned address");
	expect_rmpupdate(pa, &large_unaligned, RMP_FAIL_INPUT, "2 MiB, unaligned GPA");

	/* A 4 KiB page in the way */
	expect_rmpupdate(pa + 7 * PAGE_SIZE, &guest_invalid, RMP_OK, "4 KiB");
	expect_rmpupdate(pa, &large, RMP_FAIL_OVERLAP, "2 MiB over 4 KiB");
	expect_psmash(pa, RMP_FAIL_INPUT, "no 2 MiB entry");
	expect_rmpupdate(pa + 7 * PAGE_SIZE, &hypervisor, RMP_OK, "4 KiB");

	expect_rmpupdate(pa, &large, RMP_OK, "2 MiB");
	expect_rmpupdate(pa + 7 * PAGE_SIZE, &hypervisor, RMP_FAIL_OVERLAP, "4 KiB in 2 MiB");
	expect_psmash(pa + PAGE_SIZE, RMP_FAIL_INPUT, "unaligned");
	expect_psmash(NO_MEMORY, RMP_FAIL_INPUT, "no memory");
	expect_psmash(pa, RMP_OK, "2 MiB entry");
	expect_psmash(pa, RMP_FAIL_INPUT, "twice");
	for (i = 0; i < SZ_2M / PAGE_SIZE; i++)
		expect_rmpupdate(pa + i * PAGE_SIZE, &hypervisor, RMP_OK, "after PSMASH");

	/* "SNP_LAUNCH_UPDATE" and "SNP_PAGE_RECLAIM" of a page of another size */
	start_guest(self);
	expect_rmpupdate(pa, &large_firmware, RMP_OK, "2 MiB");
	expect_psmash(pa, RMP_FAIL_PERMISSION, "immutable");
	expect_update(self, pa, NORMAL, SEV_RET_INVALID_PAGE_SIZE, "4 KiB of 2 MiB");
	expect_update(self, pa + PAGE_SIZE, NORMAL, SEV_RET_INVALID_PAGE_SIZE, "4 KiB of 2 MiB");
	expect_address(self, SNP_PAGE_RECLAIM, pa, SEV_RET_INVALID_PAGE_SIZE, "4 KiB of 2 MiB");
	destroy_context(self, PAGE_GCTX);
	expect_address(self, SNP_PAGE_RECLAIM, pa | 1, SEV_RET_SUCCESS, "2 MiB");
	expect_rmpupdate(pa, &large_hypervisor, RMP_OK, "2 MiB");

	expect_rmpupdate(pa, &firmware_owned, RMP_OK, "4 KiB");
	expect_address(self, SNP_PAGE_RECLAIM, pa | 1, SEV_RET_INVALID_PAGE_SIZE, "2 MiB of 4 KiB");
	expect_address(self, SNP_PAGE_RECLAIM, pa, SEV_RET_SUCCESS, "4 KiB");
	expect_rmpupdate(pa, &hypervisor, RMP_OK, "4 KiB");

	munmap(mem, 2 * SZ_2M);
}

/* Where hardware has an RMP fault, the emulator counts. */
TEST_F(strict, host_writes)
{
	volatile uint8_t *data = page(self, PAGE_DATA);

	take_page(self, PAGE_DATA, &guest_invalid);
	(*data)++;
	take_page(self, PAGE_DATA, &hypervisor);
	self->census.value[SNP_HOST_WRITES]++;
	coco_emul_census_expect(&self->census);

	/* Plain text that comes after the page was given to the guest */
	take_page(self, PAGE_DATA, &pre_guest);
	(*data)++;
	reclaim_page(self, PAGE_DATA);
	self->census.value[SNP_HOST_WRITES]++;
	coco_emul_census_expect(&self->census);

	/* Before and after it may write. */
	(*data)++;
	take_page(self, PAGE_DATA, &guest_invalid);
	take_page(self, PAGE_DATA, &hypervisor);
	(*data)++;
}

TEST_F(strict, commands)
{
	struct shutdown_ex shutdown = { .len = sizeof(shutdown) };
	struct feature_info info = {
		.len = sizeof(info),
		.address = self->pa[PAGE_DATA],
	};

	expect_firmware_at(self->pa[PAGE_COMMAND], NO_COMMAND, SEV_RET_INVALID_COMMAND, "unknown");
	expect_firmware_at(NO_MEMORY, SNP_LAUNCH_START, SEV_RET_INVALID_ADDRESS, "no memory");
	expect_firmware_at(self->pa[PAGE_COMMAND], SNP_INIT_EX, SEV_RET_INVALID_PLATFORM_STATE,
			   "once more");

	/* "SNP_FEATURE_INFO": the page is the firmware's, there is one subfunction */
	expect_firmware(self, SNP_FEATURE_INFO, &info, sizeof(info), SEV_RET_INVALID_PAGE_STATE,
			"to a page of the hypervisor");
	take_page(self, PAGE_DATA, &firmware_owned);
	expect_firmware(self, SNP_FEATURE_INFO, &info, sizeof(info), SEV_RET_SUCCESS,
			"to a page of the firmware");
	info.ecx = 7;
	expect_firmware(self, SNP_FEATURE_INFO, &info, sizeof(info), SEV_RET_INVALID_PARAM,
			"subfunction");
	info.len--;
	expect_firmware(self, SNP_FEATURE_INFO, &info, sizeof(info), SEV_RET_INVALID_LEN,
			"length");
	reclaim_page(self, PAGE_DATA);

	/* "SNP_SHUTDOWN_EX"; coco_snp_platform_test has more of it. */
	expect_firmware(self, SNP_SHUTDOWN_EX, &shutdown, sizeof(shutdown),
			SEV_RET_INVALID_PLATFORM_STATE, "before SHUTDOWN");
}

/* "SNP_GCTX_CREATE", "SNP_DECOMMISSION", "SNP_PAGE_RECLAIM" */
TEST_F(strict, pages_of_the_firmware)
{
	uint64_t gctx = self->pa[PAGE_GCTX];

	expect_address(self, SNP_GCTX_CREATE, gctx, SEV_RET_INVALID_PAGE_STATE, "hypervisor page");
	expect_address(self, SNP_GCTX_CREATE, NO_MEMORY, SEV_RET_INVALID_PAGE_STATE, "no memory");
	expect_address(self, SNP_DECOMMISSION, gctx, SEV_RET_INVALID_GUEST, "no context");
	expect_address(self, SNP_DECOMMISSION, gctx + 8, SEV_RET_INVALID_PARAM, "unaligned");

	take_page(self, PAGE_GCTX, &firmware_owned);
	expect_address(self, SNP_GCTX_CREATE, gctx + 8, SEV_RET_INVALID_PARAM, "unaligned");
	expect_address(self, SNP_PAGE_RECLAIM, gctx | 2, SEV_RET_INVALID_PARAM, "reserved bits");
	expect_address(self, SNP_PAGE_RECLAIM, NO_MEMORY, SEV_RET_INVALID_ADDRESS, "no memory");
	expect_address(self, SNP_GCTX_CREATE, gctx, SEV_RET_SUCCESS, "firmware page");
	expect_address(self, SNP_GCTX_CREATE, gctx, SEV_RET_INVALID_PAGE_STATE, "context page");
	expect_address(self, SNP_PAGE_RECLAIM, gctx, SEV_RET_INVALID_PAGE_STATE, "context page");
	expect_rmpupdate(gctx, &hypervisor, RMP_FAIL_PERMISSION, "context page");
	destroy_context(self, PAGE_GCTX);
	expect_address(self, SNP_DECOMMISSION, gctx, SEV_RET_INVALID_GUEST, "twice");
}

/*
 * "SNP_PAGE_RECLAIM": what is not immutable need not be reclaimed, and a page that
 * was to become a guest's is that guest's afterwards.
 */
TEST_F(strict, page_reclaim)
{
	static const struct snp_rmp_state reclaimed = { .assigned = 1 };
	uint64_t data = self->pa[PAGE_DATA];

	expect_address(self, SNP_PAGE_RECLAIM, data, SEV_RET_SUCCESS, "hypervisor page");
	expect_rmp(self, PAGE_DATA, &hypervisor, "Hypervisor page");

	take_page(self, PAGE_DATA, &firmware_owned);
	expect_rmp(self, PAGE_DATA, &firmware_owned, "Firmware page");
	expect_address(self, SNP_PAGE_RECLAIM, data, SEV_RET_SUCCESS, "firmware page");
	expect_rmp(self, PAGE_DATA, &reclaimed, "Firmware page, reclaimed");
	expect_address(self, SNP_PAGE_RECLAIM, data, SEV_RET_SUCCESS, "twice");
	expect_rmp(self, PAGE_DATA, &reclaimed, "Firmware page, reclaimed twice");

	take_page(self, PAGE_DATA, &pre_guest);
	expect_address(self, SNP_PAGE_RECLAIM, data, SEV_RET_SUCCESS, "pre-guest page");
	expect_rmp(self, PAGE_DATA, &guest_invalid, "Pre-guest page, reclaimed");
	expect_address(self, SNP_PAGE_RECLAIM, data, SEV_RET_SUCCESS, "guest-invalid page");
	expect_rmp(self, PAGE_DATA, &guest_invalid, "Guest-invalid page, reclaimed");
	take_page(self, PAGE_DATA, &hypervisor);
}

/* "SNP_LAUNCH_START": what the policy must and must not have */
TEST_F(strict, policies)
{
	const uint64_t base = snp_default_policy();
	static const struct {
		uint64_t bits;
		const char *what;
	} bad[] = {
		{ 1 << 8 | 56, "ABI 1.56" },
		{ 2 << 8, "ABI 2.0" },
		{ BIT_ULL(21), "CXL" },
		{ BIT_ULL(22), "AES-256-XTS" },
		{ BIT_ULL(23), "RAPL disabled" },
		{ BIT_ULL(24), "ciphertext hiding" },
		{ BIT_ULL(25), "page swap disabled" },
		{ BIT_ULL(26), "reserved" },
		{ BIT_ULL(63), "reserved" },
	};
	int i;

	create_context(self, PAGE_GCTX);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		expect_start(self, PAGE_GCTX, base | bad[i].bits, 0, SEV_RET_POLICY_FAILURE,
			     bad[i].what);
	expect_start(self, PAGE_GCTX, base & ~BIT_ULL(17), 0, SEV_RET_POLICY_FAILURE,
		     "must-be-one bit");

	if (is_smt_on())
		expect_start(self, PAGE_GCTX, base & ~SNP_POLICY_SMT, 0, SEV_RET_POLICY_FAILURE,
			     "no SMT");

	expect_start(self, PAGE_GCTX, base, LAUNCH_START_MA_EN, SEV_RET_INVALID_GUEST,
		     "no migration agent");
	expect_start(self, PAGE_GCTX, base, BIT(2), SEV_RET_INVALID_PARAM, "reserved");

	expect_start(self, PAGE_GCTX, base | 1 << 8 | 55, 0, SEV_RET_SUCCESS, "ABI 1.55");
	expect_start(self, PAGE_GCTX, base, 0, SEV_RET_INVALID_GUEST_STATE, "twice");
	destroy_context(self, PAGE_GCTX);
}

/* "SNP_LAUNCH_START": a migration image is all that such a guest can be made of. */
TEST_F(strict, migration_image)
{
	uint64_t data = self->pa[PAGE_DATA];

	create_context(self, PAGE_GCTX);
	expect_start(self, PAGE_GCTX, snp_default_policy(), LAUNCH_START_IMI_EN, SEV_RET_SUCCESS,
		     "migration image");
	expect_activate(self, PAGE_GCTX, ASID, SEV_RET_SUCCESS, "guest");
	take_page(self, PAGE_DATA, &pre_guest);
	expect_update(self, data, NORMAL, SEV_RET_INVALID_PARAM, "not of the image");
	expect_update(self, data, NORMAL | LAUNCH_UPDATE_IMI, SEV_RET_SUCCESS, "of the image");
	expect_finish(self, 0, SEV_RET_INVALID_GUEST_STATE, "migration image");
	take_page(self, PAGE_DATA, &hypervisor);
	destroy_context(self, PAGE_GCTX);
}

/* "Guest State Machine": each command has its time. */
TEST_F(strict, order_of_launch)
{
	uint64_t data = self->pa[PAGE_DATA];

	take_page(self, PAGE_DATA, &of_other);

	expect_start(self, PAGE_GCTX, snp_default_policy(), 0, SEV_RET_INVALID_GUEST, "no context");
	expect_activate(self, PAGE_GCTX, ASID, SEV_RET_INVALID_GUEST, "no context");
	expect_update(self, data, NORMAL, SEV_RET_INVALID_GUEST, "no context");
	expect_finish(self, 0, SEV_RET_INVALID_GUEST, "no context");

	create_context(self, PAGE_GCTX);
	expect_activate(self, PAGE_GCTX, ASID, SEV_RET_INVALID_GUEST_STATE, "before start");
	expect_update(self, data, NORMAL, SEV_RET_INVALID_GUEST_STATE, "before start");
	expect_finish(self, 0, SEV_RET_INVALID_GUEST_STATE, "before start");

	expect_start(self, PAGE_GCTX, snp_default_policy(), 0, SEV_RET_SUCCESS, "in time");
	expect_update(self, data, NORMAL, SEV_RET_INACTIVE, "before activation");
	expect_finish(self, 0, SEV_RET_INACTIVE, "before activation");

	expect_activate(self, PAGE_GCTX, ASID, SEV_RET_SUCCESS, "in time");
	expect_finish(self, LAUNCH_FINISH_AUTH_KEY, SEV_RET_SUCCESS, "in time, with a key of no block");
	expect_update(self, data, NORMAL, SEV_RET_INVALID_GUEST_STATE, "after finish");
	expect_finish(self, 0, SEV_RET_INVALID_GUEST_STATE, "twice");

	destroy_context(self, PAGE_GCTX);
	reclaim_page(self, PAGE_DATA);
}

/* "SNP_ACTIVATE", "SNP_DF_FLUSH" */
TEST_F(strict, asids)
{
	const struct snp_asids asids = snp_read_asids();

	start_guest(self);
	expect_activate(self, PAGE_GCTX, OTHER_ASID, SEV_RET_ACTIVE, "has one");

	create_context(self, PAGE_OTHER_GCTX);
	expect_start(self, PAGE_OTHER_GCTX, snp_default_policy(), 0, SEV_RET_SUCCESS,
		     "second guest");
	expect_activate(self, PAGE_OTHER_GCTX, 0, SEV_RET_INVALID_ASID, "0");
	expect_activate(self, PAGE_OTHER_GCTX, asids.min_sev, SEV_RET_INVALID_ASID, "not for SNP");
	expect_activate(self, PAGE_OTHER_GCTX, asids.max + 1, SEV_RET_INVALID_ASID, "too large");
	expect_activate(self, PAGE_OTHER_GCTX, ~0u, SEV_RET_INVALID_ASID, "far too large");
	expect_activate(self, PAGE_OTHER_GCTX, ASID, SEV_RET_ASID_OWNED, "of the first guest");

	/* Free, but not clean */
	expect_finish(self, 0, SEV_RET_SUCCESS, "first guest");
	expect_address(self, SNP_DECOMMISSION, self->pa[PAGE_GCTX], SEV_RET_SUCCESS, "first guest");
	expect_activate(self, PAGE_OTHER_GCTX, ASID, SEV_RET_DFFLUSH_REQUIRED, "before a flush");
	expect_firmware_at(0, SNP_DF_FLUSH, SEV_RET_SUCCESS, "after a guest");
	expect_activate(self, PAGE_OTHER_GCTX, ASID, SEV_RET_SUCCESS, "after a flush");
	expect_address(self, SNP_DECOMMISSION, self->pa[PAGE_OTHER_GCTX], SEV_RET_SUCCESS,
		       "second guest");

	/* The second guest has not run. */
	reclaim_page(self, PAGE_OTHER_GCTX);
	expect_address(self, SNP_GCTX_CREATE, self->pa[PAGE_GCTX], SEV_RET_SUCCESS, "context");
	expect_start(self, PAGE_GCTX, snp_default_policy(), 0, SEV_RET_SUCCESS, "third guest");
	expect_activate(self, PAGE_GCTX, ASID, SEV_RET_SUCCESS, "of a guest that has not run");
	destroy_context(self, PAGE_GCTX);
}

/* "SNP_ACTIVATE": what an earlier owner of the ASID has left in the RMP */
TEST_F(strict, asid_owns_pages)
{
	create_context(self, PAGE_GCTX);
	expect_start(self, PAGE_GCTX, snp_default_policy(), 0, SEV_RET_SUCCESS, "guest");

	take_page(self, PAGE_DATA, &pre_guest);
	expect_activate(self, PAGE_GCTX, ASID, SEV_RET_INVALID_CONFIG, "pre-guest page");
	expect_address(self, SNP_PAGE_RECLAIM, self->pa[PAGE_DATA], SEV_RET_SUCCESS, "to give back");
	expect_activate(self, PAGE_GCTX, ASID, SEV_RET_INVALID_CONFIG, "guest-invalid page");
	take_page(self, PAGE_DATA, &of_other);
	reclaim_page(self, PAGE_DATA);
	expect_activate(self, PAGE_GCTX, ASID, SEV_RET_SUCCESS, "no page");
	destroy_context(self, PAGE_GCTX);
}

/* "SNP_LAUNCH_UPDATE" */
TEST_F(strict, launch_update)
{
	uint64_t data = self->pa[PAGE_DATA];
	struct launch_update update = {
		.gctx = self->pa[PAGE_GCTX],
		.flags = NORMAL,
		.address = data,
	};

	start_guest(self);

	expect_update(self, data, NORMAL, SEV_RET_INVALID_PAGE_STATE, "hypervisor page");
	expect_update(self, NO_MEMORY, NORMAL, SEV_RET_INVALID_PAGE_STATE, "no memory");
	take_page(self, PAGE_DATA, &guest_invalid);
	expect_update(self, data, NORMAL, SEV_RET_INVALID_PAGE_STATE, "guest-invalid page");
	take_page(self, PAGE_DATA, &of_other);
	expect_update(self, data, NORMAL, SEV_RET_INVALID_PAGE_OWNER, "page of another guest");
	reclaim_page(self, PAGE_DATA);

	take_page(self, PAGE_DATA, &pre_guest);
	expect_update(self, data + 8, NORMAL, SEV_RET_INVALID_PARAM, "unaligned");
	expect_update(self, data, NORMAL | LAUNCH_UPDATE_2M, SEV_RET_INVALID_PAGE_SIZE, "as 2 MiB");
	expect_update(self, data, 0, SEV_RET_INVALID_PARAM, "type 0");
	expect_update(self, data, LAUNCH_UPDATE_TYPE(7), SEV_RET_INVALID_PARAM, "type 7");
	expect_update(self, data, NORMAL | BIT(5), SEV_RET_INVALID_PARAM, "reserved");
	update.rsvd1 = 1;
	expect_firmware(self, SNP_LAUNCH_UPDATE, &update, sizeof(update), SEV_RET_INVALID_PARAM,
			"reserved");

	expect_update(self, data, NORMAL, SEV_RET_SUCCESS, "pre-guest page");
	expect_update(self, data, NORMAL, SEV_RET_INVALID_PAGE_STATE, "twice");
	expect_address(self, SNP_PAGE_RECLAIM, data, SEV_RET_SUCCESS, "guest page");
	take_page(self, PAGE_DATA, &hypervisor);

	destroy_context(self, PAGE_GCTX);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
