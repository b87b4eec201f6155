// SPDX-License-Identifier: GPL-2.0-only
/* The guest reads exactly the bytes that kvm_gmem_populate() was given. */
#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"

FIXTURE(content) {
	struct gmem_vm vm;
};

FIXTURE_SETUP(content)
{
	gmem_vm_init(&self->vm, GMEM_VM_PROTECTED, 520);
}

FIXTURE_TEARDOWN(content)
{
	gmem_vm_free(&self->vm);
}

TEST_F(content, one_page)
{
	void *src = gmem_map(1);

	gmem_expect_populated(&self->vm, src, src, 1);
	gmem_expect_zero(&self->vm, 1, 1);
}

/* More than a page table holds, and more than upstream's first batches did. */
TEST_F(content, pages_513)
{
	void *src = gmem_map(513);

	gmem_expect_populated(&self->vm, src, src, 513);
}

TEST_F(content, whole_slot)
{
	void *src = gmem_map(520);

	gmem_expect_populated(&self->vm, src, src, 520);
}

TEST_F(content, past_slot_end)
{
	void *src = gmem_map(8);
	long ret;

	ret = gmem_populate(&self->vm, 517, src, 8);
	TEST_ASSERT(ret == 3, "Populated %ld pages of the 3 up to the end of the slot", ret);
	gmem_expect_content(&self->vm, 517, src, 3);
}

TEST_F(content, two_slots)
{
	void *src = gmem_map(8);
	long ret;

	gmem_vm_add_slot(&self->vm, GMEM_NPAGES);

	ret = gmem_populate(&self->vm, 517, src, 8);
	TEST_ASSERT(ret == 3, "Populated %ld pages of the 3 in the first slot", ret);
	ret = gmem_populate(&self->vm, 520, src + 3 * PAGE_SIZE, 5);
	TEST_ASSERT(ret == 5, "Populated %ld pages of the 5 in the second slot", ret);
	gmem_expect_content(&self->vm, 517, src, 8);
}

/* The second slot goes on where the first ends, in the file as well. */
TEST_F(content, two_slots_of_one_file)
{
	struct gmem_vm *t = &self->vm;
	void *src = gmem_map(8);
	long ret;

	vm_mem_region_delete(t->vm, GMEM_SLOT);
	vm_mem_add(t->vm, VM_MEM_SRC_ANONYMOUS, gmem_gpa(0), GMEM_SLOT, 260,
		   KVM_MEM_GUEST_MEMFD, t->fd, 0);
	vm_mem_add(t->vm, VM_MEM_SRC_ANONYMOUS, gmem_gpa(260), GMEM_SLOT + 1, 260,
		   KVM_MEM_GUEST_MEMFD, t->fd, 260 * PAGE_SIZE);

	ret = gmem_populate(t, 257, src, 8);
	TEST_ASSERT(ret == 3, "Populated %ld pages of the 3 in the first slot", ret);
	ret = gmem_populate(t, 260, src + 3 * PAGE_SIZE, 5);
	TEST_ASSERT(ret == 5, "Populated %ld pages of the 5 in the second slot", ret);
	gmem_expect_content(t, 257, src, 8);
}

TEST_F(content, no_source)
{
	long ret = gmem_populate(&self->vm, 0, NULL, 4);

	TEST_ASSERT(ret == 4, "Populated %ld pages of 4 without a source", ret);
	TEST_ASSERT(!(self->vm.calls[0].flags & KVM_GMEM_TEST_HAS_SOURCE),
		    "The callback got a source");
	gmem_expect_zero(&self->vm, 0, 4);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
