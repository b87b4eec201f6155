// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order of the commands that start and stop the platform, on the emulated SEV-SNP
 * host. ccp must not have started it yet, so kvm-amd is loaded with sev=0: each
 * case begins and ends with neither SNP nor SEV initialized. What the driver has
 * to get right is what is refused here.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define ASID		7
#define SEV_ASID	15

/* "Command Identifiers" */
enum {
	INIT			= 0x001,
	SHUTDOWN		= 0x002,
	DF_FLUSH		= 0x00a,
	DECOMMISSION		= 0x020,
	ACTIVATE		= 0x021,
	LAUNCH_START		= 0x030,
	LAUNCH_UPDATE_DATA	= 0x031,
	SNP_DF_FLUSH		= 0x084,
	SNP_INIT_EX		= 0x085,
	SNP_SHUTDOWN_EX		= 0x086,
	SNP_DECOMMISSION	= 0x090,
	SNP_ACTIVATE		= 0x091,
	SNP_GCTX_CREATE		= 0x093,
	SNP_LAUNCH_START	= 0x0a0,
	SNP_LAUNCH_FINISH	= 0x0a2,
	SNP_PAGE_RECLAIM	= 0x0c7,
};

struct init {
	uint32_t flags;
	uint32_t rsvd;
	uint64_t tmr;
	uint32_t tmr_len;
} __packed;

#define INIT_ES			BIT(0)

struct snp_init_ex {
	uint32_t flags;
	uint32_t rsvd;
	uint64_t list;
	uint16_t max_snp_asid;
	uint8_t rsvd2[46];
};

#define SNP_INIT_RMP		BIT(0)
#define SNP_INIT_LIST		BIT(1)

struct snp_shutdown_ex {
	uint32_t len;
	uint32_t flags;
};

#define SNP_SHUTDOWN_IOMMU	BIT(0)
#define SNP_SHUTDOWN_X86	BIT(1)

/* The address comes first in the commands of guests, and that is all for many. */
struct command {
	uint64_t pa;
	uint64_t more[7];
};

enum {
	PAGE_COMMAND,
	PAGE_GCTX,
	PAGE_DATA,
	NR_PAGES,
};

FIXTURE(platform) {
	struct coco_emul_census census;
	uint8_t *pages;
	uint64_t pa[NR_PAGES];
};

#define expect(...) __expect(__LINE__, __VA_ARGS__)
static void __expect(int line, FIXTURE_DATA(platform) *self, unsigned int id,
		     const void *command, size_t len, uint64_t want)
{
	uint64_t ret;

	memset(self->pages, 0, PAGE_SIZE);
	memcpy(self->pages, command, len);
	ret = snp_firmware(id, self->pa[PAGE_COMMAND]);
	TEST_ASSERT(ret == want, "Line %d: command 0x%x: status 0x%lx, wanted 0x%lx", line, id,
		    ret, want);
}

#define expect_plain(...) __expect_plain(__LINE__, __VA_ARGS__)
static void __expect_plain(int line, FIXTURE_DATA(platform) *self, unsigned int id, uint64_t want)
{
	__expect(line, self, id, "", 0, want);
}

#define expect_address(...) __expect_address(__LINE__, __VA_ARGS__)
static void __expect_address(int line, FIXTURE_DATA(platform) *self, unsigned int id, uint64_t pa,
			     uint64_t more, uint64_t want)
{
	struct command command = { .pa = pa, .more[0] = more };

	__expect(line, self, id, &command, sizeof(command), want);
}

#define expect_init(...) __expect_init(__LINE__, __VA_ARGS__)
static void __expect_init(int line, FIXTURE_DATA(platform) *self, uint32_t flags, uint64_t tmr,
			  uint32_t len, uint64_t want)
{
	struct init init = { .flags = flags, .tmr = tmr, .tmr_len = len };

	__expect(line, self, INIT, &init, sizeof(init), want);
}

#define expect_snp_init(...) __expect_snp_init(__LINE__, __VA_ARGS__)
static void __expect_snp_init(int line, FIXTURE_DATA(platform) *self, uint32_t flags,
			      uint64_t want)
{
	struct snp_init_ex init = { .flags = flags };

	/* No ranges */
	if (flags & SNP_INIT_LIST) {
		memset(self->pages + PAGE_DATA * PAGE_SIZE, 0, PAGE_SIZE);
		init.list = self->pa[PAGE_DATA];
	}
	__expect(line, self, SNP_INIT_EX, &init, sizeof(init), want);
}

#define expect_snp_shutdown(...) __expect_snp_shutdown(__LINE__, __VA_ARGS__)
static void __expect_snp_shutdown(int line, FIXTURE_DATA(platform) *self, uint32_t flags,
				  uint64_t want)
{
	struct snp_shutdown_ex shutdown = { .len = sizeof(shutdown), .flags = flags };

	__expect(line, self, SNP_SHUTDOWN_EX, &shutdown, sizeof(shutdown), want);
}

static void take_page(uint64_t pa, uint32_t asid)
{
	const struct snp_rmp_state state = { .assigned = 1, .immutable = 1, .asid = asid };
	uint64_t ret = snp_rmpupdate(pa, &state);

	TEST_ASSERT(ret == RMP_OK, "RMPUPDATE of 0x%lx: %lu", pa, ret);
}

/* Up to where its launch may begin */
static void create_guest(FIXTURE_DATA(platform) *self)
{
	take_page(self->pa[PAGE_GCTX], 0);
	expect_address(self, SNP_GCTX_CREATE, self->pa[PAGE_GCTX], 0, SEV_RET_SUCCESS);
	expect_address(self, SNP_LAUNCH_START, self->pa[PAGE_GCTX], snp_default_policy(),
		       SEV_RET_SUCCESS);
}

static void destroy_guest(FIXTURE_DATA(platform) *self)
{
	expect_address(self, SNP_DECOMMISSION, self->pa[PAGE_GCTX], 0, SEV_RET_SUCCESS);
	snp_return_page(self->pa[PAGE_GCTX]);
}

FIXTURE_SETUP(platform)
{
	int i;

	self->pages = coco_emul_locked_pages(NR_PAGES);
	for (i = 0; i < NR_PAGES; i++)
		self->pa[i] = coco_emul_pa(self->pages + i * PAGE_SIZE);
	snp_census_read(&self->census);
}

FIXTURE_TEARDOWN(platform)
{
	coco_emul_census_expect(&self->census);
	munmap(self->pages, NR_PAGES * PAGE_SIZE);
}

/* "SNP_INIT_EX", "INIT": which comes first, and that neither comes twice */
TEST_F(platform, order_of_init)
{
	/* SNP is enabled in SYSCFG, so that SEV needs an RMP. */
	expect_init(self, 0, 0, 0, SEV_RET_INVALID_PLATFORM_STATE);
	expect_snp_init(self, SNP_INIT_RMP, SEV_RET_SUCCESS);
	expect_snp_init(self, SNP_INIT_RMP, SEV_RET_INVALID_PLATFORM_STATE);

	expect_init(self, BIT(1), 0, 0, SEV_RET_INVALID_CONFIG);
	expect_init(self, 0, 0, 0, SEV_RET_SUCCESS);
	expect_init(self, 0, 0, 0, SEV_RET_INVALID_PLATFORM_STATE);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_INVALID_PLATFORM_STATE);
	expect_plain(self, SHUTDOWN, SEV_RET_SUCCESS);
	expect_plain(self, SHUTDOWN, SEV_RET_SUCCESS);

	/* The RMP stays what it was until the IOMMU is told. */
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, 0, SEV_RET_SUCCESS);
	expect_init(self, 0, 0, 0, SEV_RET_SUCCESS);
	expect_snp_init(self, 0, SEV_RET_INVALID_PLATFORM_STATE);
	expect_plain(self, SHUTDOWN, SEV_RET_SUCCESS);

	expect_snp_init(self, 0, SEV_RET_SUCCESS);
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_SUCCESS);
	expect_init(self, 0, 0, 0, SEV_RET_INVALID_PLATFORM_STATE);
}

/* "SNP_INIT_EX": an RMP that is not to be initialized has to be so already. */
TEST_F(platform, init_rmp)
{
	const struct snp_init_ex reserved = { .flags = SNP_INIT_RMP, .rsvd = 1 };

	expect(self, SNP_INIT_EX, &reserved, sizeof(reserved), SEV_RET_INVALID_PARAM);
	expect_snp_init(self, 0, SEV_RET_RMP_INIT_REQUIRED);
	expect_snp_init(self, SNP_INIT_RMP | SNP_INIT_LIST, SEV_RET_SUCCESS);
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, 0, SEV_RET_SUCCESS);

	expect_snp_init(self, SNP_INIT_LIST, SEV_RET_INVALID_PARAM);
	expect_snp_init(self, 0, SEV_RET_SUCCESS);

	/* With a new RMP there are no pages of guests, no contexts and no leaks any more. */
	create_guest(self);
	take_page(self->pa[PAGE_DATA], ASID);
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_SUCCESS);
	expect_snp_init(self, SNP_INIT_RMP, SEV_RET_SUCCESS);
	coco_emul_census_expect(&self->census);
	expect_address(self, SNP_DECOMMISSION, self->pa[PAGE_GCTX], 0, SEV_RET_INVALID_GUEST);

	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_SUCCESS);
}

/* "SNP_SHUTDOWN_EX": what it looks at, and in which order */
TEST_F(platform, shutdown)
{
	struct snp_shutdown_ex bad = { .len = sizeof(bad) - 1 };

	/* There is nothing to shut down, so it does not matter how. */
	expect(self, SNP_SHUTDOWN_EX, &bad, sizeof(bad), SEV_RET_SUCCESS);

	expect_snp_init(self, SNP_INIT_RMP, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_DFFLUSH_REQUIRED);
	expect(self, SNP_SHUTDOWN_EX, &bad, sizeof(bad), SEV_RET_DFFLUSH_REQUIRED);
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect(self, SNP_SHUTDOWN_EX, &bad, sizeof(bad), SEV_RET_INVALID_PARAM);
	expect_snp_shutdown(self, SNP_SHUTDOWN_X86, SEV_RET_INVALID_PARAM);
	expect_snp_shutdown(self, BIT(31), SEV_RET_INVALID_PARAM);

	/* A guest with an ASID has to go first, one without does not matter. */
	create_guest(self);
	expect_address(self, SNP_ACTIVATE, self->pa[PAGE_GCTX], ASID, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_DFFLUSH_REQUIRED);
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_DFFLUSH_REQUIRED);
	expect_address(self, SNP_LAUNCH_FINISH, self->pa[PAGE_GCTX], 0, SEV_RET_SUCCESS);
	destroy_guest(self);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_DFFLUSH_REQUIRED);
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);

	create_guest(self);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_SUCCESS);
	expect_address(self, SNP_DECOMMISSION, self->pa[PAGE_GCTX], 0,
		       SEV_RET_INVALID_PLATFORM_STATE);
	expect_snp_init(self, SNP_INIT_RMP, SEV_RET_SUCCESS);
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_SUCCESS);
}

/* Whatever the platform is initialized for, no ASID is clean before the first DF_FLUSH. */
TEST_F(platform, asids_are_dirty)
{
	expect_snp_init(self, SNP_INIT_RMP, SEV_RET_SUCCESS);
	create_guest(self);
	expect_address(self, SNP_ACTIVATE, self->pa[PAGE_GCTX], ASID, SEV_RET_DFFLUSH_REQUIRED);
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect_address(self, SNP_ACTIVATE, self->pa[PAGE_GCTX], ASID, SEV_RET_SUCCESS);
	destroy_guest(self);

	/* With SNP initialized that of SEV changes nothing. */
	expect_init(self, 0, 0, 0, SEV_RET_SUCCESS);
	create_guest(self);
	expect_address(self, SNP_ACTIVATE, self->pa[PAGE_GCTX], ASID, SEV_RET_SUCCESS);
	destroy_guest(self);
	expect_plain(self, SHUTDOWN, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, 0, SEV_RET_SUCCESS);

	/* Without, it has to be flushed again. Handle and ASID are one word here. */
	expect_init(self, 0, 0, 0, SEV_RET_SUCCESS);
	expect_plain(self, LAUNCH_START, SEV_RET_SUCCESS);
	expect_address(self, ACTIVATE, 1 | (uint64_t)SEV_ASID << 32, 0, SEV_RET_DFFLUSH_REQUIRED);
	expect_plain(self, DF_FLUSH, SEV_RET_SUCCESS);
	expect_address(self, ACTIVATE, 1 | (uint64_t)SEV_ASID << 32, 0, SEV_RET_SUCCESS);
	/* Nobody asks for the guest. */
	expect_plain(self, SHUTDOWN, SEV_RET_SUCCESS);
	expect_init(self, 0, 0, 0, SEV_RET_SUCCESS);
	expect_address(self, DECOMMISSION, 1, 0, SEV_RET_INVALID_PLATFORM_STATE);
	expect_plain(self, SHUTDOWN, SEV_RET_SUCCESS);

	expect_snp_init(self, SNP_INIT_RMP, SEV_RET_SUCCESS);
	expect_plain(self, DF_FLUSH, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_SUCCESS);
}

/* "INIT": with SNP the memory for SEV-ES is 2 MiB of the firmware, out of reach until SHUTDOWN. */
TEST_F(platform, tmr)
{
	uint8_t *mem = snp_map_pages(2 * SZ_2M / PAGE_SIZE), *huge;
	const struct snp_rmp_state hypervisor = {};
	uint64_t tmr, pa;

	huge = (void *)(((uintptr_t)mem + SZ_2M - 1) & ~(SZ_2M - 1ul));
	TEST_ASSERT(!madvise(huge, SZ_2M, MADV_HUGEPAGE) && !mlock(huge, SZ_2M),
		    "No huge page, errno %d", errno);
	tmr = coco_emul_pa(huge);
	TEST_ASSERT(!(tmr % SZ_2M), "No huge page, but one at 0x%lx", tmr);

	expect_snp_init(self, SNP_INIT_RMP, SEV_RET_SUCCESS);
	expect_init(self, INIT_ES, tmr, SZ_2M, SEV_RET_INVALID_PAGE_STATE);
	for (pa = tmr; pa < tmr + SZ_2M; pa += PAGE_SIZE)
		take_page(pa, 0);
	expect_init(self, INIT_ES, tmr + SZ_1M, SZ_1M, SEV_RET_INVALID_ADDRESS);
	expect_init(self, INIT_ES, tmr, SZ_1M, SEV_RET_INVALID_LEN);
	expect_init(self, INIT_ES, tmr, SZ_2M, SEV_RET_SUCCESS);

	expect_address(self, SNP_PAGE_RECLAIM, tmr, 0, SEV_RET_INVALID_ADDRESS);
	expect_address(self, SNP_PAGE_RECLAIM, tmr + SZ_2M - PAGE_SIZE, 0,
		       SEV_RET_INVALID_ADDRESS);
	TEST_ASSERT(snp_rmpupdate(tmr, &hypervisor) == RMP_FAIL_PERMISSION, "A page of the TMR");
	TEST_ASSERT(snp_firmware(SNP_GCTX_CREATE, tmr) == SEV_RET_INVALID_ADDRESS,
		    "A command in the TMR");

	expect_plain(self, SHUTDOWN, SEV_RET_SUCCESS);
	for (pa = tmr; pa < tmr + SZ_2M; pa += PAGE_SIZE)
		snp_return_page(pa);
	expect_plain(self, SNP_DF_FLUSH, SEV_RET_SUCCESS);
	expect_snp_shutdown(self, SNP_SHUTDOWN_IOMMU, SEV_RET_SUCCESS);
	munmap(mem, 2 * SZ_2M);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
