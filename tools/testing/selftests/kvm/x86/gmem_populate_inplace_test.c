// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rehearsal for in-place conversion: the source is a page of the same file,
 * or there is no source at all.  Needs inplace.patch.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"

#define NPAGES	4ul
#define SHARED	8	/* pages from here on are not private */

FIXTURE(in_place) {
	struct gmem_vm vm;
	char *map;
};

FIXTURE_SETUP(in_place)
{
	gmem_vm_init(&self->vm, GMEM_VM_IN_PLACE, GMEM_NPAGES);
	TEST_ASSERT(gmem_kernel_is_in_place(&self->vm, 0), "The kernel lacks inplace.patch");
	vm_mem_set_shared(self->vm.vm, gmem_gpa(SHARED), 8 * PAGE_SIZE);
	self->map = gmem_map_file(&self->vm);
}

FIXTURE_TEARDOWN(in_place)
{
	munmap(self->map, GMEM_NPAGES * PAGE_SIZE);
	gmem_vm_free(&self->vm);
	TEST_ASSERT(gmem_lockdep_is_on(), "Lockdep has reported something");
}

/* The conversion to private looks for references besides that of the file. */
static void expect_unreferenced(struct gmem_vm *vm, size_t page)
{
	struct kvm_gmem_test_page got;

	/* As a side effect this empties the CPUs' batches of new pages. */
	gmem_write_file("/proc/sys/vm/compact_memory", "1");
	got = gmem_file_page(vm, page).page;
	TEST_ASSERT(got.pfn && got.refs == 1 && !got.pins,
		    "Page %lu: PFN 0x%llx, %u references, %u pins", page, got.pfn, got.refs,
		    got.pins);
}

/* On the base this populate never returns if @src_is_mapped is false. */
static void source_same_file(struct gmem_vm *vm, char *map, bool src_is_mapped)
{
	void *want = malloc(NPAGES * PAGE_SIZE);
	int i;

	gmem_fill(map + SHARED * PAGE_SIZE, NPAGES, 1);
	memcpy(want, map + SHARED * PAGE_SIZE, NPAGES * PAGE_SIZE);
	if (!src_is_mapped)
		TEST_ASSERT(!madvise(map + SHARED * PAGE_SIZE, NPAGES * PAGE_SIZE, MADV_DONTNEED),
			    "MADV_DONTNEED: %s", strerror(errno));

	gmem_expect_populated(vm, map + SHARED * PAGE_SIZE, want, NPAGES);

	madvise(map, GMEM_NPAGES * PAGE_SIZE, MADV_DONTNEED);
	for (i = 0; i < NPAGES; i++)
		expect_unreferenced(vm, SHARED + i);
	free(want);
}

TEST_F(in_place, source_same_file_mapped)
{
	source_same_file(&self->vm, self->map, true);
}

TEST_F(in_place, source_same_file_faulted_in)
{
	source_same_file(&self->vm, self->map, false);
}

/* Pages that nobody has touched: GUP adds them to the file. */
TEST_F(in_place, source_same_file_new)
{
	long ret = gmem_populate(&self->vm, 0, self->map + SHARED * PAGE_SIZE, NPAGES);

	TEST_ASSERT(ret == NPAGES, "Populated %ld pages", ret);
	TEST_ASSERT(gmem_file_pages(&self->vm) == 2 * NPAGES, "The file has %lu pages",
		    gmem_file_pages(&self->vm));
	gmem_expect_zero(&self->vm, 0, NPAGES);
}

TEST_F(in_place, source_private)
{
	gmem_expect_refused(&self->vm, self->map + 4 * PAGE_SIZE, 2, EFAULT);
	TEST_ASSERT(!gmem_file_has(&self->vm, 4), "The source is in the file now");
}

TEST_F(in_place, source_half_private)
{
	vm_mem_set_private(self->vm.vm, gmem_gpa(SHARED + 2), PAGE_SIZE);
	gmem_fill(self->map + SHARED * PAGE_SIZE, 2, 2);
	gmem_expect_partial(&self->vm, self->map + SHARED * PAGE_SIZE, NPAGES, 2, EFAULT);
}

TEST_F(in_place, source_is_destination)
{
	gmem_expect_refused(&self->vm, self->map, 2, EFAULT);
}

/* Without a source the content is that of the page before it became private. */
TEST_F(in_place, no_source)
{
	void *want = malloc(NPAGES * PAGE_SIZE);
	long ret;

	vm_mem_set_shared(self->vm.vm, gmem_gpa(0), NPAGES * PAGE_SIZE);
	gmem_fill(self->map, NPAGES, 3);
	memcpy(want, self->map, NPAGES * PAGE_SIZE);
	madvise(self->map, NPAGES * PAGE_SIZE, MADV_DONTNEED);
	vm_mem_set_private(self->vm.vm, gmem_gpa(0), NPAGES * PAGE_SIZE);

	ret = gmem_populate_act(&self->vm, 0, NULL, NPAGES, KVM_GMEM_TEST_REPORT, 0, 0);
	TEST_ASSERT(ret == NPAGES, "Populated %ld pages", ret);
	gmem_expect_content(&self->vm, 0, want, NPAGES);
	expect_unreferenced(&self->vm, 0);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
