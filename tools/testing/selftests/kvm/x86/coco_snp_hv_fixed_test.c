// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of SNP_INIT_EX, on the emulated SEV-SNP host: pages that stay the
 * hypervisor's for good. ccp must not be there, which has started SNP itself.
 */
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define ASID		7
#define GPA		BIT_ULL(32)

/* SEV Secure Nested Paging Firmware ABI Specification, "Command Identifiers" */
#define SNP_DF_FLUSH	0x084
#define SNP_INIT_EX	0x085
#define SNP_SHUTDOWN_EX	0x086

struct init_ex {
	uint32_t flags;
	uint32_t rsvd;
	uint64_t list;
	uint8_t rsvd2[48];
};

#define INIT_RMP	BIT(0)
#define INIT_LIST	BIT(1)

/* With one range in it */
struct range_list {
	uint32_t nr;
	uint32_t rsvd;
	uint64_t base;
	uint32_t nr_pages;
	uint32_t rsvd2;
};

enum {
	PAGE_COMMAND,
	PAGE_LIST,
	PAGE_FIXED,
	PAGE_OTHER,
	NR_FIXED_PAGES,
};

static const struct snp_rmp_state hypervisor = { };
static const struct snp_rmp_state guest_invalid = { .assigned = 1, .asid = ASID, .gpa = GPA };

FIXTURE(hv_fixed) {
	uint8_t *pages;
	uint64_t pa[NR_FIXED_PAGES];
};

FIXTURE_SETUP(hv_fixed)
{
	int i;

	self->pages = coco_emul_locked_pages(NR_FIXED_PAGES);
	for (i = 0; i < NR_FIXED_PAGES; i++)
		self->pa[i] = coco_emul_pa(self->pages + i * PAGE_SIZE);
}

FIXTURE_TEARDOWN(hv_fixed)
{
	munmap(self->pages, NR_FIXED_PAGES * PAGE_SIZE);
}

static void command(FIXTURE_DATA(hv_fixed) *self, unsigned int id, const void *buf, size_t len)
{
	uint64_t status;

	memset(self->pages, 0, PAGE_SIZE);
	memcpy(self->pages, buf, len);
	status = snp_firmware(id, self->pa[PAGE_COMMAND]);
	TEST_ASSERT(!status, "Command 0x%x: status 0x%lx", id, status);
}

static void init_ex(FIXTURE_DATA(hv_fixed) *self, uint32_t flags)
{
	struct init_ex init = { .flags = INIT_RMP | flags, .list = self->pa[PAGE_LIST] };

	command(self, SNP_INIT_EX, &init, sizeof(init));
	command(self, SNP_DF_FLUSH, NULL, 0);
}

static void shutdown_ex(FIXTURE_DATA(hv_fixed) *self)
{
	const uint32_t shutdown[2] = { sizeof(shutdown) };

	command(self, SNP_SHUTDOWN_EX, shutdown, sizeof(shutdown));
}

static void expect_can_be_assigned(uint64_t pa)
{
	uint64_t ret = snp_rmpupdate(pa, &guest_invalid);

	TEST_ASSERT(!ret, "RMPUPDATE of 0x%lx: %lu", pa, ret);
	ret = snp_rmpupdate(pa, &hypervisor);
	TEST_ASSERT(!ret, "RMPUPDATE of 0x%lx, back: %lu", pa, ret);
}

TEST_F(hv_fixed, list)
{
	const struct range_list list = { .nr = 1, .base = self->pa[PAGE_FIXED], .nr_pages = 1 };
	struct coco_emul_census without, with;
	struct snp_rmp_state state;
	uint64_t ret;

	init_ex(self, 0);
	snp_census_read(&without);
	expect_can_be_assigned(self->pa[PAGE_FIXED]);
	shutdown_ex(self);

	memcpy(self->pages + PAGE_LIST * PAGE_SIZE, &list, sizeof(list));
	init_ex(self, INIT_LIST);
	with = without;
	with.value[SNP_HYPERVISOR]--;
	with.value[SNP_HV_FIXED]++;
	coco_emul_census_expect(&with);

	state = snp_rmpread(self->pa[PAGE_FIXED]);
	TEST_ASSERT(!state.assigned && state.immutable, "RMPREAD: assigned %u, immutable %u",
		    state.assigned, state.immutable);
	ret = snp_rmpupdate(self->pa[PAGE_FIXED], &guest_invalid);
	TEST_ASSERT(ret == RMP_FAIL_PERMISSION, "RMPUPDATE: %lu", ret);
	expect_can_be_assigned(self->pa[PAGE_OTHER]);
	/* The hypervisor may write to it, of course. */
	self->pages[PAGE_FIXED * PAGE_SIZE]++;
	shutdown_ex(self);

	/* A new RMP */
	init_ex(self, 0);
	coco_emul_census_expect(&without);
	expect_can_be_assigned(self->pa[PAGE_FIXED]);
	shutdown_ex(self);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
