// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of mmap_lock and the invalidate lock.  With inplace.patch a user
 * fault takes the second inside the first.  The base populates with the two the
 * other way round, which lockdep reports; so this test is to fail there.
 */
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"

FIXTURE(lockdep) {
	struct gmem_vm vm;
};

FIXTURE_SETUP(lockdep)
{
	TEST_ASSERT(gmem_lockdep_is_on(), "Lockdep is off before the test");
	gmem_vm_init(&self->vm, GMEM_VM_IN_PLACE, 8);
	vm_mem_set_shared(self->vm.vm, gmem_gpa(4), 4 * PAGE_SIZE);
	/* Not by the check of the first call: by the report, at the end. */
	self->vm.unchecked = true;
}

FIXTURE_TEARDOWN(lockdep)
{
	gmem_vm_free(&self->vm);
}

/* No two threads, no timing: lockdep goes by the order in which locks are taken. */
TEST_F(lockdep, no_inversion)
{
	char *map = gmem_map_file(&self->vm);
	char *src = gmem_map(2);
	long ret;

	map[4 * PAGE_SIZE] = 1;
	gmem_expect_zero(&self->vm, 2, 1);
	TEST_ASSERT(gmem_kernel_is_in_place(&self->vm, 3), "The kernel lacks inplace.patch");

	ret = gmem_populate(&self->vm, 0, src, 2);
	TEST_ASSERT(ret == 2, "Populated %ld pages", ret);
	map[5 * PAGE_SIZE] = 1;
	gmem_expect_content(&self->vm, 0, src, 2);

	TEST_ASSERT(gmem_lockdep_is_on(), "Lockdep has reported something");
	munmap(map, 8 * PAGE_SIZE);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
