// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_gmem_populate() against everything that can pull a page from under it.
 * Each case runs for RACE_MS; what decides is the debugging in the kernel under
 * test, the counters that gmem_vm_free() compares, and the content at the end.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/compiler.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define NPAGES		4ul
#define VICTIM		2	/* the page, of source or file, that others go for */
#define OTHERS		8	/* pages from here on are left to others */
#define RACE_MS		1500

FIXTURE(race) {
	struct gmem_vm vm;
	char *file;	/* the guest_memfd, if it is mapped */
	char *src;
	void *want;
	bool stop;
	unsigned long turns;
};

FIXTURE_SETUP(race)
{
	gmem_vm_init(&self->vm, GMEM_VM_PROTECTED, GMEM_NPAGES);
	self->src = gmem_map(NPAGES);
	self->want = malloc(NPAGES * PAGE_SIZE);
	memcpy(self->want, self->src, NPAGES * PAGE_SIZE);
	self->stop = false;
	self->turns = 0;
}

FIXTURE_TEARDOWN(race)
{
	gmem_vm_free(&self->vm);
}

struct opponent {
	void (*turn)(FIXTURE_DATA(race) *self);
	FIXTURE_DATA(race) *self;
};

static void *opponent_thread(void *arg)
{
	struct opponent *opponent = arg;

	while (!__atomic_load_n(&opponent->self->stop, __ATOMIC_ACQUIRE)) {
		opponent->turn(opponent->self);
		__atomic_add_fetch(&opponent->self->turns, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static void punch_hole(struct gmem_vm *vm, size_t page, size_t npages)
{
	kvm_fallocate(vm->fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
		      page * PAGE_SIZE, npages * PAGE_SIZE);
}

/*
 * Populate over and over while an opponent takes turns.  All pages must be
 * populated every time, or, if @may_stop, those up to the victim.
 */
static void race(FIXTURE_DATA(race) *self, void (*turn)(FIXTURE_DATA(race) *self), bool may_stop)
{
	struct opponent opponent = { .turn = turn, .self = self };
	uint64_t end = now_ms() + RACE_MS;
	unsigned long all = 0, some = 0;
	pthread_t thread;
	long ret;

	self->vm.racing = true;
	TEST_ASSERT(!pthread_create(&thread, NULL, opponent_thread, &opponent), "pthread_create()");
	do {
		punch_hole(&self->vm, 0, NPAGES);
		ret = gmem_populate(&self->vm, 0, self->src, NPAGES);
		all += ret == NPAGES;
		some += ret == VICTIM;
		TEST_ASSERT(ret == NPAGES || (may_stop && ret == VICTIM),
			    "Populated %ld pages", ret);
	} while (now_ms() < end || !__atomic_load_n(&self->turns, __ATOMIC_RELAXED));
	__atomic_store_n(&self->stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	self->vm.racing = false;

	TEST_ASSERT(all, "Never populated all pages");
	ksft_print_msg("%lu populated, %lu in part, %lu turns of the opponent\n",
		       all, some, self->turns);
	punch_hole(&self->vm, 0, NPAGES);
}

static void turn_punch_hole(FIXTURE_DATA(race) *self)
{
	punch_hole(&self->vm, VICTIM, 1);
}

TEST_F(race, punch_hole)
{
	race(self, turn_punch_hole, false);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
}

static void turn_flip_attribute(FIXTURE_DATA(race) *self)
{
	vm_mem_set_shared(self->vm.vm, gmem_gpa(VICTIM), PAGE_SIZE);
	vm_mem_set_private(self->vm.vm, gmem_gpa(VICTIM), PAGE_SIZE);
}

TEST_F(race, attribute)
{
	race(self, turn_flip_attribute, true);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
}

static void turn_unmap(FIXTURE_DATA(race) *self)
{
	char *victim = self->src + VICTIM * PAGE_SIZE;

	munmap(victim, PAGE_SIZE);
	TEST_ASSERT(mmap(victim, PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == victim,
		    "mmap(): %s", strerror(errno));
	memcpy(victim, self->want + VICTIM * PAGE_SIZE, PAGE_SIZE);
}

TEST_F(race, munmap_source)
{
	race(self, turn_unmap, true);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
}

static void turn_move(FIXTURE_DATA(race) *self)
{
	char *victim = self->src + VICTIM * PAGE_SIZE, *away;

	away = mremap(victim, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      self->src + (VICTIM + 1000) * PAGE_SIZE);
	TEST_ASSERT(away != MAP_FAILED &&
		    mremap(away, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   victim) == victim,
		    "mremap(): %s", strerror(errno));
}

TEST_F(race, mremap_source)
{
	/* Room that nobody else gets. */
	self->src = gmem_map(2000);
	memcpy(self->want, self->src, NPAGES * PAGE_SIZE);
	munmap(self->src + (VICTIM + 1000) * PAGE_SIZE, PAGE_SIZE);
	race(self, turn_move, true);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
}

static void turn_discard(FIXTURE_DATA(race) *self)
{
	madvise(self->src + VICTIM * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
}

TEST_F(race, discard_source)
{
	race(self, turn_discard, false);
	memset(self->want + VICTIM * PAGE_SIZE, 0, PAGE_SIZE);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
}

static void turn_page_out(FIXTURE_DATA(race) *self)
{
	madvise(self->src, NPAGES * PAGE_SIZE, MADV_PAGEOUT);
}

TEST_F(race, swap_out_source)
{
	race(self, turn_page_out, false);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
}

static void turn_fork(FIXTURE_DATA(race) *self)
{
	pid_t child = fork();

	TEST_ASSERT(child >= 0, "fork(): %s", strerror(errno));
	if (!child) {
		self->src[VICTIM * PAGE_SIZE] ^= 1;
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

TEST_F(race, fork)
{
	race(self, turn_fork, false);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
}

/* A second populate of the same file, with a structure of its own. */
static void turn_populate(FIXTURE_DATA(race) *self)
{
	struct gmem_vm vm = self->vm;
	long ret;

	vm.calls = NULL;
	punch_hole(&vm, OTHERS, NPAGES);
	ret = gmem_populate(&vm, OTHERS, self->src, NPAGES);
	TEST_ASSERT(ret == NPAGES, "The other thread populated %ld pages", ret);
}

TEST_F(race, two_threads)
{
	race(self, turn_populate, false);
	gmem_expect_content(&self->vm, OTHERS, self->want, NPAGES);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
}

static void turn_guest(FIXTURE_DATA(race) *self)
{
	gmem_expect_content(&self->vm, OTHERS, self->want, NPAGES);
}

TEST_F(race, guest_runs)
{
	long ret = gmem_populate(&self->vm, OTHERS, self->src, NPAGES);

	TEST_ASSERT(ret == NPAGES, "Populated %ld pages", ret);
	race(self, turn_guest, false);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
}

/* Without the invalidate lock, and sooner or later: either of the two adds the page. */
static void turn_user_fault(FIXTURE_DATA(race) *self)
{
	usleep(self->turns % 1000);
	READ_ONCE(self->file[VICTIM * PAGE_SIZE]);
}

TEST_F(race, user_fault)
{
	gmem_vm_free(&self->vm);
	gmem_vm_init(&self->vm, GMEM_VM_IN_PLACE, GMEM_NPAGES);
	self->file = gmem_map_file(&self->vm);
	/* The base refuses a page that anybody has touched. */
	race(self, turn_user_fault, gmem_expect()->knows_populated);
	gmem_expect_populated(&self->vm, self->src, self->want, NPAGES);
	munmap(self->file, self->vm.npages * PAGE_SIZE);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
