// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every kind of memory that user space may offer kvm_gmem_populate() as source.
 *
 * The base copies from a user address and so takes whatever can be read; the
 * series looks up a page and so takes what has one that GUP may hand out.  The
 * cases that differ say so with gmem_expect().
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/compiler.h>
#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "gmem_populate.h"
#include "gmem_source.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#endif

#define NPAGES	4ul
#define SIZE	(NPAGES * 4096)

#define PAGEMAP_SOFT_DIRTY	BIT_ULL(55)

/* x86-64 with 4-level paging: the last page below the guard page. */
#define LAST_USER_PAGE	((void *)0x7fffffffe000ul)
#define NON_CANONICAL	((void *)0x0000800000000000ul)
#define KERNEL_ADDRESS	((void *)0xffff888000100000ul)
#define LAST_PAGE	((void *)-4096ul)

#define BIOS_ROM	0xf0000

FIXTURE(source) {
	struct gmem_vm vm;
};

FIXTURE_SETUP(source)
{
	gmem_vm_init(&self->vm, GMEM_VM_PROTECTED, GMEM_NPAGES);
}

FIXTURE_TEARDOWN(source)
{
	gmem_vm_free(&self->vm);
}

/* A source that the base takes and the series, for want of a page, does not. */
static void expect_refused_by_gup(struct gmem_vm *vm, void *src, size_t npages)
{
	if (gmem_expect()->source_pages)
		gmem_expect_refused(vm, src, npages, EFAULT);
	else
		gmem_expect_populated(vm, src, src, npages);
}

TEST_F(source, anonymous)
{
	void *src = gmem_map(NPAGES);
	struct kvm_gmem_test_page before = gmem_user_page(src), after;

	gmem_expect_populated(&self->vm, src, src, NPAGES);
	after = gmem_user_page(src);
	TEST_ASSERT(after.pfn == before.pfn && after.refs <= before.refs,
		    "PFN 0x%llx, %u references; was 0x%llx, %u",
		    after.pfn, after.refs, before.pfn, before.refs);
}

TEST_F(source, thp)
{
	void *mem = kvm_mmap(2 * SZ_2M, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	void *src = (void *)(((uintptr_t)mem + SZ_2M - 1) & ~(SZ_2M - 1ul));

	TEST_ASSERT(!madvise(src, SZ_2M, MADV_HUGEPAGE), "MADV_HUGEPAGE: %s", strerror(errno));
	gmem_fill(src, SZ_2M / 4096, 1);
	TEST_ASSERT(gmem_user_page(src).flags & KVM_GMEM_TEST_LARGE, "Not a huge page");
	gmem_expect_populated(&self->vm, src + 5 * 4096, src + 5 * 4096, NPAGES);
}

TEST_F(source, hugetlb)
{
	void *src;

	gmem_write_file("/proc/sys/vm/nr_hugepages", "1");
	src = kvm_mmap(SZ_2M, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	gmem_fill(src, SZ_2M / 4096, 1);
	TEST_ASSERT(gmem_user_page(src).flags & KVM_GMEM_TEST_HUGETLB, "Not a hugetlb page");
	gmem_expect_populated(&self->vm, src + 5 * 4096, src + 5 * 4096, NPAGES);
	munmap(src, SZ_2M);
	gmem_write_file("/proc/sys/vm/nr_hugepages", "0");
}

TEST_F(source, memfd)
{
	int fd = memfd_create("source", 0);
	void *src;

	TEST_ASSERT(!ftruncate(fd, SIZE), "ftruncate(): %s", strerror(errno));
	src = source_map_fd(fd, NPAGES, PROT_READ | PROT_WRITE, MAP_SHARED);
	gmem_fill(src, NPAGES, 2);
	gmem_expect_populated(&self->vm, src, src, NPAGES);
}

TEST_F(source, private_file)
{
	int fd = source_temp_file(NPAGES);
	void *src = source_map_fd(fd, NPAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	/* The first page is a copy, the others are the file's. */
	gmem_fill(src, 1, 3);
	gmem_expect_populated(&self->vm, src, src, NPAGES);
}

TEST_F(source, shared_file)
{
	int fd = source_temp_file(NPAGES);
	void *src = source_map_fd(fd, NPAGES, PROT_READ | PROT_WRITE, MAP_SHARED);

	gmem_fill(src, 1, 4);
	gmem_expect_populated(&self->vm, src, src, NPAGES);
}

TEST_F(source, read_only_file)
{
	int fd = source_temp_file(NPAGES);
	void *src = source_map_fd(fd, NPAGES, PROT_READ, MAP_SHARED);

	gmem_expect_populated(&self->vm, src, src, NPAGES);
}

TEST_F(source, read_only_anonymous)
{
	void *src = gmem_map(NPAGES);

	TEST_ASSERT(!mprotect(src, SIZE, PROT_READ), "mprotect(): %s", strerror(errno));
	gmem_expect_populated(&self->vm, src, src, NPAGES);
}

TEST_F(source, zero_page)
{
	char *src = kvm_mmap(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(src, SIZE, MADV_NOHUGEPAGE);
	TEST_ASSERT(!READ_ONCE(*src), "Fresh memory is not zero");
	TEST_ASSERT(gmem_user_page(src).flags & KVM_GMEM_TEST_ZERO_PAGE, "Not the zero page");
	gmem_expect_populated(&self->vm, src, src, NPAGES);
	TEST_ASSERT(gmem_user_page(src).flags & KVM_GMEM_TEST_ZERO_PAGE,
		    "Reading the zero page replaced it");
}

TEST_F(source, ksm_merged)
{
	void *src = gmem_map(NPAGES);
	int i, tries = 200;

	for (i = 1; i < NPAGES; i++)
		memcpy(src + i * 4096, src, 4096);
	TEST_ASSERT(!madvise(src, SIZE, MADV_MERGEABLE), "MADV_MERGEABLE: %s", strerror(errno));
	gmem_write_file("/sys/kernel/mm/ksm/run", "1");
	while (!(gmem_user_page(src + 4096).flags & KVM_GMEM_TEST_KSM) && tries--)
		usleep(50000);
	gmem_write_file("/sys/kernel/mm/ksm/run", "0");
	TEST_ASSERT(tries > 0, "KSM merged nothing");

	gmem_expect_populated(&self->vm, src, src, NPAGES);
}

TEST_F(source, cow_shared_after_fork)
{
	uint64_t *src = gmem_map(NPAGES), *want = malloc(SIZE);
	int i = 0, status;
	pid_t child;

	memcpy(want, src, SIZE);
	child = fork();
	TEST_ASSERT(child >= 0, "fork(): %s", strerror(errno));
	if (!child) {
		/* Whatever comes of the parent: else nobody sees the end of its output. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			src[i % (SIZE / 8)] = i, i++;
	}

	gmem_expect_populated(&self->vm, src, want, NPAGES);
	kill(child, SIGKILL);
	TEST_ASSERT(waitpid(child, &status, 0) == child, "waitpid(): %s", strerror(errno));
	TEST_ASSERT(!memcmp(src, want, SIZE), "The child's writes came through to the parent");
}

static bool swap_is_on(void)
{
	FILE *file = fopen("/proc/swaps", "r");
	char line[256];
	int lines = 0;

	while (file && fgets(line, sizeof(line), file))
		lines++;
	if (file)
		fclose(file);
	return lines > 1;
}

TEST_F(source, swapped_out)
{
	void *src = gmem_map(NPAGES), *want = malloc(SIZE);
	int tries = 100;

	if (!swap_is_on())
		SKIP(return, "no swap in /proc/swaps");

	memcpy(want, src, SIZE);
	do {
		TEST_ASSERT(!madvise(src, SIZE, MADV_PAGEOUT), "MADV_PAGEOUT: %s", strerror(errno));
		usleep(1000);
	} while ((!source_is_swapped(src) || !source_is_swapped(src + SIZE - 4096)) && tries--);
	TEST_ASSERT(tries > 0, "The source does not swap out");

	gmem_expect_populated(&self->vm, src, want, NPAGES);
}

/* Until it is written to, such memory has its old content or none. */
TEST_F(source, madv_free)
{
	char *src = gmem_map(NPAGES), *old = malloc(SIZE), zero[4096] = {};
	const void *got;
	long ret;
	int i;

	memcpy(old, src, SIZE);
	TEST_ASSERT(!madvise(src, SIZE, MADV_FREE), "MADV_FREE: %s", strerror(errno));

	ret = gmem_populate(&self->vm, 0, src, NPAGES);
	TEST_ASSERT(ret == NPAGES, "Populated %ld pages", ret);
	got = gmem_guest_read(&self->vm, 0, NPAGES);
	for (i = 0; i < SIZE; i += 4096)
		TEST_ASSERT(!memcmp(got + i, old + i, 4096) || !memcmp(got + i, zero, 4096),
			    "Byte %d on is neither the old content nor zero", i);
}

TEST_F(source, soft_dirty)
{
	void *src = gmem_map(NPAGES);

	TEST_ASSERT(coco_emul_pagemap(src) & PAGEMAP_SOFT_DIRTY, "No soft-dirty tracking");
	gmem_write_file("/proc/self/clear_refs", "4");
	gmem_expect_populated(&self->vm, src, src, NPAGES);
	TEST_ASSERT(!(coco_emul_pagemap(src) & PAGEMAP_SOFT_DIRTY),
		    "Reading made the source dirty");
}

TEST_F(source, other_guest_memfd)
{
	struct kvm_vm *other = vm_create_barebones();
	void *src;
	int fd;

	fd = vm_create_guest_memfd(other, SIZE,
				   GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);
	src = source_map_fd(fd, NPAGES, PROT_READ | PROT_WRITE, MAP_SHARED);
	/* The first page is there, populating has to fault in the others. */
	gmem_fill(src, 1, 5);
	gmem_expect_populated(&self->vm, src, src, NPAGES);
	munmap(src, SIZE);
	close(fd);
	kvm_vm_free(other);
}

TEST_F(source, other_guest_memfd_private)
{
	struct kvm_vm *other = vm_create_barebones();
	void *src;
	int fd;

	fd = vm_create_guest_memfd(other, SIZE, GUEST_MEMFD_FLAG_MMAP);
	src = source_map_fd(fd, NPAGES, PROT_READ | PROT_WRITE, MAP_SHARED);
	gmem_expect_refused(&self->vm, src, 1, EFAULT);
	munmap(src, SIZE);
	close(fd);
	kvm_vm_free(other);
}

/* The kernel has no mapping of it; the base reads it through the user's. */
TEST_F(source, secretmem)
{
	int fd = syscall(__NR_memfd_secret, 0);
	void *src;

	TEST_ASSERT(fd >= 0 && !ftruncate(fd, SIZE), "memfd_secret(): %s", strerror(errno));
	src = source_map_fd(fd, NPAGES, PROT_READ | PROT_WRITE, MAP_SHARED);
	gmem_fill(src, NPAGES, 6);
	expect_refused_by_gup(&self->vm, src, NPAGES);
}

/* VM_PFNMAP and VM_IO: the BIOS, which /dev/mem lets everybody read. */
TEST_F(source, pfnmap)
{
	int fd = open("/dev/mem", O_RDONLY);
	void *src;

	TEST_ASSERT(fd >= 0, "/dev/mem: %s", strerror(errno));
	src = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, BIOS_ROM);
	TEST_ASSERT(src != MAP_FAILED, "mmap(/dev/mem): %s", strerror(errno));
	expect_refused_by_gup(&self->vm, src, NPAGES);
}

TEST_F(source, prot_none)
{
	void *src = gmem_map(NPAGES);

	TEST_ASSERT(!mprotect(src, SIZE, PROT_NONE), "mprotect(): %s", strerror(errno));
	gmem_expect_refused(&self->vm, src, NPAGES, EFAULT);
}

TEST_F(source, unmapped)
{
	void *src = gmem_map(NPAGES);

	munmap(src, SIZE);
	gmem_expect_refused(&self->vm, src, 1, EFAULT);
}

TEST_F(source, half_unmapped)
{
	void *src = gmem_map(NPAGES);

	mprotect(src + SIZE / 2, SIZE / 2, PROT_NONE);
	munmap(src + SIZE / 2, SIZE / 2);
	gmem_expect_partial(&self->vm, src, NPAGES, NPAGES / 2, EFAULT);
}

TEST_F(source, guard_page)
{
	void *src = gmem_map(NPAGES);

	TEST_ASSERT(!madvise(src + 4096, 4096, MADV_GUARD_INSTALL),
		    "MADV_GUARD_INSTALL: %s", strerror(errno));
	gmem_expect_partial(&self->vm, src, NPAGES, 1, EFAULT);
}

TEST_F(source, past_end_of_file)
{
	int fd = memfd_create("source", 0);
	void *src;

	TEST_ASSERT(!ftruncate(fd, 4096), "ftruncate(): %s", strerror(errno));
	src = source_map_fd(fd, NPAGES, PROT_READ | PROT_WRITE, MAP_SHARED);
	gmem_fill(src, 1, 7);
	gmem_expect_partial(&self->vm, src, NPAGES, 1, EFAULT);
}

TEST_F(source, kernel_address)
{
	gmem_expect_refused(&self->vm, KERNEL_ADDRESS, 1, EFAULT);
}

TEST_F(source, non_canonical)
{
	gmem_expect_refused(&self->vm, NON_CANONICAL, 1, EFAULT);
}

TEST_F(source, last_user_page)
{
	void *src = mmap(LAST_USER_PAGE, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	TEST_ASSERT(src == LAST_USER_PAGE, "mmap(): %s", strerror(errno));
	gmem_fill(src, 1, 8);
	gmem_expect_partial(&self->vm, src, 2, 1, EFAULT);
}

/* GUP checks for this before it checks for a kernel address. */
TEST_F(source, wrap_around)
{
	gmem_expect_refused(&self->vm, LAST_PAGE, 2,
			    gmem_expect()->source_pages ? EOVERFLOW : EFAULT);
}

/* Memory that others have as well; with the base, too, it stays theirs. */
FIXTURE(shared) {
	struct gmem_vm vm;
};

FIXTURE_SETUP(shared)
{
	void *mirror;

	gmem_vm_init(&self->vm, GMEM_VM_PROTECTED, SOURCE_MANY_PAGES);

	/* Where the guest copies to: not new memory when it does, and no one else's. */
	mirror = addr_gpa2hva(self->vm.vm, GMEM_MIRROR_GPA);
	gmem_fill(mirror, SOURCE_MANY_PAGES, 1);
	TEST_ASSERT(!madvise(mirror, SOURCE_MANY_PAGES * 4096, MADV_DONTFORK),
		    "MADV_DONTFORK: %s", strerror(errno));
}

FIXTURE_TEARDOWN(shared)
{
	gmem_vm_free(&self->vm);
}

static void load(void *vm, const void *src, size_t npages)
{
	gmem_expect_populated(vm, src, src, npages);
}

static void create_and_load(void *unused, const void *src, size_t npages)
{
	struct gmem_vm vm;

	gmem_vm_init(&vm, GMEM_VM_PROTECTED, npages);
	gmem_expect_populated(&vm, src, src, npages);
	gmem_vm_free(&vm);
}

static void allocate(void *vm, size_t npages)
{
	kvm_fallocate(((struct gmem_vm *)vm)->fd, FALLOC_FL_KEEP_SIZE, 0, npages * 4096);
}

TEST_F(shared, hugetlb)
{
	source_check_hugetlb(load, &self->vm);
}

TEST_F(shared, hugetlb_in_child)
{
	source_check_hugetlb_in_child(create_and_load, NULL);
}

TEST_F(shared, fork)
{
	source_check_fork(load, &self->vm);
}

TEST_F(shared, fork_thp)
{
	source_check_fork_thp(load, &self->vm);
}

TEST_F_TIMEOUT(shared, ksm, SOURCE_KSM_TIMEOUT)
{
	source_check_ksm(load, &self->vm);
}

TEST_F(shared, memcg_fork)
{
	source_check_memcg_fork(load, allocate, &self->vm);
}

TEST_F_TIMEOUT(shared, memcg_ksm, SOURCE_KSM_TIMEOUT)
{
	source_check_memcg_ksm(load, allocate, &self->vm);
}

TEST_F(shared, memcg_swap)
{
	source_check_memcg_swap(load, allocate, &self->vm);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
