// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources of gmem_fuzz. This process itself touches them by system calls only,
 * which fail where an access would be a signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bits.h>
#include <linux/sizes.h>
#include <linux/userfaultfd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "coco_snp.h"
#include "fuzz_source.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define REGION_SIZE	(FUZZ_SOURCE_PAGES * PAGE_SIZE)
/* Where they are does not depend on what else this process has mapped. */
#define REGION_BASE	SZ_4G
#define REGION_STEP	(4 * SZ_2M)

enum region {
	REGION_GOOD,		/* never changes */
	REGION_CPUID,		/* CPUID tables */
	REGION_UFFD,		/* provided by userfaultfd, if somebody does */
	REGION_POISON,		/* with a memory error, sooner or later */
	REGION_CHANGES,		/* from here on */
	NR_REGIONS = REGION_CHANGES + 5,
};

static unsigned int nr_regions;
static void *added;
static int memfd = -1, zero = -1;
static bool poisoned;

static void *region(unsigned int i)
{
	return (void *)(REGION_BASE + i * REGION_STEP);
}

static void *map(unsigned int i, int prot, int flags, int fd)
{
	return mmap(region(i), REGION_SIZE, prot, flags | MAP_FIXED, fd, 0);
}

static void fill(void *addr, size_t len)
{
	/* memory that read() cannot write to stays as it is */
	if (read(zero, addr, len) < 0)
		errno = 0;
}

/* As anybody could have it: anonymous, shared, of a file, read-only, not there */
static void map_something(struct fuzz_rng *rng, unsigned int i)
{
	switch (fuzz_below(rng, 8)) {
	case 0:
		map(i, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
		break;
	case 1:
		map(i, PROT_READ | PROT_WRITE, MAP_SHARED, memfd);
		break;
	case 2:
		map(i, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd);
		break;
	case 3:
		map(i, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		break;
	case 4:
		munmap(region(i), REGION_SIZE);
		break;
	case 5:
		map(i, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		madvise(region(i), REGION_SIZE, MADV_HUGEPAGE);
		break;
	default:
		map(i, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		fill(region(i), REGION_SIZE);
		break;
	}
}

static void map_cpuid_tables(struct fuzz_rng *rng)
{
	void *tables = map(REGION_CPUID, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int i;

	for (i = 0; i < 4; i++) {
		snp_init_cpuid_page(tables + i * PAGE_SIZE);
		if (fuzz_once_in(rng, 3))
			snp_spoil_cpuid_page(tables + i * PAGE_SIZE);
	}
	if (fuzz_once_in(rng, 4))
		mprotect(tables, REGION_SIZE, PROT_READ);
}

void fuzz_source_init(struct fuzz_rng *rng, bool calm)
{
	int i;

	zero = open("/dev/zero", O_RDONLY);
	memfd = syscall(SYS_memfd_create, "source", 0);
	TEST_ASSERT(zero >= 0 && memfd >= 0 && !ftruncate(memfd, REGION_SIZE), "No sources: %s",
		    strerror(errno));

	map(REGION_GOOD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (i = 0; i < FUZZ_SOURCE_PAGES; i++)
		memset(region(REGION_GOOD) + i * PAGE_SIZE, 'a' + i, PAGE_SIZE);
	map_cpuid_tables(rng);
	map(REGION_UFFD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	map(REGION_POISON, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	fill(region(REGION_POISON), REGION_SIZE);

	nr_regions = calm ? REGION_GOOD + 1 : NR_REGIONS;
	for (i = REGION_CHANGES; i < NR_REGIONS; i++)
		map_something(rng, i);
}

void fuzz_source_add(void *addr)
{
	added = addr;
}

uint64_t fuzz_source(struct fuzz_rng *rng, uint64_t npages)
{
	uint64_t room = npages < FUZZ_SOURCE_PAGES ? FUZZ_SOURCE_PAGES - npages + 1 : 1;
	unsigned int i = fuzz_once_in(rng, 3) ? REGION_GOOD : fuzz_below(rng, nr_regions);

	if (added && fuzz_once_in(rng, 6))
		return (uintptr_t)added;

	return (uintptr_t)region(i) + fuzz_below(rng, room) * PAGE_SIZE;
}

uint64_t fuzz_source_cpuid(struct fuzz_rng *rng)
{
	return (uintptr_t)region(REGION_CPUID) + fuzz_below(rng, 4) * PAGE_SIZE;
}

/* Once in a process: the page is lost for good. */
static long poison(struct fuzz_rng *rng)
{
	void *addr = region(REGION_POISON) + fuzz_below(rng, FUZZ_SOURCE_PAGES) * PAGE_SIZE;

	if (__atomic_exchange_n(&poisoned, true, __ATOMIC_RELAXED))
		return 0;
	/* Not the zero page, which everybody has */
	fill(addr, PAGE_SIZE);
	return madvise(addr, PAGE_SIZE, MADV_HWPOISON);
}

/* A second process has all of this for a while, and of the VMs a bit more. */
static long share(struct fuzz_rng *rng)
{
	unsigned int us = fuzz_below(rng, 20000), touch = fuzz_below(rng, NR_REGIONS);
	pid_t pid = fork();

	if (!pid) {
		fill(region(touch), PAGE_SIZE);
		usleep(us);
		_exit(0);
	}
	return pid;
}

void fuzz_source_change(struct fuzz_rng *rng, unsigned int op)
{
	static const int protections[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_WRITE,
	};
	static const int advices[] = {
		MADV_DONTNEED, MADV_FREE, MADV_COLD, MADV_MERGEABLE, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_COLLAPSE,
		MADV_DONTFORK, MADV_WIPEONFORK, MADV_REMOVE,
	};
	unsigned int i = REGION_CHANGES + fuzz_below(rng, NR_REGIONS - REGION_CHANGES);
	unsigned int page = fuzz_below(rng, FUZZ_SOURCE_PAGES), what = fuzz_below(rng, 16);
	size_t len = (1 + fuzz_below(rng, FUZZ_SOURCE_PAGES - page)) * PAGE_SIZE;
	void *addr = region(i) + page * PAGE_SIZE;
	int arg;

	fuzz_begin(op, "%u at %p, 0x%lx bytes", what, addr, len);
	switch (what) {
	case 0:
	case 1:
		map_something(rng, i);
		fuzz_end(op, 0);
		break;
	case 2:
		fuzz_end(op, munmap(addr, len));
		break;
	case 3:
	case 4:
		arg = protections[fuzz_below(rng, ARRAY_SIZE(protections))];
		fuzz_end(op, mprotect(addr, len, arg));
		break;
	case 5:
		fuzz_end(op, share(rng));
		break;
	case 6:
		fuzz_end(op, fallocate(memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				       page * PAGE_SIZE, len));
		break;
	case 7:
		fuzz_end(op, ftruncate(memfd, page * PAGE_SIZE));
		fuzz_end(op, ftruncate(memfd, REGION_SIZE));
		break;
	case 8:
		fuzz_end(op, fuzz_once_in(rng, 8) ? poison(rng) : 0);
		break;
	case 9:
	case 10:
		fuzz_end(op, read(zero, addr, len));
		break;
	default:
		arg = advices[fuzz_below(rng, ARRAY_SIZE(advices))];
		fuzz_end(op, madvise(addr, len, arg));
		break;
	}
}

static long uffd_register(int uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)region(REGION_UFFD), .len = REGION_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (ioctl(uffd, UFFDIO_API, &api))
		return -1;
	madvise(region(REGION_UFFD), REGION_SIZE, MADV_DONTNEED);
	return ioctl(uffd, UFFDIO_REGISTER, &reg);
}

/* Whoever waits goes on when the file is closed, at the latest. */
void fuzz_source_uffd(struct fuzz_rng *rng, unsigned int op)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK), tries;
	struct pollfd poll_fd = { .fd = uffd, .events = POLLIN };
	struct uffdio_zeropage page = { .range.len = PAGE_SIZE };
	struct uffd_msg msg;

	if (uffd < 0)
		return;

	fuzz_begin(op, "userfaultfd");
	if (!fuzz_end(op, uffd_register(uffd))) {
		for (tries = fuzz_below(rng, 12); tries; tries--) {
			if (poll(&poll_fd, 1, 20) <= 0 ||
			    read(uffd, &msg, sizeof(msg)) != sizeof(msg))
				continue;
			usleep(fuzz_below(rng, 10000));
			page.range.start = msg.arg.pagefault.address & PAGE_MASK;
			ioctl(uffd, UFFDIO_ZEROPAGE, &page);
		}
	}
	close(uffd);
}
