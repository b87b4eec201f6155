// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_TDX_INIT_MEM_REGION and the order of mmap_lock and the invalidate lock.
 * With inplace.diff a user fault on guest_memfd takes the second inside the
 * first. The base pins the source inside the invalidate lock, which lockdep
 * reports; so this test is to fail there.
 */
#include <sys/mman.h>

#include "coco_tdx.h"
#include "gmem_populate.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

/* No two threads, no timing: lockdep goes by the order in which locks are taken. */
TEST(lock_order)
{
	uint8_t *src = coco_random_pages(2), *map;
	struct coco_td td;
	struct kvm_vm *vm;
	int fd;

	TEST_ASSERT(gmem_lockdep_is_on(), "Lockdep is off before the test");

	/* The locks of all guest_memfd files are of one class: an ordinary VM will do. */
	vm = vm_create_barebones();
	fd = vm_create_guest_memfd(vm, 4 * PAGE_SIZE,
				   GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);
	map = kvm_mmap(4 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	map[0] = 1;

	coco_td_create(&td, 4);
	coco_td_add(&td, KVM_TDX_MEASURE_MEMORY_REGION, src, COCO_TD_GPA, 2);

	/* A source that is itself guest_memfd, and faulted in on the way. */
	memcpy(map + PAGE_SIZE, src, PAGE_SIZE);
	madvise(map + PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
	coco_td_add(&td, KVM_TDX_MEASURE_MEMORY_REGION, map + PAGE_SIZE,
		    COCO_TD_GPA + 2 * PAGE_SIZE, 1);
	map[3 * PAGE_SIZE] = 1;

	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);

	TEST_ASSERT(gmem_lockdep_is_on(), "Lockdep has reported something");

	kvm_munmap(map, 4 * PAGE_SIZE);
	close(fd);
	kvm_vm_free(vm);
	free(src);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
