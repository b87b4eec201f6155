// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory error in one page of a file while another one is populated, i.e. with
 * the invalidate lock held.  The base waits for that lock, with the broken page
 * locked.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

#define HOLE		8	/* page of the file, mapped by user space as well */
#define STEP_US		400000

struct hole {
	struct gmem_vm *vm;
	void *src;
	void *page;
	int error;
};

static void *populate_slowly(void *arg)
{
	struct hole *hole = arg;
	long ret;

	ret = gmem_populate_act(hole->vm, 0, hole->src, 1, KVM_GMEM_TEST_SLEEP, 0,
				4 * STEP_US / 1000);
	TEST_ASSERT(ret == 1, "Populated %ld pages", ret);
	return NULL;
}

static void *punch_hole(void *arg)
{
	struct hole *hole = arg;

	kvm_fallocate(hole->vm->fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, HOLE * PAGE, PAGE);
	return NULL;
}

static void *memory_error(void *arg)
{
	struct hole *hole = arg;

	hole->error = madvise(hole->page, PAGE, MADV_HWPOISON) ? errno : 0;
	return NULL;
}

/*
 * PUNCH_HOLE waits for the lock when the page that it is to remove has an error.
 * If the one who handles the error joins the queue, with the page locked, the
 * two wait for each other: for ever, and no one can kill them.
 */
TEST_F(memory_error, in_hole)
{
	struct hole hole = { .vm = &self->vm, .src = self->src };
	void *(*const fns[])(void *) = { populate_slowly, punch_hole, memory_error };
	pthread_t threads[ARRAY_SIZE(fns)];
	char *map;
	int i;

	gmem_vm_free(&self->vm);
	gmem_vm_init(&self->vm, GMEM_VM_IN_PLACE, 16);
	vm_mem_set_shared(self->vm.vm, gmem_gpa(HOLE), PAGE);
	map = gmem_map_file(&self->vm);
	hole.page = map + HOLE * PAGE;
	memset(hole.page, 1, PAGE);

	for (i = 0; i < ARRAY_SIZE(fns); i++) {
		TEST_ASSERT(!pthread_create(&threads[i], NULL, fns[i], &hole), "No thread");
		usleep(STEP_US);
	}
	for (i = 0; i < ARRAY_SIZE(fns); i++)
		pthread_join(threads[i], NULL);

	TEST_ASSERT(!hole.error || hole.error == EBUSY, "MADV_HWPOISON: %s",
		    strerror(hole.error));
	TEST_ASSERT(!gmem_file_has(&self->vm, HOLE), "The page is still in the file");
	munmap(map, 16 * PAGE);
	gmem_expect_content(&self->vm, 0, self->src, 1);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
