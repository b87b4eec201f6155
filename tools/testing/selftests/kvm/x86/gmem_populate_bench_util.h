/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmarks of kvm_gmem_populate() share.  They know only what every
 * kernel to be compared has, and so do not use libkvm: the same binary runs on
 * all of them.
 */
#ifndef SELFTEST_KVM_GMEM_POPULATE_BENCH_UTIL_H
#define SELFTEST_KVM_GMEM_POPULATE_BENCH_UTIL_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define PAGE_SIZE	4096ul

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static inline void fail(const char *fmt, ...)
{
	int error = errno;
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf(": %s\n", strerror(error));
	exit(1);
}

/*
 * Nothing is written before the end: there may be one CPU only, and whoever
 * reads would be measured.
 */
static inline void print_late(void)
{
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
}

static inline void print(const char *what, const char *source, const char *callback, long npages,
			 unsigned long long value)
{
	printf("bench:\t%s\t%s\t%s\t%ld\t%llu\n", what, source, callback, npages, value);
}

static inline int xioctl(int fd, unsigned long cmd, const void *arg, const char *name)
{
	int ret = ioctl(fd, cmd, arg);

	if (ret < 0)
		fail("%s", name);
	return ret;
}

#define XIOCTL(fd, cmd, arg)	xioctl(fd, cmd, arg, #cmd)

static inline void *map(size_t size, int prot, int flags, int fd)
{
	void *mem = mmap(NULL, size, prot, flags, fd, 0);

	if (mem == MAP_FAILED)
		fail("mmap() of %zu bytes", size);
	return mem;
}

static inline void *anon(long npages)
{
	size_t size = npages * PAGE_SIZE;
	void *mem = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (madvise(mem, size, MADV_NOHUGEPAGE))
		fail("MADV_NOHUGEPAGE");
	return mem;
}

static inline void *anon_touched(long npages)
{
	return memset(anon(npages), 0x5a, npages * PAGE_SIZE);
}

/* Let the kernel finish what it has put off, e.g. the end of the last VM. */
static inline void settle(void)
{
	struct timespec ts = { .tv_nsec = 200000000 };

	nanosleep(&ts, NULL);
}

#endif /* SELFTEST_KVM_GMEM_POPULATE_BENCH_UTIL_H */
