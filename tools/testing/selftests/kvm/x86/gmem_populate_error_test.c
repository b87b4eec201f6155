// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory error in one page of a file while another one is populated, i.e. with
 * the invalidate lock held.  The base waits for that lock, with the broken page
 * locked.
 */
#include <errno.h>
#include <signal.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"

#define PAGE	4096ul
#define NPAGES	3ul

/* More than enough for an error that nobody keeps waiting */
#define LIMIT_MS	3000

FIXTURE(memory_error) {
	struct gmem_vm vm;
	void *src;
};

static void ignore_signal(int nr)
{
}

FIXTURE_SETUP(memory_error)
{
	gmem_vm_init(&self->vm, GMEM_VM_PROTECTED, 16);
	self->src = gmem_map(NPAGES);
	/* The process that owns a broken page is told; SIG_IGN would be fatal. */
	signal(SIGBUS, ignore_signal);
}

FIXTURE_TEARDOWN(memory_error)
{
	gmem_vm_free(&self->vm);
}

/* EBUSY: not recovered, as guest_memfd keeps the page in the file. */
static void expect_dealt_with(struct gmem_vm *vm)
{
	TEST_ASSERT(vm->cmd.memory_error == -EBUSY,
		    "During the callback memory_failure() returned %d", vm->cmd.memory_error);
}

/* The guest has the page, and loses it. */
TEST_F(memory_error, while_populating)
{
	long ret;

	gmem_expect_zero(&self->vm, 1, 1);
	ret = gmem_populate_act(&self->vm, 0, self->src, 1, KVM_GMEM_TEST_MEMORY_ERROR, 0,
				LIMIT_MS);
	TEST_ASSERT(ret == 1, "Populated %ld pages", ret);
	expect_dealt_with(&self->vm);

	ret = __gmem_guest_read(&self->vm, 1, 1);
	TEST_ASSERT(ret == -EHWPOISON, "The guest's access to the page returned %ld", ret);
	ret = gmem_populate(&self->vm, 1, self->src, 1);
	TEST_ASSERT(ret == -EHWPOISON, "Populating the page returned %ld", ret);
}

/*
 * The broken page is the one that comes next.  The base, which holds the lock for
 * the whole range, waits for it: for ever, and no one can kill it.
 */
TEST_F(memory_error, in_next_page)
{
	long ret;

	kvm_fallocate(self->vm.fd, FALLOC_FL_KEEP_SIZE, 0, NPAGES * PAGE);
	ret = gmem_populate_act(&self->vm, 0, self->src, NPAGES, KVM_GMEM_TEST_MEMORY_ERROR, 0,
				LIMIT_MS);
	TEST_ASSERT(ret == 1, "Populated %ld pages", ret);
	expect_dealt_with(&self->vm);

	ret = gmem_populate(&self->vm, 1, self->src + PAGE, NPAGES - 1);
	TEST_ASSERT(ret == -EHWPOISON, "Populating the page returned %ld", ret);
	ret = gmem_populate(&self->vm, 2, self->src + 2 * PAGE, 1);
	TEST_ASSERT(ret == 1, "Populating the page after it returned %ld", ret);
	gmem_expect_content(&self->vm, 0, self->src, 1);
	gmem_expect_content(&self->vm, 2, self->src + 2 * PAGE, 1);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
