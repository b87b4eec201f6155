// SPDX-License-Identifier: GPL-2.0-only
/*
 * A SEAMCALL that fails for good, at every leaf of a launch: KVM reports it once
 * in the kernel log, that VM is lost, others are not, and nothing is leaked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "coco_tdx.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define MEASURE		KVM_TDX_MEASURE_MEMORY_REGION

/* A status that the module does not have, in the class of errors that stay */
#define FATAL		(TDX_SYS_BUSY | BIT_ULL(62))

static uint8_t page[PAGE_SIZE] __aligned(PAGE_SIZE);

FIXTURE(fatal) {
	struct coco_emul_census census;
	struct coco_td other;
};

FIXTURE_VARIANT(fatal) {
	const char *leaf;
	uint64_t n;
};

FIXTURE_VARIANT_ADD(fatal, mng_create) {
	.leaf = "TDH.MNG.CREATE",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, mng_key_config) {
	.leaf = "TDH.MNG.KEY.CONFIG",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, mng_addcx_first) {
	.leaf = "TDH.MNG.ADDCX",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, mng_addcx_last) {
	.leaf = "TDH.MNG.ADDCX",
	.n = COCO_NR_TDCS,
};

FIXTURE_VARIANT_ADD(fatal, mng_init) {
	.leaf = "TDH.MNG.INIT",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, vp_create) {
	.leaf = "TDH.VP.CREATE",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, vp_addcx_first) {
	.leaf = "TDH.VP.ADDCX",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, vp_addcx_last) {
	.leaf = "TDH.VP.ADDCX",
	.n = COCO_NR_TDVPX,
};

FIXTURE_VARIANT_ADD(fatal, vp_init) {
	.leaf = "TDH.VP.INIT",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, mem_sept_add_first) {
	.leaf = "TDH.MEM.SEPT.ADD",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, mem_sept_add_last) {
	.leaf = "TDH.MEM.SEPT.ADD",
	.n = 3,
};

FIXTURE_VARIANT_ADD(fatal, mem_page_add_first) {
	.leaf = "TDH.MEM.PAGE.ADD",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, mem_page_add_second) {
	.leaf = "TDH.MEM.PAGE.ADD",
	.n = 2,
};

FIXTURE_VARIANT_ADD(fatal, mr_extend_first) {
	.leaf = "TDH.MR.EXTEND",
	.n = 1,
};

FIXTURE_VARIANT_ADD(fatal, mr_extend_second_page) {
	.leaf = "TDH.MR.EXTEND",
	.n = COCO_NR_EXTENDS + 1,
};

FIXTURE_VARIANT_ADD(fatal, mr_finalize) {
	.leaf = "TDH.MR.FINALIZE",
	.n = 1,
};

FIXTURE_SETUP(fatal)
{
	coco_pamt_census(&self->census);
	coco_td_create(&self->other, 4);
	coco_td_add(&self->other, MEASURE, page, COCO_TD_GPA, 1);
}

FIXTURE_TEARDOWN(fatal)
{
	coco_emul_census_expect(&self->census);
}

static bool has_failed(const char *step, int ret)
{
	TEST_ASSERT(!ret || errno == EIO, "%s should fail with EIO, not errno %d", step, errno);
	return ret;
}

/* Launch until something fails. */
static bool launch_fails(struct coco_td *td)
{
	uint64_t hw_error;

	coco_td_new(td);
	if (has_failed("KVM_TDX_INIT_VM", __coco_td_init_vm(td, 0, &hw_error)))
		return true;

	coco_td_add_vcpu(td);
	if (has_failed("KVM_TDX_INIT_VCPU", __coco_td_init_vcpu(td)))
		return true;

	coco_td_add_slot(td, COCO_TD_GPA, 4);
	return has_failed("KVM_TDX_INIT_MEM_REGION",
			  __coco_td_add(td, MEASURE, page, COCO_TD_GPA, 1, NULL)) ||
	       has_failed("KVM_TDX_INIT_MEM_REGION",
			  __coco_td_add(td, MEASURE, page, COCO_TD_GPA + PAGE_SIZE, 1, NULL)) ||
	       has_failed("KVM_TDX_FINALIZE_VM", __coco_td_finalize(td));
}

TEST_F(fatal, launch)
{
	struct coco_td td;

	coco_emul_inject(variant->leaf, variant->n, FATAL);
	TEST_ASSERT(launch_fails(&td), "The launch went through");
	TEST_ASSERT(!coco_emul_inject_is_pending(), "%s was not called", variant->leaf);
	TEST_ASSERT(coco_td_is_dead(&td), "The VM should be dead");

	/* The one beside it goes on, and a new one can be launched. */
	coco_td_add(&self->other, MEASURE, page, COCO_TD_GPA + PAGE_SIZE, 1);
	coco_td_finalize(&self->other);
	coco_td_check_mrtd(&self->other);
	coco_td_free(&self->other);

	coco_td_free(&td);
	TEST_ASSERT(!launch_fails(&td), "The next launch failed");
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
}

/*
 * The host writes to the Secure EPT: the module notices when it comes to the
 * entry, and the TD is lost, so that the page which it has cannot be removed.
 */
TEST(secure_ept_corrupted)
{
	struct coco_emul_census census;
	struct coco_td td;

	coco_pamt_census(&census);
	coco_td_create(&td, 4);
	coco_td_add(&td, MEASURE, page, COCO_TD_GPA, 1);
	coco_emul_host_write(coco_td_septe(&td, COCO_TD_GPA + PAGE_SIZE) + 3);
	TEST_ASSERT(has_failed("KVM_TDX_INIT_MEM_REGION",
			       __coco_td_add(&td, MEASURE, page, COCO_TD_GPA + PAGE_SIZE, 1, NULL)),
		    "The page was added");
	coco_td_free(&td);
	census.value[COCO_PAMT_REG]++;
	census.value[COCO_PAMT_TDR]++;
	census.value[COCO_PAMT_NDA] -= 2;
	coco_emul_census_expect(&census);
}

/*
 * A page that cannot be taken from a TD: the VM is lost, and nobody may ever use
 * the page again. To the module it is still the TD's, or the cache still has
 * lines of it that have the TD's KeyID.
 */
/* Enough to come to what was freed before the last of a VM was */
#define NR_OTHER	1024ul

FIXTURE(lost) {
	struct coco_emul_census census;
	struct coco_td td, other;
	uint64_t tdr, hpa;
	uint8_t *zeroes;
};

FIXTURE_VARIANT(lost) {
	const char *leaf;
	uint64_t nr_kept;
	uint64_t nr_dirty;
};

FIXTURE_VARIANT_ADD(lost, mem_range_block) {
	.leaf = "TDH.MEM.RANGE.BLOCK",
	.nr_kept = 1,
};

FIXTURE_VARIANT_ADD(lost, mem_page_remove) {
	.leaf = "TDH.MEM.PAGE.REMOVE",
	.nr_kept = 1,
};

FIXTURE_VARIANT_ADD(lost, phymem_page_wbinvd) {
	.leaf = "TDH.PHYMEM.PAGE.WBINVD",
	.nr_dirty = 1,
};

/* No leaf fails once: the TD is lost, and all do */
FIXTURE_VARIANT_ADD(lost, td) {
	.nr_kept = 1,
};

FIXTURE_SETUP(lost)
{
	/* What a CPU frees last it allocates first. */
	coco_set_cpu(0);
	coco_pamt_census(&self->census);

	/* Never written to, and so no memory of its own */
	self->zeroes = kvm_mmap(NR_OTHER * PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	coco_td_create(&self->other, NR_OTHER);
	coco_td_add(&self->other, MEASURE, page, COCO_TD_GPA, 1);

	coco_td_create(&self->td, 4);
	coco_td_add(&self->td, MEASURE, page, COCO_TD_GPA, 1);
	self->hpa = coco_td_hpa(&self->td, COCO_TD_GPA, NULL);
	TEST_ASSERT(self->hpa, "The page is not mapped");
	self->tdr = coco_td_tdr(&self->td);
	if (variant->leaf)
		coco_emul_inject(variant->leaf, 1, FATAL);
	else
		coco_td_lose(&self->td);
}

FIXTURE_TEARDOWN(lost)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "%s was not called", variant->leaf);
	kvm_munmap(self->zeroes, NR_OTHER * PAGE_SIZE);

	/* With the page the module keeps the TDR that it belongs to. */
	self->census.value[COCO_PAMT_REG] += variant->nr_kept;
	self->census.value[COCO_PAMT_TDR] += variant->nr_kept;
	self->census.value[COCO_PAMT_NDA] -= 2 * variant->nr_kept;
	self->census.value[COCO_PAMT_DIRTY] += variant->nr_dirty;
	coco_emul_census_expect(&self->census);
}

/* Does a TD other than @tdr have it, as memory or as a table of its Secure EPT? */
static bool another_td_has(uint64_t tdr, uint64_t hpa)
{
	char *sept = coco_emul_read("sept"), *next = sept, *line;
	unsigned long line_tdr, line_hpa;
	bool found = false;

	while (!found && (line = strsep(&next, "\n"))) {
		found = sscanf(line, "tdr %lx gpa %*x level %*d %*s %lx",
			       &line_tdr, &line_hpa) == 2 &&
			line_tdr != tdr && line_hpa == hpa;
	}
	free(sept);
	return found;
}

/* The page itself may go to somebody who is no TD before one asks for pages. */
static void expect_not_freed(void)
{
	char *freed = coco_emul_read("freed");

	TEST_ASSERT(!*freed, "Free, but not the host's: %s", freed);
	free(freed);
}

/* A TD that gets its pages now is none the worse for it. */
static void fill_other(FIXTURE_DATA(lost) *self, struct coco_td *other)
{
	coco_td_add(other, 0, self->zeroes, COCO_TD_GPA + PAGE_SIZE, NR_OTHER - 1);
	TEST_ASSERT(!another_td_has(self->tdr, self->hpa),
		    "The lost page, at %lx, is used again", self->hpa);
	coco_td_finalize(other);
	coco_td_check_mrtd(other);
	coco_td_free(other);
}

TEST_F_TIMEOUT(lost, punch_hole, 120)
{
	struct coco_td next;

	vm_guest_mem_punch_hole(self->td.vm, COCO_TD_GPA, PAGE_SIZE);
	expect_not_freed();
	fill_other(self, &self->other);
	TEST_ASSERT(coco_td_is_dead(&self->td), "The VM should be dead");
	coco_td_free(&self->td);

	coco_td_create(&next, NR_OTHER);
	coco_td_add(&next, MEASURE, page, COCO_TD_GPA, 1);
	fill_other(self, &next);
}

/* Here the file keeps the page until the end of the VM. */
TEST_F_TIMEOUT(lost, conversion, 120)
{
	vm_mem_set_shared(self->td.vm, COCO_TD_GPA, PAGE_SIZE);
	TEST_ASSERT(coco_td_is_dead(&self->td), "The VM should be dead");
	coco_td_free(&self->td);
	expect_not_freed();
	fill_other(self, &self->other);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
