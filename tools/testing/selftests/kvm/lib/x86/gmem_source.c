// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kernel-page-flags.h>
#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "coco_emul.h"
#include "gmem_populate.h"
#include "gmem_source.h"

#define FEW_SIZE	(SOURCE_FEW_PAGES * PAGE_SIZE)
#define MANY_SIZE	(SOURCE_MANY_PAGES * PAGE_SIZE)

#define CGROUP_ROOT	"/sys/fs/cgroup/"
#define CGROUP		CGROUP_ROOT "gmem_source/"

/*
 * What a launch may take in a memory cgroup at its limit: page tables, and what
 * two CPUs charge in advance, 64 pages each.  Copies would take more.
 */
#define CGROUP_ROOM	(160 * PAGE_SIZE)

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_SWAPPED	BIT_ULL(62)

/* Enough for a VM, and for half of its memory */
#define CGROUP_LIMIT	SZ_4M

/* A child that has the memory, too, and in the end still reads the same there */
struct sharer {
	pid_t pid;
	int to_child;
};

static uint64_t sum(const void *mem, size_t size)
{
	const uint64_t *words = mem;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < size / sizeof(*words); i++)
		sum = (sum ^ READ_ONCE(words[i])) * 0x100000001b3ull;
	return sum;
}

static struct sharer share(const void *mem, size_t size)
{
	uint64_t want = sum(mem, size);
	struct sharer s;
	int fds[2];
	char c;

	TEST_ASSERT(!pipe(fds), "pipe(): %s", strerror(errno));
	s.pid = fork();
	TEST_ASSERT(s.pid >= 0, "fork(): %s", strerror(errno));
	if (!s.pid) {
		/* Whatever comes of the parent: else nobody sees the end of its output. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[1]);
		if (read(fds[0], &c, 1) != 1)
			_exit(2);
		_exit(sum(mem, size) != want);
	}

	close(fds[0]);
	s.to_child = fds[1];
	return s;
}

static void expect_child_is_fine(pid_t pid)
{
	int status;

	TEST_ASSERT(waitpid(pid, &status, 0) == pid, "waitpid(): %s", strerror(errno));
	TEST_ASSERT(!WIFSIGNALED(status), "Signal %d killed the child that shares the source",
		    WTERMSIG(status));
	TEST_ASSERT(!status, "The child that shares the source ended with status 0x%x", status);
}

static void end_share(struct sharer *s)
{
	TEST_ASSERT(write(s->to_child, "", 1) == 1, "write(): %s", strerror(errno));
	close(s->to_child);
	expect_child_is_fine(s->pid);
}

/* Is the page still the one that it was, or a copy? */
static void expect_same_page(const void *addr, uint64_t pa)
{
	TEST_ASSERT(coco_emul_pa(addr) == pa, "Page 0x%lx of the source became 0x%lx", pa,
		    coco_emul_pa(addr));
}

/* Page by page different */
static void *map_many(void)
{
	void *mem = kvm_mmap(MANY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(mem, MANY_SIZE, MADV_NOHUGEPAGE);
	gmem_fill(mem, SOURCE_MANY_PAGES, 1);
	return mem;
}

void source_fill(void *mem, size_t npages)
{
	uint32_t *words = mem;
	size_t i;

	for (i = 0; i < npages * PAGE_SIZE / sizeof(*words); i++)
		words[i] = i * 2654435761u;
}

void *source_map_fd(int fd, size_t npages, int prot, int flags)
{
	void *mem;

	TEST_ASSERT(fd >= 0, "No file: %s", strerror(errno));
	mem = mmap(NULL, npages * PAGE_SIZE, prot, flags, fd, 0);
	TEST_ASSERT(mem != MAP_FAILED, "mmap(): %s", strerror(errno));
	return mem;
}

int source_temp_file(size_t npages)
{
	char path[] = "/tmp/gmem_source.XXXXXX";
	size_t size = npages * PAGE_SIZE;
	int fd = mkstemp(path);
	void *data = malloc(size);

	source_fill(data, npages);
	TEST_ASSERT(fd >= 0 && write(fd, data, size) == size, "%s: %s", path, strerror(errno));
	unlink(path);
	free(data);
	return fd;
}

void source_check_zero_page(source_load_fn load, void *arg)
{
	uint8_t *src = kvm_mmap(FEW_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	TEST_ASSERT(!READ_ONCE(src[0]) && !READ_ONCE(src[PAGE_SIZE]), "Fresh memory is not zero");
	load(arg, src, SOURCE_FEW_PAGES);
	munmap(src, FEW_SIZE);
}

void source_check_memfd(source_load_fn load, void *arg)
{
	int fd = memfd_create("source", 0);
	void *src;

	TEST_ASSERT(!ftruncate(fd, FEW_SIZE), "ftruncate(): %s", strerror(errno));
	src = source_map_fd(fd, SOURCE_FEW_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED);
	source_fill(src, SOURCE_FEW_PAGES);
	load(arg, src, SOURCE_FEW_PAGES);
	munmap(src, FEW_SIZE);
	close(fd);
}

void source_check_read_only_shared_file(source_load_fn load, void *arg)
{
	int fd = source_temp_file(SOURCE_FEW_PAGES);
	void *src = source_map_fd(fd, SOURCE_FEW_PAGES, PROT_READ, MAP_SHARED);

	load(arg, src, SOURCE_FEW_PAGES);
	munmap(src, FEW_SIZE);
	close(fd);
}

void source_check_private_file(source_load_fn load, void *arg)
{
	int fd = source_temp_file(SOURCE_FEW_PAGES);
	uint8_t *src = source_map_fd(fd, SOURCE_FEW_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	src[0]++;
	load(arg, src, SOURCE_FEW_PAGES);
	munmap(src, FEW_SIZE);
	close(fd);
}

static void *map_hugetlb(void)
{
	void *mem;

	gmem_write_file("/proc/sys/vm/nr_hugepages", "1");
	mem = kvm_mmap(SZ_2M, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	gmem_fill(mem, SZ_2M / PAGE_SIZE, 1);
	return mem;
}

static void unmap_hugetlb(void *mem)
{
	munmap(mem, SZ_2M);
	gmem_write_file("/proc/sys/vm/nr_hugepages", "0");
}

void source_check_hugetlb(source_load_fn load, void *arg)
{
	void *mem = map_hugetlb();
	struct sharer s = share(mem, SZ_2M);

	load(arg, mem + 5 * PAGE_SIZE, 2);
	end_share(&s);
	unmap_hugetlb(mem);
}

void source_check_hugetlb_in_child(source_load_fn create_and_load, void *arg)
{
	void *mem = map_hugetlb();
	uint64_t want = sum(mem, SZ_2M);
	pid_t pid = fork();

	TEST_ASSERT(pid >= 0, "fork(): %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		create_and_load(arg, mem + 5 * PAGE_SIZE, 2);
		_exit(0);
	}

	expect_child_is_fine(pid);
	TEST_ASSERT(sum(mem, SZ_2M) == want, "The parent's page changed");
	unmap_hugetlb(mem);
}

static void expect_huge_page(const void *addr)
{
	const size_t last = SZ_2M - PAGE_SIZE;

	TEST_ASSERT_EQ(coco_emul_pa(addr) % SZ_2M, 0);
	TEST_ASSERT_EQ(coco_emul_pa(addr + last), coco_emul_pa(addr) + last);
}

/* Some ten pages come and go with the tasks that run meanwhile. */
static void expect_no_copies(uint64_t anon_before)
{
	uint64_t anon = gmem_vmstat("nr_anon_pages");

	TEST_ASSERT(anon < anon_before + SOURCE_MANY_PAGES / 4,
		    "%lu anonymous pages more, for a source of %lu", anon - anon_before,
		    SOURCE_MANY_PAGES);
}

void source_check_fork(source_load_fn load, void *arg)
{
	void *mem = map_many();
	struct sharer s = share(mem, MANY_SIZE);
	uint64_t pa = coco_emul_pa(mem), anon;

	anon = gmem_vmstat("nr_anon_pages");
	load(arg, mem, SOURCE_MANY_PAGES);
	expect_no_copies(anon);
	expect_same_page(mem, pa);
	end_share(&s);
	munmap(mem, MANY_SIZE);
}

/* One that is all there, aligned, in twice its size at @mem */
static void *map_huge_page(void **mem)
{
	void *src;

	*mem = kvm_mmap(2 * SZ_2M, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	src = (void *)(((uintptr_t)*mem + SZ_2M - 1) & ~(SZ_2M - 1ul));
	TEST_ASSERT(!madvise(src, SZ_2M, MADV_HUGEPAGE), "MADV_HUGEPAGE: %s", strerror(errno));
	gmem_fill(src, SZ_2M / PAGE_SIZE, 1);
	expect_huge_page(src);
	return src;
}

void source_check_thp(source_load_fn load, void *arg)
{
	void *mem, *src = map_huge_page(&mem);

	load(arg, src + 7 * PAGE_SIZE, SOURCE_FEW_PAGES);
	expect_huge_page(src);
	munmap(mem, 2 * SZ_2M);
}

void source_check_fork_thp(source_load_fn load, void *arg)
{
	void *mem, *src = map_huge_page(&mem);
	struct sharer s = share(src, SZ_2M);
	uint64_t anon = gmem_vmstat("nr_anon_pages");

	load(arg, src, SOURCE_MANY_PAGES);
	expect_no_copies(anon);
	expect_huge_page(src);
	end_share(&s);
	munmap(mem, 2 * SZ_2M);
}

static bool is_ksm(const void *addr)
{
	int fd = open("/proc/kpageflags", O_RDONLY);
	off_t offset = coco_emul_pa(addr) / PAGE_SIZE * sizeof(uint64_t);
	uint64_t flags;

	TEST_ASSERT(fd >= 0 && pread(fd, &flags, sizeof(flags), offset) == sizeof(flags),
		    "/proc/kpageflags: %s", strerror(errno));
	close(fd);
	return flags & BIT_ULL(KPF_KSM);
}

/* All of one content */
static void *map_many_merged(void)
{
	void *mem = map_many();
	int i, tries = 1200;

	for (i = 1; i < SOURCE_MANY_PAGES; i++)
		memcpy(mem + i * PAGE_SIZE, mem, PAGE_SIZE);
	TEST_ASSERT(!madvise(mem, MANY_SIZE, MADV_MERGEABLE), "MADV_MERGEABLE: %s",
		    strerror(errno));
	gmem_write_file("/sys/kernel/mm/ksm/pages_to_scan", "1000");
	gmem_write_file("/sys/kernel/mm/ksm/run", "1");
	for (i = 0; i < SOURCE_MANY_PAGES && tries;) {
		if (is_ksm(mem + i * PAGE_SIZE)) {
			i++;
		} else {
			usleep(50000);
			tries--;
		}
	}
	gmem_write_file("/sys/kernel/mm/ksm/run", "0");
	gmem_write_file("/sys/kernel/mm/ksm/pages_to_scan", "100");
	TEST_ASSERT(tries, "KSM merged %d pages of %lu", i, SOURCE_MANY_PAGES);
	return mem;
}

void source_check_ksm(source_load_fn load, void *arg)
{
	void *mem = map_many_merged();
	uint64_t pa = coco_emul_pa(mem), anon = gmem_vmstat("nr_anon_pages");

	load(arg, mem, SOURCE_MANY_PAGES);
	expect_no_copies(anon);
	expect_same_page(mem, pa);
	munmap(mem, MANY_SIZE);
}

bool source_is_swapped(const void *addr)
{
	return coco_emul_pagemap(addr) & PAGEMAP_SWAPPED;
}

void source_check_swapped(source_load_fn load, void *arg)
{
	void *mem = map_many();
	int i, tries = 100;

	for (i = 0; i < SOURCE_MANY_PAGES && tries;) {
		if (source_is_swapped(mem + i * PAGE_SIZE)) {
			i++;
			continue;
		}
		TEST_ASSERT(!madvise(mem, MANY_SIZE, MADV_PAGEOUT), "MADV_PAGEOUT: %s",
			    strerror(errno));
		usleep(10000);
		tries--;
	}
	TEST_ASSERT(tries, "%d pages of %lu are swapped out", i, SOURCE_MANY_PAGES);

	load(arg, mem, SOURCE_MANY_PAGES);
	munmap(mem, MANY_SIZE);
}

static void move_to_cgroup(const char *procs)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	gmem_write_file(procs, pid);
}

static void enter_memcg(void)
{
	gmem_write_file(CGROUP_ROOT "cgroup.subtree_control", "+memory");
	TEST_ASSERT(!mkdir(CGROUP, 0700) || errno == EEXIST, "mkdir(" CGROUP "): %s",
		    strerror(errno));
	gmem_write_file(CGROUP "memory.max", "max");
	move_to_cgroup(CGROUP "cgroup.procs");
}

static uint64_t memcg_read(const char *path)
{
	FILE *file = fopen(path, "r");
	uint64_t value;

	TEST_ASSERT(file && fscanf(file, "%lu", &value) == 1, "%s: %s", path, strerror(errno));
	fclose(file);
	return value;
}

static void limit_memcg(void)
{
	char limit[32];

	snprintf(limit, sizeof(limit), "%lu",
		 (unsigned long)(memcg_read(CGROUP "memory.current") + CGROUP_ROOM));
	gmem_write_file(CGROUP "memory.swap.max", "0");
	gmem_write_file(CGROUP "memory.max", limit);
}

static void leave_memcg(void)
{
	gmem_write_file(CGROUP "memory.max", "max");
	move_to_cgroup(CGROUP_ROOT "cgroup.procs");
	TEST_ASSERT(!rmdir(CGROUP), "rmdir(" CGROUP "): %s", strerror(errno));
}

void source_check_memcg_fork(source_load_fn load, source_allocate_fn allocate, void *arg)
{
	struct sharer s;
	void *mem;

	enter_memcg();
	mem = map_many();
	allocate(arg, SOURCE_MANY_PAGES);
	s = share(mem, MANY_SIZE);
	limit_memcg();
	load(arg, mem, SOURCE_MANY_PAGES);
	end_share(&s);
	leave_memcg();
	munmap(mem, MANY_SIZE);
}

void source_check_memcg_ksm(source_load_fn load, source_allocate_fn allocate, void *arg)
{
	void *mem;

	enter_memcg();
	mem = map_many_merged();
	allocate(arg, SOURCE_MANY_PAGES);
	limit_memcg();
	load(arg, mem, SOURCE_MANY_PAGES);
	leave_memcg();
	munmap(mem, MANY_SIZE);
}

/*
 * Half of the source is in swap. What pushes it out is memory.high, and only until it is: at the
 * limit of so small a group Linux 7.3 kills, and above memory.high it puts to sleep.
 */
void source_check_memcg_swap(source_load_fn load, source_allocate_fn allocate, void *arg)
{
	uint64_t want, swapped_in;
	char limit[32];
	void *mem;

	enter_memcg();
	mem = map_many();
	want = sum(mem, MANY_SIZE);
	allocate(arg, SOURCE_MANY_PAGES);
	gmem_write_file(CGROUP "memory.swap.max", "max");
	snprintf(limit, sizeof(limit), "%lu",
		 (unsigned long)(memcg_read(CGROUP "memory.current") - MANY_SIZE / 2));
	gmem_write_file(CGROUP "memory.high", limit);
	TEST_ASSERT(memcg_read(CGROUP "memory.swap.current") >= MANY_SIZE / 4,
		    "Only %lu bytes were swapped out", memcg_read(CGROUP "memory.swap.current"));
	gmem_write_file(CGROUP "memory.high", "max");

	swapped_in = gmem_vmstat("pswpin");
	load(arg, mem, SOURCE_MANY_PAGES);
	swapped_in = gmem_vmstat("pswpin") - swapped_in;
	TEST_ASSERT(swapped_in >= SOURCE_MANY_PAGES / 4, "Only %lu pages came back from swap",
		    swapped_in);
	leave_memcg();
	TEST_ASSERT(sum(mem, MANY_SIZE) == want, "The source changed");
	munmap(mem, MANY_SIZE);
}

/* The memory of the guest does not fit: the process is killed, and so is the launch. */
void source_check_memcg_limit(source_load_fn create_and_load, void *arg)
{
	size_t npages = 2 * CGROUP_LIMIT / PAGE_SIZE;
	char limit[32], events[256] = {};
	int status, fd;
	pid_t pid;
	void *src;

	pid = fork();
	TEST_ASSERT(pid >= 0, "fork(): %s", strerror(errno));
	if (!pid) {
		enter_memcg();
		src = kvm_mmap(npages * PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		snprintf(limit, sizeof(limit), "%lu",
			 (unsigned long)(memcg_read(CGROUP "memory.current") + CGROUP_LIMIT));
		gmem_write_file(CGROUP "memory.swap.max", "0");
		gmem_write_file(CGROUP "memory.max", limit);
		create_and_load(arg, src, npages);
		_exit(0);
	}

	TEST_ASSERT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGKILL, "Not killed, status 0x%x", status);
	fd = open(CGROUP "memory.events", O_RDONLY);
	TEST_ASSERT(fd >= 0 && read(fd, events, sizeof(events) - 1) > 0, "memory.events: %s",
		    strerror(errno));
	close(fd);
	TEST_ASSERT(strstr(events, "oom_kill 1"), "Nobody was killed for memory: %s", events);

	/* A task that was waited for is in its cgroup until its CPU runs another one. */
	while (rmdir(CGROUP))
		TEST_ASSERT(errno == EBUSY && !usleep(1000), "rmdir(" CGROUP "): %s",
			    strerror(errno));
}
