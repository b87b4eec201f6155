// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources of KVM_TDX_INIT_MEM_REGION: whatever kind of memory it is, what is
 * measured is what user space has there.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coco_tdx.h"
#include "gmem_source.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define MEASURE		KVM_TDX_MEASURE_MEMORY_REGION
#define NR_PAGES	2
#define SIZE		(NR_PAGES * PAGE_SIZE)
#define HUGE_SIZE	(2ul << 20)

FIXTURE(source) {
	struct coco_emul_census census;
	struct coco_td td;
	uint8_t *random;
};

FIXTURE_SETUP(source)
{
	coco_pamt_census(&self->census);
	coco_td_create(&self->td, 2 * NR_PAGES);
	self->random = coco_random_pages(NR_PAGES);
}

FIXTURE_TEARDOWN(source)
{
	coco_td_finalize(&self->td);
	coco_td_check_mrtd(&self->td);
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
	free(self->random);
}

static void add(FIXTURE_DATA(source) *self, const void *src)
{
	coco_td_add(&self->td, MEASURE, src, COCO_TD_GPA, NR_PAGES);
}

static void expect_efault(FIXTURE_DATA(source) *self, const void *src)
{
	uint64_t left;
	int ret = __coco_td_add(&self->td, MEASURE, src, COCO_TD_GPA, NR_PAGES, &left);

	TEST_ASSERT(ret == -1 && errno == EFAULT && left == NR_PAGES,
		    "Should be EFAULT, not %d, errno %d, %lu left", ret, errno, left);
}

static uint8_t *map(size_t size, int flags, int fd)
{
	return kvm_mmap(size, PROT_READ | PROT_WRITE, flags, fd);
}

static int file_with(const void *data, unsigned int flags)
{
	int fd = memfd_create("source", flags);

	TEST_ASSERT(fd >= 0 && write(fd, data, SIZE) == SIZE, "No file, errno %d", errno);
	return fd;
}

TEST_F(source, never_touched)
{
	add(self, map(SIZE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
}

/* The shared zero page is mapped: it must not be written to or kept. */
TEST_F(source, zero_page)
{
	uint8_t *p = map(SIZE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	TEST_ASSERT(!READ_ONCE(p[0]) && !READ_ONCE(p[PAGE_SIZE]), "Not zero");
	add(self, p);
	TEST_ASSERT(!READ_ONCE(p[0]) && !READ_ONCE(p[PAGE_SIZE]), "Not zero now");
}

TEST_F(source, read_only)
{
	uint8_t *p = map(SIZE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	memcpy(p, self->random, SIZE);
	TEST_ASSERT(!mprotect(p, SIZE, PROT_READ), "mprotect() failed");
	add(self, p);
}

TEST_F(source, file_shared)
{
	int fd = file_with(self->random, 0);

	add(self, map(SIZE, MAP_SHARED, fd));
	close(fd);
}

TEST_F(source, file_private)
{
	int fd = file_with(self->random, 0);
	uint8_t *p = map(SIZE, MAP_PRIVATE, fd);

	p[PAGE_SIZE]++;
	add(self, p);
	close(fd);
}

TEST_F(source, transparent_hugepage)
{
	uint8_t *p = map(2 * HUGE_SIZE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	p = (void *)(((uint64_t)p + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1));
	TEST_ASSERT(!madvise(p, HUGE_SIZE, MADV_HUGEPAGE), "MADV_HUGEPAGE failed");
	memcpy(p + 7 * PAGE_SIZE, self->random, SIZE);
	TEST_ASSERT_EQ(coco_emul_pa(p + 7 * PAGE_SIZE) % HUGE_SIZE, 7 * PAGE_SIZE);
	add(self, p + 7 * PAGE_SIZE);
}

/* Shared with a child, then changed: what counts is what the caller sees. */
TEST_F(source, copy_on_write)
{
	uint8_t *p = map(SIZE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pid_t pid;

	memcpy(p, self->random, SIZE);
	pid = fork();
	if (!pid) {
		/* Whatever comes of the parent: else nobody sees the end of its output. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	p[0]++;
	add(self, p);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F(source, swapped_out)
{
	uint8_t *p = map(SIZE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned char resident[NR_PAGES];

	memcpy(p, self->random, SIZE);
	TEST_ASSERT(!madvise(p, SIZE, MADV_PAGEOUT), "MADV_PAGEOUT failed");
	TEST_ASSERT(!mincore(p, SIZE, resident), "mincore() failed");
	TEST_ASSERT(!(resident[0] & 1) && !(resident[1] & 1), "It is not swapped out");
	add(self, p);
}

/* Memory of an ordinary VM, not faulted in. */
TEST_F(source, guest_memfd)
{
	struct kvm_vm *vm = vm_create_barebones();
	int fd = vm_create_guest_memfd(vm, SIZE, GUEST_MEMFD_FLAG_MMAP |
				       GUEST_MEMFD_FLAG_INIT_SHARED);
	uint8_t *p = map(SIZE, MAP_SHARED, fd);

	memcpy(p, self->random, SIZE);
	kvm_munmap(p, SIZE);
	p = map(SIZE, MAP_SHARED, fd);
	add(self, p);
	kvm_munmap(p, SIZE);
	close(fd);
	kvm_vm_free(vm);
}

/* Private guest_memfd cannot be mapped, and secret memory cannot be pinned. */
TEST_F(source, secret)
{
	int fd = syscall(__NR_memfd_secret, 0);
	uint8_t *p;

	if (fd < 0)
		SKIP(return, "memfd_secret() is off");

	TEST_ASSERT(!ftruncate(fd, SIZE), "ftruncate() failed");
	p = map(SIZE, MAP_SHARED, fd);
	memcpy(p, self->random, SIZE);
	expect_efault(self, p);
	close(fd);
}

TEST_F(source, past_end_of_file)
{
	int fd = file_with(self->random, 0);
	uint8_t *p = map(2 * SIZE, MAP_SHARED, fd);

	expect_efault(self, p + SIZE);
	add(self, p);
	close(fd);
}

TEST_F(source, kernel_address)
{
	expect_efault(self, (void *)0xffff888000000000ul);
}

/* Memory that others have as well */
FIXTURE(shared) {
	struct coco_emul_census census;
	struct coco_td td;
};

FIXTURE_SETUP(shared)
{
	coco_pamt_census(&self->census);
	coco_td_create(&self->td, SOURCE_MANY_PAGES);
}

FIXTURE_TEARDOWN(shared)
{
	coco_td_finalize(&self->td);
	coco_td_check_mrtd(&self->td);
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

static void load(void *td, const void *src, size_t npages)
{
	coco_td_add(td, MEASURE, src, COCO_TD_GPA, npages);
}

static void create_and_load(void *unused, const void *src, size_t npages)
{
	struct coco_td td;

	coco_td_create(&td, npages);
	load(&td, src, npages);
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
}

static void allocate(void *td, size_t npages)
{
	struct kvm_vm *vm = ((struct coco_td *)td)->vm;

	kvm_fallocate(memslot2region(vm, 1)->region.guest_memfd, FALLOC_FL_KEEP_SIZE,
		      0, npages * PAGE_SIZE);
}

TEST_F(shared, hugetlb)
{
	source_check_hugetlb(load, &self->td);
}

TEST_F(shared, hugetlb_in_child)
{
	source_check_hugetlb_in_child(create_and_load, NULL);
}

TEST_F(shared, fork)
{
	source_check_fork(load, &self->td);
}

TEST_F(shared, fork_thp)
{
	source_check_fork_thp(load, &self->td);
}

TEST_F_TIMEOUT(shared, ksm, SOURCE_KSM_TIMEOUT)
{
	source_check_ksm(load, &self->td);
}

TEST_F(shared, memcg_fork)
{
	source_check_memcg_fork(load, allocate, &self->td);
}

TEST_F_TIMEOUT(shared, memcg_ksm, SOURCE_KSM_TIMEOUT)
{
	source_check_memcg_ksm(load, allocate, &self->td);
}

TEST_F(shared, memcg_swap)
{
	source_check_memcg_swap(load, allocate, &self->td);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
