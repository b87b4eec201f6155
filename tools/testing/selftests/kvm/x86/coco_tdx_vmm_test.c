// SPDX-License-Identifier: GPL-2.0-only
/*
 * Launches of TDs as public VMMs make them: the regions that they add, in their
 * order and size, from the TD's shared memory, and what they do when a command
 * comes back half done. The end is the MRTD that belongs to it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_tdx.h"

#define MEASURE		KVM_TDX_MEASURE_MEMORY_REGION
#define MAX_REGIONS	6

struct region {
	uint64_t gpa;
	uint32_t nr_pages, flags;
};

FIXTURE(vmm) {
	struct coco_emul_census census;
	struct coco_td td;
	uint8_t *src[MAX_REGIONS];
};

/* @loops: goes on with what is left, and after EAGAIN and EINTR */
FIXTURE_VARIANT(vmm) {
	bool loops;
	struct region regions[MAX_REGIONS];
};

/* The sections of OVMF: code measured, variables and memory for its start not */
FIXTURE_VARIANT_ADD(vmm, qemu) {
	.loops = true,
	.regions = {
		{ 0xffc84000, 892, MEASURE }, { 0xffc00000, 132, 0 }, { 0x810000, 16, 0 },
		{ 0x80b000, 2, 0 }, { 0x809000, 2, 0 }, { 0x800000, 6, 0 },
	},
};

/* Memory from 0 on as one region */
FIXTURE_VARIANT_ADD(vmm, libkrun) {
	.regions = {
		{ 0, 1024, MEASURE }, { 0xffc00000, 1024, MEASURE },
	},
};

/* Sections as well */
FIXTURE_VARIANT_ADD(vmm, alioth) {
	.regions = {
		{ 0xffc84000, 892, MEASURE }, { 0x809000, 2, 0 }, { 0xffc00000, 132, 0 },
	},
};

FIXTURE_SETUP(vmm)
{
	const struct region *r = variant->regions;
	uint32_t *word;
	size_t i, j;

	coco_pamt_census(&self->census);
	/* A slot somewhere else, as each TD of the library has one */
	coco_td_create(&self->td, 1);
	for (i = 0; i < MAX_REGIONS && r[i].nr_pages; i++) {
		coco_td_add_slot(&self->td, r[i].gpa, r[i].nr_pages);
		self->src[i] = addr_gpa2hva(self->td.vm, r[i].gpa);
		word = (uint32_t *)self->src[i];
		for (j = 0; j < r[i].nr_pages * PAGE_SIZE / sizeof(*word); j++)
			word[j] = (i + j) * 2654435761u;
	}
}

FIXTURE_TEARDOWN(vmm)
{
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

/* __coco_td_add() measures what a command got done, so that a loop adds up. */
static int add_region(struct coco_td *td, const struct region *r, uint8_t *src, bool loops,
		      uint64_t *left)
{
	uint64_t done = 0;
	int ret;

	do {
		ret = __coco_td_add(td, r->flags, src + done * PAGE_SIZE, r->gpa + done * PAGE_SIZE,
				    r->nr_pages - done, left);
		done = r->nr_pages - *left;
	} while (ret && loops && (errno == EAGAIN || errno == EINTR));
	return ret;
}

/* Whether all of it is in, and if not, whether for a signal */
static bool launch(struct coco_td *td, uint8_t **src, const FIXTURE_VARIANT(vmm) *variant,
		   bool signals)
{
	const struct region *r = variant->regions;
	uint64_t left;
	size_t i;
	int ret;

	for (i = 0; i < MAX_REGIONS && r[i].nr_pages; i++) {
		ret = add_region(td, &r[i], src[i], variant->loops, &left);
		if (!ret && !left)
			continue;
		TEST_ASSERT(ret && signals && !variant->loops &&
			    (errno == EAGAIN || errno == EINTR),
			    "Region at 0x%lx: ret %d, errno %d, %lu pages left", r[i].gpa, ret,
			    errno, left);
		return false;
	}
	return true;
}

TEST_F_TIMEOUT(vmm, launch, 120)
{
	launch(&self->td, self->src, variant, false);
	coco_td_finalize(&self->td);
	coco_td_check_mrtd(&self->td);
}

/*
 * Signals all the time, as of a VMM's timers. Who does not go on gives up, and has
 * what the command said that it got done.
 */
TEST_F_TIMEOUT(vmm, signals, 120)
{
	bool all;

	coco_emul_signals(1000);
	all = launch(&self->td, self->src, variant, true);
	coco_emul_signals(0);
	if (all)
		coco_td_finalize(&self->td);
	coco_td_check_mrtd(&self->td);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
