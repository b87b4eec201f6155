// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make a populate that works fail in its first, second, ... allocation, until
 * there are no more.  A failure must be reported, must not fill a page that is
 * not counted, and must not keep the rest from working afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_fail.h"
#include "gmem_populate.h"

#define NPAGES		3ul
#define MAX_NTH		500	/* there are about ten */
#define MANY		8192	/* so many pages show in the free memory */
#define SOURCE_GAP	(1ul << 31) /* far enough apart not to share a page table */

#define DEBUGFS		"/sys/kernel/debug/"

FIXTURE(fail_nth) {
	struct gmem_vm vm;
	char *want;
	char *hint;
	int source_fd;
	int make_it_fail;
};

FIXTURE_SETUP(fail_nth)
{
	gmem_vm_init(&self->vm, GMEM_VM_PROTECTED, GMEM_NPAGES);
	gmem_expect();	/* opens the device */
	/* The driver's own allocations are not under test. */
	free(self->vm.calls);
	self->vm.calls = NULL;
	self->hint = (char *)0x100000000000ul;
	/* Content in the first page, holes after it: all kinds of faults. */
	self->want = calloc(NPAGES, PAGE_SIZE);
	gmem_fill(self->want, 1, 1);

	self->make_it_fail = open("/proc/self/make-it-fail", O_RDWR);
	TEST_ASSERT(self->make_it_fail >= 0, "make-it-fail: %s", strerror(errno));
	gmem_fail_init();
	gmem_write_file(DEBUGFS "failslab/cache-filter", "Y");
	gmem_write_file(DEBUGFS "fail_page_alloc/min-order", "99");
}

FIXTURE_TEARDOWN(fail_nth)
{
	gmem_write_file(DEBUGFS "failslab/cache-filter", "Y");
	gmem_write_file(DEBUGFS "fail_page_alloc/min-order", "99");
	close(self->make_it_fail);
	gmem_vm_free(&self->vm);
}

/* A source that nothing has touched, not even the page tables above it. */
static void *fresh_source(FIXTURE_DATA(fail_nth) *self)
{
	void *src;

	self->hint += SOURCE_GAP;
	self->source_fd = memfd_create("source", 0);
	TEST_ASSERT(self->source_fd >= 0 && !ftruncate(self->source_fd, NPAGES * PAGE_SIZE) &&
		    write(self->source_fd, self->want, PAGE_SIZE) == PAGE_SIZE,
		    "memfd: %s", strerror(errno));
	src = mmap(self->hint, NPAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED_NOREPLACE, self->source_fd, 0);
	TEST_ASSERT(src == self->hint, "mmap(): %s", strerror(errno));
	return src;
}

static void drop_source(FIXTURE_DATA(fail_nth) *self, void *src)
{
	munmap(src, NPAGES * PAGE_SIZE);
	close(self->source_fd);
	kvm_fallocate(self->vm.fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0,
		      NPAGES * PAGE_SIZE);
}

/* Returns whether there was an @nth allocation to fail. */
static bool populate_failing(FIXTURE_DATA(fail_nth) *self, void *src, unsigned int nth, long *ret)
{
	int fd = gmem_fail_begin(nth);

	*ret = gmem_populate(&self->vm, 0, src, NPAGES);
	return gmem_fail_end(fd);
}

static void expect_consistent(FIXTURE_DATA(fail_nth) *self, long ret, unsigned int nth)
{
	long i, good = ret < 0 ? 0 : ret;

	TEST_ASSERT(ret == -ENOMEM || ret > 0 || (ret == -EFAULT && !gmem_expect()->source_pages),
		    "Allocation %u failed: kvm_gmem_populate() returned %ld", nth, ret);
	for (i = 0; i < NPAGES; i++) {
		bool uptodate = gmem_file_page(&self->vm, i).page.flags & KVM_GMEM_TEST_UPTODATE;

		TEST_ASSERT(uptodate == (i < good),
			    "Allocation %u failed, %ld pages: page %ld is%s up to date",
			    nth, ret, i, uptodate ? "" : " not");
	}
}

static void populate_rest(FIXTURE_DATA(fail_nth) *self, void *src, long done)
{
	long ret;

	done = done < 0 ? 0 : done;
	if (done != NPAGES) {
		ret = gmem_populate(&self->vm, done, src + done * PAGE_SIZE, NPAGES - done);
		TEST_ASSERT(ret == NPAGES - done, "Retry after a failure: %ld", ret);
	}
	gmem_expect_content(&self->vm, 0, self->want, NPAGES);
}

/* Returns how often populate stopped because an allocation failed. */
static unsigned int sweep(FIXTURE_DATA(fail_nth) *self)
{
	unsigned int nth, reported = 0;
	bool failed = true;
	void *src;
	long ret;

	for (nth = 1; failed; nth++) {
		TEST_ASSERT(nth < MAX_NTH, "There is no end to the allocations");
		src = fresh_source(self);
		failed = populate_failing(self, src, nth, &ret);
		if (failed && ret != NPAGES)
			reported++;
		expect_consistent(self, ret, nth);
		populate_rest(self, src, ret);
		drop_source(self, src);
	}

	TEST_ASSERT(nth > 2, "There was no allocation to fail");
	ksft_print_msg("%u allocations failed, populate stopped for %u\n", nth - 2, reported);
	return reported;
}

TEST_F_TIMEOUT(fail_nth, page, 60)
{
	gmem_write_file(DEBUGFS "fail_page_alloc/min-order", "0");
	TEST_ASSERT(sweep(self), "No failure was ever noticed");
}

/* A single failure goes by unnoticed, the page cache tries again. */
TEST_F_TIMEOUT(fail_nth, slab, 60)
{
	gmem_write_file(DEBUGFS "failslab/cache-filter", "N");
	sweep(self);
}

/* Neither this write nor the one that ends it allocates. */
static void begin_without_slab(FIXTURE_DATA(fail_nth) *self)
{
	gmem_write_file(DEBUGFS "failslab/cache-filter", "N");
	gmem_write_file(DEBUGFS "failslab/task-filter", "Y");
	gmem_write_file(DEBUGFS "failslab/times", "-1");
	gmem_write_file(DEBUGFS "failslab/probability", "100");
	TEST_ASSERT(write(self->make_it_fail, "1", 1) == 1, "make-it-fail: %s", strerror(errno));
}

static void end_without_slab(FIXTURE_DATA(fail_nth) *self)
{
	TEST_ASSERT(pwrite(self->make_it_fail, "0", 1, 0) == 1, "make-it-fail: %s",
		    strerror(errno));
	gmem_write_file(DEBUGFS "failslab/probability", "0");
}

TEST_F(fail_nth, slab_all)
{
	void *src = fresh_source(self);
	long ret;

	begin_without_slab(self);
	ret = gmem_populate(&self->vm, 0, src, NPAGES);
	end_without_slab(self);

	TEST_ASSERT(ret < (long)NPAGES, "Populated %ld pages without slab memory", ret);
	expect_consistent(self, ret, 0);
	populate_rest(self, src, ret);
	drop_source(self, src);
}

/* Adding any page but the first to a file that is empty takes slab memory. */
TEST_F_TIMEOUT(fail_nth, slab_all_leaves_nothing, 60)
{
	uint64_t before = gmem_free_pages(), after;
	unsigned int i;
	long ret = 0;

	begin_without_slab(self);
	for (i = 0; i < MANY && (!i || ret == -ENOMEM); i++)
		ret = gmem_populate(&self->vm, 1, NULL, 1);
	end_without_slab(self);
	TEST_ASSERT(ret == -ENOMEM, "Populate %u without slab memory: %ld", i, ret);

	after = gmem_free_pages();
	TEST_ASSERT(after + MANY / 2 > before, "%lu free pages before %u failures, %lu after",
		    before, MANY, after);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
