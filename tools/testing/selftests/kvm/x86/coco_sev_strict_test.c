// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the emulated firmware refuses of SEV and SEV-ES guests: operands and orders
 * that KVM and the ccp driver never use. As coco_snp_strict_test, for sections of
 * the Secure Encrypted Virtualization API.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

/* An address that is no memory, but that the CPU can address */
#define NO_MEMORY	BIT_ULL(39)

/* No guest is there, so these are free. */
#define ASID		7
#define OTHER_ASID	6
#define SEV_ASID	(self->asids.max)
#define NO_ASID		(self->asids.max + 1)

#define NO_HANDLE	1025

/* "Command Identifiers" */
enum {
	PLATFORM_STATUS		= 0x004,
	DF_FLUSH		= 0x00a,
	DECOMMISSION		= 0x020,
	ACTIVATE		= 0x021,
	DEACTIVATE		= 0x022,
	GUEST_STATUS		= 0x023,
	LAUNCH_START		= 0x030,
	LAUNCH_UPDATE_DATA	= 0x031,
	LAUNCH_UPDATE_VMSA	= 0x032,
	LAUNCH_MEASURE		= 0x033,
	LAUNCH_SECRET		= 0x034,
	LAUNCH_FINISH		= 0x035,
	SNP_DF_FLUSH		= 0x084,
};

/* They all begin with the handle. */
struct launch_start {
	uint32_t handle;
	uint32_t policy;
	uint64_t dh_cert;
	uint32_t dh_cert_len;
	uint32_t rsvd;
	uint64_t session;
	uint32_t session_len;
};

struct launch_update {
	uint32_t handle;
	uint32_t rsvd;
	uint64_t address;
	uint32_t len;
};

struct activate {
	uint32_t handle;
	uint32_t asid;
};

struct guest_status {
	uint32_t handle;
	uint32_t policy;
	uint32_t asid;
	uint8_t state;
};

enum {
	PAGE_COMMAND,		/* holds the command */
	PAGE_DATA,
	PAGE_MORE_DATA,
	NR_STRICT_PAGES,
};

FIXTURE(sev_strict) {
	struct coco_emul_census census;
	uint8_t *pages;
	uint64_t pa[NR_STRICT_PAGES];
	struct snp_asids asids;
};

FIXTURE_SETUP(sev_strict)
{
	struct snp_guest guest;
	int i;

	/* KVM has the platform initialised for a guest. */
	snp_guest_init(&guest, BIT_ULL(32), 1);
	snp_guest_free(&guest);
	/* After guests of earlier tests */
	TEST_ASSERT(!snp_firmware(DF_FLUSH, 0), "DF_FLUSH");

	self->asids = snp_read_asids();
	snp_census_read(&self->census);
	self->pages = coco_emul_locked_pages(NR_STRICT_PAGES);
	for (i = 0; i < NR_STRICT_PAGES; i++)
		self->pa[i] = coco_emul_pa(self->pages + i * PAGE_SIZE);
}

FIXTURE_TEARDOWN(sev_strict)
{
	char *guests = coco_emul_read("sev_guests");

	TEST_ASSERT(!*guests, "Still there: %s", guests);
	free(guests);
	coco_emul_census_expect(&self->census);
	munmap(self->pages, NR_STRICT_PAGES * PAGE_SIZE);
}

static void *page(FIXTURE_DATA(sev_strict) *self, int i)
{
	return self->pages + i * PAGE_SIZE;
}

static void take_page(FIXTURE_DATA(sev_strict) *self, int i)
{
	const struct snp_rmp_state firmware_owned = { .assigned = 1, .immutable = 1 };
	uint64_t ret = snp_rmpupdate(self->pa[i], &firmware_owned);

	TEST_ASSERT(ret == RMP_OK, "RMPUPDATE of 0x%lx: %lu", self->pa[i], ret);
}

/* Reclaim works on a page that the firmware has given back by itself, too. */
static void return_page(FIXTURE_DATA(sev_strict) *self, int i)
{
	snp_return_page(self->pa[i]);
}

static bool writes(unsigned int id)
{
	return id == PLATFORM_STATUS || id == GUEST_STATUS || id == LAUNCH_START ||
	       id == LAUNCH_MEASURE;
}

/* With a command buffer as ccp has it: of the firmware, if that is to write to it. */
#define expect(...) __expect(__LINE__, __VA_ARGS__)
static void __expect(int line, FIXTURE_DATA(sev_strict) *self, unsigned int id, void *command,
		     size_t len, uint64_t want)
{
	uint64_t ret;

	memcpy(page(self, PAGE_COMMAND), command, len);
	if (writes(id))
		take_page(self, PAGE_COMMAND);
	ret = snp_firmware(id, self->pa[PAGE_COMMAND]);
	if (writes(id))
		return_page(self, PAGE_COMMAND);
	memcpy(command, page(self, PAGE_COMMAND), len);
	TEST_ASSERT(ret == want, "Line %d: command 0x%x: status 0x%lx, wanted 0x%lx", line, id,
		    ret, want);
}

#define expect_handle(...) __expect_handle(__LINE__, __VA_ARGS__)
static void __expect_handle(int line, FIXTURE_DATA(sev_strict) *self, unsigned int id,
			    uint32_t handle, uint64_t want)
{
	uint64_t words[8] = { handle };

	__expect(line, self, id, words, sizeof(words), want);
}

#define expect_activate(...) __expect_activate(__LINE__, __VA_ARGS__)
static void __expect_activate(int line, FIXTURE_DATA(sev_strict) *self, uint32_t handle,
			      uint32_t asid, uint64_t want)
{
	struct activate activate = { .handle = handle, .asid = asid };

	__expect(line, self, ACTIVATE, &activate, sizeof(activate), want);
}

#define expect_update(...) __expect_update(__LINE__, __VA_ARGS__)
static void __expect_update(int line, FIXTURE_DATA(sev_strict) *self, unsigned int id,
			    uint32_t handle, uint64_t pa, uint32_t len, uint64_t want)
{
	struct launch_update update = { .handle = handle, .address = pa, .len = len };

	__expect(line, self, id, &update, sizeof(update), want);
}

static uint32_t start(FIXTURE_DATA(sev_strict) *self, uint32_t policy)
{
	struct launch_start start = { .policy = policy };

	expect(self, LAUNCH_START, &start, sizeof(start), SEV_RET_SUCCESS);
	TEST_ASSERT(start.handle, "No handle");
	return start.handle;
}

static void finish(FIXTURE_DATA(sev_strict) *self, uint32_t handle)
{
	take_page(self, PAGE_DATA);
	expect_update(self, LAUNCH_MEASURE, handle, self->pa[PAGE_DATA], 48, SEV_RET_SUCCESS);
	return_page(self, PAGE_DATA);
	expect_handle(self, LAUNCH_FINISH, handle, SEV_RET_SUCCESS);
}

static void expect_status(FIXTURE_DATA(sev_strict) *self, uint32_t handle, uint32_t state,
			  uint32_t asid)
{
	struct guest_status status = { .handle = handle };

	expect(self, GUEST_STATUS, &status, sizeof(status), SEV_RET_SUCCESS);
	TEST_ASSERT(status.state == state && status.asid == asid, "State %u, ASID %u, not %u, %u",
		    status.state, status.asid, state, asid);
}

/* Without a guest it is the platform that is in the wrong state, with one it is the handle. */
TEST_F(sev_strict, handles)
{
	static const unsigned int ids[] = {
		DECOMMISSION, ACTIVATE, DEACTIVATE, LAUNCH_UPDATE_DATA, LAUNCH_MEASURE,
		LAUNCH_FINISH,
	};
	static const uint32_t bad[] = { 0, 2, NO_HANDLE, ~0u };
	uint32_t handle;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(ids); i++)
		expect_handle(self, ids[i], 1, SEV_RET_INVALID_PLATFORM_STATE);

	handle = start(self, 0);
	TEST_ASSERT(handle == 1, "The first guest has handle %u", handle);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		for (j = 0; j < ARRAY_SIZE(bad); j++)
			expect_handle(self, ids[i], bad[j], SEV_RET_INVALID_GUEST);
	}
	for (j = 0; j < ARRAY_SIZE(bad); j++)
		expect_status(self, bad[j], 0, 0);
	expect_handle(self, LAUNCH_SECRET, handle, SEV_RET_INVALID_COMMAND);

	expect_handle(self, DECOMMISSION, handle, SEV_RET_SUCCESS);
	expect_handle(self, DECOMMISSION, handle, SEV_RET_INVALID_PLATFORM_STATE);
}

/* "ACTIVATE", "DEACTIVATE", "DECOMMISSION", "DF_FLUSH" */
TEST_F(sev_strict, asids)
{
	uint32_t sev = start(self, 0), es = start(self, SEV_POLICY_ES), other = start(self, 0);

	expect_handle(self, DEACTIVATE, sev, SEV_RET_INACTIVE);
	expect_activate(self, sev, 0, SEV_RET_INVALID_ASID);
	expect_activate(self, sev, NO_ASID, SEV_RET_INVALID_ASID);
	expect_activate(self, sev, ASID, SEV_RET_INVALID_ASID);
	expect_activate(self, es, SEV_ASID, SEV_RET_INVALID_ASID);

	expect_activate(self, sev, SEV_ASID, SEV_RET_SUCCESS);
	expect_activate(self, es, ASID, SEV_RET_SUCCESS);
	expect_status(self, sev, SEV_GUEST_STATE_LAUNCH_UPDATE, SEV_ASID);
	expect_activate(self, other, SEV_ASID, SEV_RET_ASID_OWNED);
	expect_activate(self, es, SEV_ASID, SEV_RET_ASID_OWNED);
	expect_activate(self, es, OTHER_ASID, SEV_RET_ACTIVE);
	expect_handle(self, DECOMMISSION, sev, SEV_RET_ACTIVE);

	/* Of a guest that has not run it is clean. */
	expect_handle(self, DEACTIVATE, sev, SEV_RET_SUCCESS);
	expect_handle(self, DEACTIVATE, sev, SEV_RET_INACTIVE);
	expect_activate(self, other, SEV_ASID, SEV_RET_SUCCESS);
	finish(self, other);
	expect_handle(self, DEACTIVATE, other, SEV_RET_SUCCESS);
	expect_activate(self, sev, SEV_ASID, SEV_RET_DFFLUSH_REQUIRED);
	TEST_ASSERT(!snp_firmware(DF_FLUSH, 0), "DF_FLUSH");
	expect_activate(self, sev, SEV_ASID, SEV_RET_SUCCESS);

	/* The flush of SNP will do as well. */
	finish(self, sev);
	expect_status(self, sev, SEV_GUEST_STATE_RUNNING, SEV_ASID);
	expect_handle(self, DEACTIVATE, sev, SEV_RET_SUCCESS);
	expect_activate(self, other, SEV_ASID, SEV_RET_DFFLUSH_REQUIRED);
	TEST_ASSERT(!snp_firmware(SNP_DF_FLUSH, 0), "SNP_DF_FLUSH");
	/* A guest that has run before is in use at once. */
	expect_activate(self, other, SEV_ASID, SEV_RET_SUCCESS);
	expect_handle(self, DEACTIVATE, other, SEV_RET_SUCCESS);
	expect_activate(self, sev, SEV_ASID, SEV_RET_DFFLUSH_REQUIRED);
	TEST_ASSERT(!snp_firmware(DF_FLUSH, 0), "DF_FLUSH");

	expect_handle(self, DEACTIVATE, es, SEV_RET_SUCCESS);
	expect_handle(self, DECOMMISSION, es, SEV_RET_SUCCESS);
	expect_handle(self, DECOMMISSION, sev, SEV_RET_SUCCESS);
	expect_handle(self, DECOMMISSION, other, SEV_RET_SUCCESS);
}

/* "LAUNCH_START": a key may be shared by guests that have the same policy, which allows it. */
TEST_F(sev_strict, launch_start)
{
	struct launch_start shared = { .handle = 1 };
	uint32_t handle = start(self, 0), sharing;

	expect(self, LAUNCH_START, &shared, sizeof(shared), SEV_RET_SUCCESS);
	sharing = shared.handle;
	shared = (struct launch_start) { .handle = handle, .policy = SEV_POLICY_NO_DBG };
	expect(self, LAUNCH_START, &shared, sizeof(shared), SEV_RET_POLICY_FAILURE);
	expect_handle(self, DECOMMISSION, sharing, SEV_RET_SUCCESS);
	expect_handle(self, DECOMMISSION, handle, SEV_RET_SUCCESS);

	handle = start(self, BIT(1));
	shared = (struct launch_start) { .handle = handle, .policy = BIT(1) };
	expect(self, LAUNCH_START, &shared, sizeof(shared), SEV_RET_POLICY_FAILURE);
	expect_handle(self, DECOMMISSION, handle, SEV_RET_SUCCESS);
}

/* "LAUNCH_UPDATE_DATA", "LAUNCH_UPDATE_VMSA", "LAUNCH_MEASURE" */
TEST_F(sev_strict, launch)
{
	uint32_t sev = start(self, 0), es = start(self, SEV_POLICY_ES), len;
	struct launch_update measure = { .handle = sev, .len = 47 };
	uint64_t data = self->pa[PAGE_DATA];

	take_page(self, PAGE_DATA);
	expect_update(self, LAUNCH_UPDATE_VMSA, sev, data, PAGE_SIZE - 16, SEV_RET_INVALID_LEN);
	expect_update(self, LAUNCH_UPDATE_VMSA, sev, data, PAGE_SIZE, SEV_RET_UNSUPPORTED);
	expect_update(self, LAUNCH_UPDATE_VMSA, es, data, PAGE_SIZE, SEV_RET_INACTIVE);
	expect_update(self, LAUNCH_UPDATE_DATA, sev, data, PAGE_SIZE, SEV_RET_INACTIVE);
	expect_activate(self, sev, SEV_ASID, SEV_RET_SUCCESS);
	expect_activate(self, es, ASID, SEV_RET_SUCCESS);

	expect_update(self, LAUNCH_UPDATE_DATA, sev, data + 8, 16, SEV_RET_INVALID_ADDRESS);
	for (len = 0; len < 32; len += len % 16 ? 1 : 8)
		expect_update(self, LAUNCH_UPDATE_DATA, sev, data, len,
			      len && !(len % 16) ? SEV_RET_SUCCESS : SEV_RET_INVALID_LEN);
	expect_update(self, LAUNCH_UPDATE_DATA, sev, NO_MEMORY, 16, SEV_RET_INVALID_ADDRESS);
	expect_update(self, LAUNCH_UPDATE_DATA, sev, -16ull, 32, SEV_RET_INVALID_ADDRESS);
	expect_update(self, LAUNCH_UPDATE_VMSA, es, data, PAGE_SIZE, SEV_RET_SUCCESS);

	/* Each page that the firmware is to write to has to be its own. */
	expect_update(self, LAUNCH_UPDATE_DATA, sev, self->pa[PAGE_MORE_DATA], 16,
		      SEV_RET_INVALID_PAGE_STATE);
	expect_update(self, LAUNCH_MEASURE, sev, self->pa[PAGE_MORE_DATA], 48,
		      SEV_RET_INVALID_PAGE_STATE);
	expect_update(self, LAUNCH_UPDATE_VMSA, es, self->pa[PAGE_MORE_DATA], PAGE_SIZE,
		      SEV_RET_INVALID_PAGE_STATE);

	expect(self, LAUNCH_MEASURE, &measure, sizeof(measure), SEV_RET_INVALID_LEN);
	TEST_ASSERT(measure.len == 48, "A measurement has %u bytes", measure.len);
	expect_handle(self, LAUNCH_FINISH, sev, SEV_RET_INVALID_GUEST_STATE);
	return_page(self, PAGE_DATA);

	finish(self, sev);
	expect_update(self, LAUNCH_UPDATE_DATA, sev, data, 16, SEV_RET_INVALID_GUEST_STATE);
	finish(self, es);
	expect_handle(self, DEACTIVATE, sev, SEV_RET_SUCCESS);
	expect_handle(self, DECOMMISSION, sev, SEV_RET_SUCCESS);
	expect_handle(self, DEACTIVATE, es, SEV_RET_SUCCESS);
	expect_handle(self, DECOMMISSION, es, SEV_RET_SUCCESS);
	TEST_ASSERT(!snp_firmware(DF_FLUSH, 0), "DF_FLUSH");
}

/* What the firmware writes its answer to has to be its own, and is not any more afterwards. */
TEST_F(sev_strict, command_buffer)
{
	static const unsigned int ids[] = {
		PLATFORM_STATUS, GUEST_STATUS, LAUNCH_START, LAUNCH_MEASURE,
	};
	uint64_t pa = self->pa[PAGE_COMMAND], ret;
	struct coco_emul_census census;
	int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		memset(page(self, PAGE_COMMAND), 0, PAGE_SIZE);
		ret = snp_firmware(ids[i], pa);
		TEST_ASSERT(ret == SEV_RET_INVALID_PAGE_STATE,
			    "Command 0x%x, hypervisor page: status 0x%lx", ids[i], ret);

		take_page(self, PAGE_COMMAND);
		snp_firmware(ids[i], pa);
		snp_census_read(&census);
		TEST_ASSERT(census.value[SNP_RECLAIM] == self->census.value[SNP_RECLAIM] + 1,
			    "Command 0x%x: the page is not to be reclaimed", ids[i]);
		ret = snp_firmware(ids[i], pa);
		TEST_ASSERT(ret == SEV_RET_INVALID_PAGE_STATE,
			    "Command 0x%x, page to be reclaimed: status 0x%lx", ids[i], ret);
		return_page(self, PAGE_COMMAND);
	}
	expect_handle(self, DECOMMISSION, 1, SEV_RET_SUCCESS);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
