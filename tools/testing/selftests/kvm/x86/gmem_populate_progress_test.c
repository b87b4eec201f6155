// SPDX-License-Identifier: GPL-2.0-only
/*
 * While kvm_gmem_populate() waits for its source, a userfaultfd page that is
 * not there yet, everything else that wants the same file goes on.  On the base
 * it waits, too: these are the negative controls.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"

#define NPAGES		3ul
#define MISSING		1	/* page of the source */
#define SHARED		8	/* pages from here on are not private */
#define GUEST_PAGE	4	/* private, for the guest to touch */

FIXTURE(progress) {
	struct gmem_vm vm;
	char *map;		/* of the guest_memfd */
	char *src;
	void *want;
	int uffd;
	pthread_t thread;
	long ret;
	bool in_place;		/* the kernel under test, see inplace.diff */
};

static void open_userfaultfd(FIXTURE_DATA(progress) *self)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)self->src, .len = NPAGES * PAGE_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	self->uffd = syscall(__NR_userfaultfd, O_CLOEXEC);
	TEST_ASSERT(self->uffd >= 0, "userfaultfd(): %s", strerror(errno));
	TEST_ASSERT(!ioctl(self->uffd, UFFDIO_API, &api), "UFFDIO_API: %s", strerror(errno));
	TEST_ASSERT(!ioctl(self->uffd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER: %s",
		    strerror(errno));
}

static void *populate_thread(void *arg)
{
	FIXTURE_DATA(progress) *self = arg;

	self->ret = gmem_populate(&self->vm, 0, self->src, NPAGES);
	return NULL;
}

FIXTURE_SETUP(progress)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct uffd_msg msg;

	gmem_vm_init(&self->vm, GMEM_VM_IN_PLACE, GMEM_NPAGES);
	vm_mem_set_shared(self->vm.vm, gmem_gpa(SHARED), 8 * PAGE_SIZE);
	self->map = gmem_map_file(&self->vm);
	self->in_place = gmem_kernel_is_in_place(&self->vm, SHARED - 1);

	/* With the inversion found lockdep is off, and with it half the checks. */
	self->vm.unchecked = self->in_place && gmem_expect()->holds_range;

	self->src = gmem_map(NPAGES);
	self->want = malloc(NPAGES * PAGE_SIZE);
	memcpy(self->want, self->src, NPAGES * PAGE_SIZE);
	TEST_ASSERT(!madvise(self->src + MISSING * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED),
		    "MADV_DONTNEED: %s", strerror(errno));
	open_userfaultfd(self);

	TEST_ASSERT(!pthread_create(&self->thread, NULL, populate_thread, self),
		    "pthread_create()");
	pollfd.fd = self->uffd;
	TEST_ASSERT(poll(&pollfd, 1, 20000) == 1, "Nobody asked for the missing page");
	TEST_ASSERT(read(self->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
		    msg.event == UFFD_EVENT_PAGEFAULT &&
		    msg.arg.pagefault.address == (uintptr_t)self->src + MISSING * PAGE_SIZE,
		    "Not a fault on the missing page");
}

static void supply_missing_page(FIXTURE_DATA(progress) *self)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)self->src + MISSING * PAGE_SIZE,
		.src = (uintptr_t)self->want + MISSING * PAGE_SIZE,
		.len = PAGE_SIZE,
	};

	TEST_ASSERT(!ioctl(self->uffd, UFFDIO_COPY, &copy), "UFFDIO_COPY: %s", strerror(errno));
	pthread_join(self->thread, NULL);
	TEST_ASSERT(self->ret == NPAGES, "Populated %ld pages of %lu", self->ret, NPAGES);
}

FIXTURE_TEARDOWN(progress)
{
	close(self->uffd);
	munmap(self->map, GMEM_NPAGES * PAGE_SIZE);
	gmem_vm_free(&self->vm);
}

struct attempt {
	void (*act)(FIXTURE_DATA(progress) *self);
	FIXTURE_DATA(progress) *self;
	bool done;
};

static void *attempt_thread(void *arg)
{
	struct attempt *attempt = arg;

	attempt->act(attempt->self);
	__atomic_store_n(&attempt->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Try something while the source page is missing, then let populate go on. */
static void try_meanwhile(FIXTURE_DATA(progress) *self, bool want_progress,
			  void (*act)(FIXTURE_DATA(progress) *self))
{
	struct attempt attempt = { .act = act, .self = self };
	int ms = want_progress ? 20000 : 1000;
	pthread_t thread;
	bool done;

	TEST_ASSERT(!pthread_create(&thread, NULL, attempt_thread, &attempt), "pthread_create()");
	while (!(done = __atomic_load_n(&attempt.done, __ATOMIC_ACQUIRE)) && ms) {
		usleep(10000);
		ms -= 10;
	}
	if (want_progress)
		TEST_ASSERT(done, "Waits for a populate that waits for its source");
	else
		TEST_ASSERT(!done, "Should have to wait here, but did not");

	supply_missing_page(self);
	pthread_join(thread, NULL);
}

static void punch_hole(FIXTURE_DATA(progress) *self)
{
	kvm_fallocate(self->vm.fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, PAGE_SIZE);
}

/* The hole is a page that has been populated already. */
TEST_F(progress, punch_hole)
{
	try_meanwhile(self, !gmem_expect()->holds_range, punch_hole);
	gmem_expect_zero(&self->vm, 0, 1);
	gmem_expect_content(&self->vm, 1, self->want + PAGE_SIZE, NPAGES - 1);
}

static void allocate(FIXTURE_DATA(progress) *self)
{
	kvm_fallocate(self->vm.fd, FALLOC_FL_KEEP_SIZE, 4 * PAGE_SIZE, PAGE_SIZE);
}

TEST_F(progress, allocate)
{
	try_meanwhile(self, !gmem_expect()->holds_range, allocate);
	gmem_expect_content(&self->vm, 0, self->want, NPAGES);
}

static void guest_fault(FIXTURE_DATA(progress) *self)
{
	gmem_expect_zero(&self->vm, GUEST_PAGE, 1);
}

/* KVM looks up a page without the invalidate lock today. */
TEST_F(progress, guest_fault)
{
	try_meanwhile(self, !gmem_expect()->holds_range || !self->in_place, guest_fault);
	gmem_expect_content(&self->vm, 0, self->want, NPAGES);
}

static void guest_reads_populated(FIXTURE_DATA(progress) *self)
{
	gmem_expect_content(&self->vm, 0, self->want, 1);
}

TEST_F(progress, guest_reads_populated)
{
	try_meanwhile(self, !gmem_expect()->holds_range || !self->in_place,
		      guest_reads_populated);
	gmem_expect_content(&self->vm, 0, self->want, NPAGES);
}

static void user_fault(FIXTURE_DATA(progress) *self)
{
	self->map[SHARED * PAGE_SIZE] = 1;
}

/* So does a user fault. */
TEST_F(progress, user_fault)
{
	try_meanwhile(self, !gmem_expect()->holds_range || !self->in_place, user_fault);
	gmem_expect_content(&self->vm, 0, self->want, NPAGES);
}

static void populate_other_vm(FIXTURE_DATA(progress) *self)
{
	struct gmem_vm other;
	void *src = gmem_map(1);

	gmem_vm_init(&other, GMEM_VM_PROTECTED, 4);
	other.unchecked = self->vm.unchecked;
	TEST_ASSERT(gmem_populate(&other, 0, src, 1) == 1, "Populating another VM failed");
	/* Not gmem_vm_free(): the first VM may have pages pinned. */
	kvm_vm_free(other.vm);
	close(other.fd);
	free(other.calls);
}

TEST_F(progress, populate_other_vm)
{
	try_meanwhile(self, true, populate_other_vm);
	gmem_expect_content(&self->vm, 0, self->want, NPAGES);
}

static void populate_same_vm(FIXTURE_DATA(progress) *self)
{
	struct gmem_vm vm = self->vm;
	void *src = gmem_map(1);

	vm.calls = NULL;
	TEST_ASSERT(gmem_populate(&vm, GUEST_PAGE, src, 1) == 1, "Populating again failed");
}

/*
 * A file has one VM, and the ioctls populate with its slots_lock held: a second
 * one has to wait with or without the series.  It must work afterwards.
 */
TEST_F(progress, populate_same_vm_waits)
{
	try_meanwhile(self, false, populate_same_vm);
	gmem_expect_content(&self->vm, 0, self->want, NPAGES);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
