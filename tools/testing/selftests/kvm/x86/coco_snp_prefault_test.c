// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_PRE_FAULT_MEMORY on the emulated SEV-SNP host: how private memory that was
 * not part of the launch gets its entry in the RMP, without a guest that runs.
 * For each RMPUPDATE that fails the kernel logs a backtrace.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/falloc.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	16ul
#define SIZE		(NR_PAGES * PAGE_SIZE)

/* Pages that were launched, then some that are only in the file, then nothing */
#define LAUNCHED	0ul
#define NR_LAUNCHED	4ul
#define ALLOCATED	4ul
#define NR_ALLOCATED	4ul
#define FRESH		8ul

FIXTURE(prefault) {
	struct coco_emul_census census;		/* before the guest */
	struct coco_emul_census now;		/* as it has to be */
	struct snp_guest_status status;		/* after the launch */
	struct snp_guest guest;
	struct kvm_vcpu *vcpu;
	uint8_t *src;
	int fd;
};

static void finish(FIXTURE_DATA(prefault) *self)
{
	snp_vm_launch_finish(self->guest.vm);
	snp_guest_read_status(&self->status);
	snp_census_read(&self->now);
}

FIXTURE_SETUP(prefault)
{
	struct snp_guest *g = &self->guest;

	coco_emul_inject_clear();
	snp_census_read(&self->census);
	self->src = snp_map_pages(NR_LAUNCHED);
	memset(self->src, 0x77, NR_LAUNCHED * PAGE_SIZE);

	snp_guest_create(g, GPA, NR_PAGES);
	self->fd = memslot2region(g->vm, SNP_SLOT)->region.guest_memfd;
	self->vcpu = __vm_vcpu_add(g->vm, 0);
	snp_guest_start(g);
	snp_guest_update(g, LAUNCHED, self->src, NR_LAUNCHED, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	kvm_fallocate(self->fd, FALLOC_FL_KEEP_SIZE, ALLOCATED * PAGE_SIZE,
		      NR_ALLOCATED * PAGE_SIZE);
	finish(self);
}

/* Nothing is measured after the launch, and all pages come back. */
FIXTURE_TEARDOWN(prefault)
{
	struct snp_guest_status status;

	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	coco_emul_census_expect(&self->now);
	snp_guest_read_status(&status);
	TEST_ASSERT_EQ(status.pages, self->status.pages);
	sha384_expect(status.ld, self->status.ld, "Launch digest");

	snp_guest_free(&self->guest);
	munmap(self->src, NR_LAUNCHED * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

static int pre_fault(struct kvm_vcpu *vcpu, size_t page, size_t npages, size_t *left)
{
	int ret = coco_emul_pre_fault(vcpu, GPA + page * PAGE_SIZE, npages * PAGE_SIZE, left);

	*left /= PAGE_SIZE;
	return ret;
}

/* @nr pages went from the one state of the RMP to the other. */
static void expect_move(FIXTURE_DATA(prefault) *self, int from, int to, size_t nr)
{
	self->now.value[from] -= nr;
	self->now.value[to] += nr;
	coco_emul_census_expect(&self->now);
}

/* Of the pages @nr_new have to be given to the guest, each with one RMPUPDATE. */
static void expect_done(FIXTURE_DATA(prefault) *self, size_t page, size_t npages, size_t nr_new)
{
	uint64_t updates = coco_emul_count("RMPUPDATE");
	size_t left;
	int ret;

	ret = pre_fault(self->vcpu, page, npages, &left);
	TEST_ASSERT(!ret && !left, "%lu pages from %lu: ret %d, errno %d, %lu left", npages, page,
		    ret, errno, left);
	TEST_ASSERT_EQ(coco_emul_count("RMPUPDATE") - updates, nr_new);
	expect_move(self, SNP_HYPERVISOR, SNP_GUEST_INVALID, nr_new);
}

static void expect_fails(FIXTURE_DATA(prefault) *self, size_t page, int error)
{
	int ret, error_seen = 0;
	size_t left;

	ret = pre_fault(self->vcpu, page, 1, &left);
	if (ret)
		error_seen = errno;
	/* What did not fire would do so at the end of the guest, and lose a page. */
	coco_emul_inject_clear();
	TEST_ASSERT(ret == -1 && error_seen == error && left == 1,
		    "Page %lu: ret %d, errno %d, wanted %d, %lu left", page, ret, error_seen,
		    error, left);
	coco_emul_census_expect(&self->now);
}

/* The page belongs to the guest since its launch update. */
TEST_F(prefault, launched)
{
	expect_done(self, LAUNCHED, 1, 0);
	expect_done(self, LAUNCHED, NR_LAUNCHED, 0);
}

TEST_F(prefault, allocated)
{
	expect_done(self, ALLOCATED, 1, 1);
	expect_done(self, ALLOCATED, NR_ALLOCATED, NR_ALLOCATED - 1);
}

TEST_F(prefault, fresh)
{
	expect_done(self, FRESH, 1, 1);
	expect_done(self, NR_PAGES - 1, 1, 1);
}

TEST_F(prefault, everything)
{
	expect_done(self, 0, NR_PAGES, NR_PAGES - NR_LAUNCHED);
	expect_done(self, 0, NR_PAGES, 0);
}

/* A memslot that was added after the launch, and has gone with its file. */
TEST_F(prefault, second_memslot)
{
	vm_mem_add(self->guest.vm, VM_MEM_SRC_ANONYMOUS, GPA + SIZE, SNP_SLOT + 1, 1,
		   KVM_MEM_GUEST_MEMFD, -1, 0);
	vm_mem_set_private(self->guest.vm, GPA + SIZE, PAGE_SIZE);
	expect_done(self, NR_PAGES, 1, 1);
	vm_mem_region_delete(self->guest.vm, SNP_SLOT + 1);
	expect_move(self, SNP_GUEST_INVALID, SNP_HYPERVISOR, 1);
	expect_fails(self, NR_PAGES, EFAULT);
}

static void punch_hole(FIXTURE_DATA(prefault) *self, size_t page, int state)
{
	kvm_fallocate(self->fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, page * PAGE_SIZE,
		      PAGE_SIZE);
	expect_move(self, state, SNP_HYPERVISOR, 1);
}

/* What was launched there is gone for good. */
TEST_F(prefault, punched_launched)
{
	punch_hole(self, LAUNCHED + 1, SNP_GUEST_VALID);
	expect_done(self, LAUNCHED + 1, 1, 1);
	expect_done(self, 0, NR_PAGES, NR_PAGES - NR_LAUNCHED);
}

TEST_F(prefault, punched_fresh)
{
	expect_done(self, FRESH, 1, 1);
	punch_hole(self, FRESH, SNP_GUEST_INVALID);
	expect_done(self, FRESH, 1, 1);
}

static void set_shared(FIXTURE_DATA(prefault) *self, size_t page)
{
	vm_mem_set_shared(self->guest.vm, GPA + page * PAGE_SIZE, PAGE_SIZE);
	/* Shared memory is not that of the file, and is nobody's in the RMP. */
	expect_done(self, page, 1, 0);
}

static void set_private(FIXTURE_DATA(prefault) *self, size_t page)
{
	vm_mem_set_private(self->guest.vm, GPA + page * PAGE_SIZE, PAGE_SIZE);
}

/* The file keeps the page meanwhile, and the page its owner. */
TEST_F(prefault, shared_and_back)
{
	set_shared(self, LAUNCHED);
	set_private(self, LAUNCHED);
	expect_done(self, LAUNCHED, 1, 0);

	expect_done(self, FRESH, 1, 1);
	set_shared(self, FRESH);
	set_private(self, FRESH);
	expect_done(self, FRESH, 1, 0);

	set_shared(self, ALLOCATED);
	set_private(self, ALLOCATED);
	expect_done(self, ALLOCATED, 1, 1);
}

TEST_F(prefault, punched_while_shared)
{
	set_shared(self, LAUNCHED);
	punch_hole(self, LAUNCHED, SNP_GUEST_VALID);
	expect_done(self, LAUNCHED, 1, 0);
	set_private(self, LAUNCHED);
	expect_done(self, LAUNCHED, 1, 1);
}

/* The file has the page then, so that the next attempt finds it. */
TEST_F(prefault, rmpupdate_fails)
{
	size_t page, left;
	int ret;

	for (page = ALLOCATED; page <= FRESH; page += FRESH - ALLOCATED) {
		coco_emul_inject("RMPUPDATE", 1, RMP_FAIL_PERMISSION);
		expect_fails(self, page, EINVAL);
		expect_done(self, page, 1, 1);
	}

	/* In the middle: what is done is done, the rest can follow. */
	coco_emul_inject("RMPUPDATE", 3, RMP_FAIL_PERMISSION);
	ret = pre_fault(self->vcpu, FRESH + 1, 4, &left);
	TEST_ASSERT(!ret && left == 2, "ret %d, errno %d, %lu left", ret, errno, left);
	expect_move(self, SNP_HYPERVISOR, SNP_GUEST_INVALID, 2);
	expect_done(self, FRESH + 1, 4, 2);
}

/* A look-up reads two entries: the page's own and that of its 2 MiB region. */
static void expect_lookup(FIXTURE_DATA(prefault) *self, size_t page, size_t nr_new)
{
	int nth;

	for (nth = 1; nth <= 2; nth++) {
		coco_emul_inject("RMPREAD", nth, RMP_FAIL_INPUT);
		expect_fails(self, page, ENOENT);
	}
	expect_done(self, page, 1, nr_new);
}

TEST_F(prefault, rmpread_fails)
{
	expect_lookup(self, ALLOCATED, 1);
	expect_lookup(self, FRESH, 1);
}

/* That the page is the guest's already is what the RMP is asked for. */
TEST_F(prefault, rmpread_of_launched_fails)
{
	expect_lookup(self, LAUNCHED, 0);
}

/* No memslot is there: memory that a guest would have to ask user space for. */
TEST_F(prefault, no_memslot)
{
	expect_fails(self, NR_PAGES, ENOENT);
	vm_mem_set_private(self->guest.vm, GPA + SIZE, PAGE_SIZE);
	expect_fails(self, NR_PAGES, EFAULT);
}

static void expect_too_early(struct kvm_vcpu *vcpu, const char *when)
{
	size_t page, left;
	int ret;

	for (page = 0; page < NR_PAGES; page += 4) {
		ret = pre_fault(vcpu, page, 1, &left);
		TEST_ASSERT(ret == -1 && errno == EOPNOTSUPP && left == 1,
			    "%s, page %lu: ret %d, errno %d", when, page, ret, errno);
	}
}

/* Until the launch is finished all pages belong to it. */
TEST(before_finish)
{
	struct coco_emul_census census, now;
	uint8_t *src = snp_map_pages(1);
	struct kvm_vcpu *vcpu;
	struct snp_guest g;

	snp_census_read(&census);
	snp_guest_create(&g, GPA, NR_PAGES);
	vcpu = __vm_vcpu_add(g.vm, 0);
	snp_census_read(&now);
	expect_too_early(vcpu, "Before LAUNCH_START");
	coco_emul_census_expect(&now);

	snp_guest_start(&g);
	snp_census_read(&now);
	expect_too_early(vcpu, "Before LAUNCH_UPDATE");
	coco_emul_census_expect(&now);

	snp_guest_update(&g, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_census_read(&now);
	expect_too_early(vcpu, "Before LAUNCH_FINISH");
	coco_emul_census_expect(&now);
	snp_guest_expect_digest(&g);

	/* The page that it was not given can still be part of the launch. */
	snp_guest_update(&g, 4, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_expect_digest(&g);
	snp_guest_free(&g);
	munmap(src, PAGE_SIZE);
	coco_emul_census_expect(&census);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_PRE_FAULT_MEMORY));

	return test_harness_run(argc, argv);
}
