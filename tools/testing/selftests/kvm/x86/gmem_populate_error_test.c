// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory error in a page of guest_memfd that somebody else is about to lock.
 * On the base both wait for each other for ever, and no one can kill them: there
 * this test is run last, and in the background.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"

#define NPAGES	3ul

FIXTURE(memory_error) {
	struct gmem_vm vm;
};

static void ignore_signal(int nr)
{
}

FIXTURE_SETUP(memory_error)
{
	gmem_vm_init(&self->vm, GMEM_VM_PROTECTED, 16);
	/* The process that owns a broken page is told; SIG_IGN would be fatal. */
	signal(SIGBUS, ignore_signal);
}

FIXTURE_TEARDOWN(memory_error)
{
	gmem_vm_free(&self->vm);
}

struct error_call {
	struct gmem_vm *vm;
	size_t page;
	pthread_t thread;
	int ret;
};

static void *error_thread(void *arg)
{
	struct error_call *call = arg;

	call->ret = gmem_memory_error(call->vm, call->page);
	return NULL;
}

/*
 * Until its handling waits for the page.  It goes on when somebody holds the
 * invalidate lock and wants the page, too.
 */
static void start_error(struct error_call *call, struct gmem_vm *vm, size_t page)
{
	const unsigned int both = KVM_GMEM_TEST_HWPOISON | KVM_GMEM_TEST_WAITERS;
	int tries = 10000;

	*call = (struct error_call) { .vm = vm, .page = page };
	TEST_ASSERT(!pthread_create(&call->thread, NULL, error_thread, call), "pthread_create()");
	while ((gmem_file_page(vm, page).page.flags & both) != both && --tries)
		usleep(1000);
	TEST_ASSERT(tries, "The memory error does not get to the page");
}

static void end_error(struct error_call *call)
{
	pthread_join(call->thread, NULL);
	/* Not recovered, as guest_memfd keeps the page in the file. */
	TEST_ASSERT(call->ret == -EBUSY, "memory_failure() returned %d", call->ret);
}

TEST_F(memory_error, error_while_populating)
{
	void *src = gmem_map(NPAGES);
	struct error_call error;
	long ret;

	/* The guest has the page, and must not keep it. */
	gmem_expect_zero(&self->vm, 0, NPAGES);

	start_error(&error, &self->vm, 1);
	ret = gmem_populate(&self->vm, 1, src + PAGE_SIZE, 1);
	end_error(&error);

	TEST_ASSERT(ret == -EHWPOISON && !self->vm.cmd.nr_calls, "Returned %ld after %u calls",
		    ret, self->vm.cmd.nr_calls);
	ret = __gmem_guest_read(&self->vm, 1, 1);
	TEST_ASSERT(ret == -EHWPOISON, "The guest's access to the page returned %ld", ret);
	ret = gmem_populate(&self->vm, 2, src, 1);
	TEST_ASSERT(ret == 1, "Populating the page after it returned %ld", ret);
}

TEST_F(memory_error, error_while_punching)
{
	struct error_call error;

	gmem_expect_zero(&self->vm, 0, NPAGES);

	start_error(&error, &self->vm, 1);
	kvm_fallocate(self->vm.fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, PAGE_SIZE,
		      PAGE_SIZE);
	end_error(&error);

	TEST_ASSERT(!gmem_file_has(&self->vm, 1), "The page is still in the file");
	gmem_expect_zero(&self->vm, 1, 2);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
