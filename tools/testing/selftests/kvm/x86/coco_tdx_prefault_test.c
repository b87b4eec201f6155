// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_PRE_FAULT_MEMORY on the emulated TDX host: how private memory that was not
 * part of the launch gets into the Secure EPT, without a guest that runs. For
 * an error of the module that stays KVM warns twice, so that case is apart.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/falloc.h>

#include "coco_tdx.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define NR_PAGES	16ul
#define SIZE		(NR_PAGES * PAGE_SIZE)

/* Pages that were launched, then some that are only in the file, then nothing */
#define LAUNCHED	0ul
#define NR_LAUNCHED	4ul
#define ALLOCATED	4ul
#define NR_ALLOCATED	4ul
#define FRESH		8ul

/* A status that the module does not have, in the class of errors that stay */
#define FATAL		(TDX_SYS_BUSY | BIT_ULL(62))

static uint8_t source[NR_LAUNCHED * PAGE_SIZE] __aligned(PAGE_SIZE);

static uint64_t gpa_of(size_t page)
{
	return COCO_TD_GPA + page * PAGE_SIZE;
}

static int td_fd(struct coco_td *td)
{
	return memslot2region(td->vm, td->nr_slots)->region.guest_memfd;
}

/* A TD with pages of all kinds, but for KVM_TDX_FINALIZE_VM */
static void load(struct coco_td *td)
{
	coco_td_create(td, NR_PAGES);
	coco_td_add(td, KVM_TDX_MEASURE_MEMORY_REGION, source, gpa_of(LAUNCHED), NR_LAUNCHED);
	kvm_fallocate(td_fd(td), FALLOC_FL_KEEP_SIZE, ALLOCATED * PAGE_SIZE,
		      NR_ALLOCATED * PAGE_SIZE);
}

FIXTURE(prefault) {
	struct coco_emul_census census;		/* before the TD */
	struct coco_emul_census now;		/* as it has to be */
	struct coco_td td;
};

FIXTURE_SETUP(prefault)
{
	coco_emul_inject_clear();
	coco_pamt_census(&self->census);
	load(&self->td);
	coco_td_finalize(&self->td);
	coco_pamt_census(&self->now);
}

/* Nothing is measured after the launch, and all pages come back. */
FIXTURE_TEARDOWN(prefault)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	TEST_ASSERT(!coco_td_is_dead(&self->td), "The VM is dead");
	coco_emul_census_expect(&self->now);
	coco_td_check_mrtd(&self->td);
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

static int pre_fault(struct coco_td *td, size_t page, size_t npages, size_t *left)
{
	int ret = coco_emul_pre_fault(td->vcpu, gpa_of(page), npages * PAGE_SIZE, left);

	*left /= PAGE_SIZE;
	return ret;
}

/* @nr pages more, or less, are memory of a TD. */
static void expect_pages(FIXTURE_DATA(prefault) *self, long nr)
{
	self->now.value[COCO_PAMT_REG] += nr;
	self->now.value[COCO_PAMT_NDA] -= nr;
	coco_emul_census_expect(&self->now);
}

/* Of the pages @nr_new have to be given to the TD, each by one call. */
static void expect_done(FIXTURE_DATA(prefault) *self, size_t page, size_t npages, size_t nr_new)
{
	uint64_t calls = coco_emul_count("TDH.MEM.PAGE.AUG");
	size_t left;
	int ret;

	ret = pre_fault(&self->td, page, npages, &left);
	TEST_ASSERT(!ret && !left, "%lu pages from %lu: ret %d, errno %d, %lu left", npages, page,
		    ret, errno, left);
	TEST_ASSERT_EQ(coco_emul_count("TDH.MEM.PAGE.AUG") - calls, nr_new);
	expect_pages(self, nr_new);
}

static void expect_fails(FIXTURE_DATA(prefault) *self, size_t page, int error)
{
	size_t left;
	int ret;

	ret = pre_fault(&self->td, page, 1, &left);
	TEST_ASSERT(ret == -1 && errno == error && left == 1,
		    "Page %lu: ret %d, errno %d, wanted %d, %lu left", page, ret, errno, error,
		    left);
	coco_emul_census_expect(&self->now);
}

/* The Secure EPT has them since the launch. */
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

static void punch_hole(FIXTURE_DATA(prefault) *self, size_t page, size_t nr)
{
	kvm_fallocate(td_fd(&self->td), FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
		      page * PAGE_SIZE, PAGE_SIZE);
	expect_pages(self, -nr);
}

/* What was launched there is gone for good. */
TEST_F(prefault, punched_launched)
{
	punch_hole(self, LAUNCHED + 1, 1);
	expect_done(self, LAUNCHED + 1, 1, 1);
	expect_done(self, 0, NR_PAGES, NR_PAGES - NR_LAUNCHED);
}

TEST_F(prefault, punched_fresh)
{
	expect_done(self, FRESH, 1, 1);
	punch_hole(self, FRESH, 1);
	expect_done(self, FRESH, 1, 1);
}

/* @nr pages leave the Secure EPT; the file keeps them. */
static void set_shared(FIXTURE_DATA(prefault) *self, size_t page, size_t nr)
{
	vm_mem_set_shared(self->td.vm, gpa_of(page), PAGE_SIZE);
	expect_pages(self, -nr);
	/* Shared memory is not that of the file, and not in the Secure EPT. */
	expect_done(self, page, 1, 0);
}

static void set_private(FIXTURE_DATA(prefault) *self, size_t page)
{
	vm_mem_set_private(self->td.vm, gpa_of(page), PAGE_SIZE);
}

TEST_F(prefault, shared_and_back)
{
	set_shared(self, LAUNCHED, 1);
	set_private(self, LAUNCHED);
	expect_done(self, LAUNCHED, 1, 1);

	expect_done(self, FRESH, 1, 1);
	set_shared(self, FRESH, 1);
	set_private(self, FRESH);
	expect_done(self, FRESH, 1, 1);

	set_shared(self, ALLOCATED, 0);
	set_private(self, ALLOCATED);
	expect_done(self, ALLOCATED, 1, 1);
}

TEST_F(prefault, punched_while_shared)
{
	set_shared(self, LAUNCHED, 1);
	punch_hole(self, LAUNCHED, 0);
	expect_done(self, LAUNCHED, 1, 0);
	set_private(self, LAUNCHED);
	expect_done(self, LAUNCHED, 1, 1);
}

/* KVM tries again by itself. */
TEST_F(prefault, page_aug_busy)
{
	uint64_t calls = coco_emul_count("TDH.MEM.PAGE.AUG");
	size_t left;
	int ret;

	coco_emul_inject("TDH.MEM.PAGE.AUG", 2, TDX_OPERAND_BUSY);
	ret = pre_fault(&self->td, FRESH, 4, &left);
	TEST_ASSERT(!ret && !left, "ret %d, errno %d, %lu left", ret, errno, left);
	TEST_ASSERT_EQ(coco_emul_count("TDH.MEM.PAGE.AUG") - calls, 5);
	expect_pages(self, 4);
}

/* No memslot is there: memory that a guest would have to ask user space for. */
TEST_F(prefault, no_memslot)
{
	expect_fails(self, NR_PAGES, ENOENT);
	vm_mem_set_private(self->td.vm, gpa_of(NR_PAGES), PAGE_SIZE);
	expect_fails(self, NR_PAGES, EFAULT);
}

/* A GPA that already has the shared bit is no name for a page. */
TEST_F(prefault, shared_bit)
{
	uint64_t gpa = gpa_of(FRESH) | BIT_ULL(self->td.gpa_bits - 1), left;
	int ret;

	ret = coco_emul_pre_fault(self->td.vcpu, gpa, PAGE_SIZE, &left);
	TEST_ASSERT(ret == -1 && errno == EINVAL && left == PAGE_SIZE, "ret %d, errno %d", ret,
		    errno);
}

static bool is_in_file(void *mem)
{
	unsigned char there;

	TEST_ASSERT(!mincore(mem, PAGE_SIZE, &there), "mincore(): %s", strerror(errno));
	return there & 1;
}

/*
 * A file that supports mmap() has the shared memory as well, which is in page tables
 * of its own. When a page of the file goes, so does its mapping.
 */
TEST_F(prefault, punched_shared)
{
	struct kvm_vm *vm = self->td.vm;
	uint64_t nr_mapped;
	void *mem;
	int fd;

	fd = vm_create_guest_memfd(vm, PAGE_SIZE, GUEST_MEMFD_FLAG_MMAP);
	mem = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	TEST_ASSERT(mem != MAP_FAILED, "mmap(): %s", strerror(errno));
	vm_set_user_memory_region2(vm, self->td.nr_slots + 1, KVM_MEM_GUEST_MEMFD,
				   gpa_of(NR_PAGES), PAGE_SIZE, mem, fd, 0);

	nr_mapped = vm_get_stat(vm, pages_4k);
	expect_done(self, NR_PAGES, 1, 0);
	TEST_ASSERT(is_in_file(mem), "Shared memory does not come from the file");
	TEST_ASSERT_EQ(vm_get_stat(vm, pages_4k), nr_mapped + 1);

	kvm_fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, PAGE_SIZE);
	TEST_ASSERT(!is_in_file(mem), "The page is still there");
	TEST_ASSERT(vm_get_stat(vm, pages_4k) == nr_mapped, "The TD has a page that was freed");

	vm_set_user_memory_region2(vm, self->td.nr_slots + 1, KVM_MEM_GUEST_MEMFD,
				   gpa_of(NR_PAGES), 0, mem, fd, 0);
	munmap(mem, PAGE_SIZE);
	close(fd);
}

/* Until the TD is finalized all of its memory has to come from the launch. */
TEST(before_finalize)
{
	struct coco_emul_census census, now;
	struct coco_td td;
	size_t page, left;
	int ret;

	coco_pamt_census(&census);
	load(&td);
	coco_pamt_census(&now);
	for (page = 0; page < NR_PAGES; page += 4) {
		ret = pre_fault(&td, page, 1, &left);
		TEST_ASSERT(ret == -1 && errno == EOPNOTSUPP && left == 1,
			    "Page %lu: ret %d, errno %d", page, ret, errno);
	}
	coco_emul_census_expect(&now);

	coco_td_add(&td, 0, source, gpa_of(ALLOCATED), 1);
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
	coco_emul_census_expect(&census);
}

/* The VM is lost, but no page is, and no other VM. */
TEST(page_aug_fatal)
{
	struct coco_emul_census census, now;
	struct coco_td td, other;
	size_t left;
	int ret;

	coco_pamt_census(&census);
	load(&td);
	load(&other);
	coco_td_finalize(&td);
	coco_pamt_census(&now);

	coco_emul_inject("TDH.MEM.PAGE.AUG", 1, FATAL);
	ret = pre_fault(&td, FRESH, 1, &left);
	TEST_ASSERT(ret == -1 && errno == EIO && left == 1, "ret %d, errno %d", ret, errno);
	TEST_ASSERT(!coco_emul_inject_is_pending(), "TDH.MEM.PAGE.AUG was not called");
	TEST_ASSERT(coco_td_is_dead(&td), "The VM should be dead");
	coco_emul_census_expect(&now);

	coco_td_finalize(&other);
	ret = pre_fault(&other, 0, NR_PAGES, &left);
	TEST_ASSERT(!ret && !left, "The other TD: ret %d, errno %d, %lu left", ret, errno, left);
	coco_td_check_mrtd(&other);
	coco_td_free(&other);
	coco_td_free(&td);
	coco_emul_census_expect(&census);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_PRE_FAULT_MEMORY));

	return test_harness_run(argc, argv);
}
