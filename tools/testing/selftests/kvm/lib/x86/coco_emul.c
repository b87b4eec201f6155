// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/bits.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "coco_emul.h"

#define COCO_EMUL_DIR	"/sys/kernel/debug/coco_emul/"

static int open_file(const char *file, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), COCO_EMUL_DIR "%s", file);
	return open(path, flags);
}

int coco_emul_package(int cpu)
{
	char path[96];
	FILE *file;
	int id;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%d/topology/physical_package_id", cpu);
	file = fopen(path, "r");
	TEST_ASSERT(file && fscanf(file, "%d", &id) == 1, "%s", path);
	fclose(file);
	return id;
}

char *coco_emul_read(const char *file)
{
	size_t size = 65536, len = 0;
	char *buf = malloc(size);
	ssize_t ret;
	int fd;

	fd = open_file(file, O_RDONLY);
	TEST_ASSERT(fd >= 0, COCO_EMUL_DIR "%s: %s", file, strerror(errno));

	while ((ret = read(fd, buf + len, size - len - 1)) > 0) {
		len += ret;
		if (size - len < 4096) {
			size *= 2;
			buf = realloc(buf, size);
			TEST_ASSERT(buf, "No memory");
		}
	}
	TEST_ASSERT(!ret, COCO_EMUL_DIR "%s: %s", file, strerror(errno));
	buf[len] = '\0';
	close(fd);
	return buf;
}

bool coco_emul_is(const char *name)
{
	int fd = open_file("host", O_RDONLY);
	bool same;
	char *host;

	if (fd < 0)
		return false;
	close(fd);

	host = coco_emul_read("host");
	host[strcspn(host, "\n")] = '\0';
	same = !strcmp(host, name);
	free(host);
	return same;
}

uint64_t coco_emul_value(const char *file, const char *name)
{
	char *buf = coco_emul_read(file), *line, *save = NULL;
	size_t len = strlen(name);
	uint64_t value;

	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, name, len) || line[len] != ' ')
			continue;

		value = strtoull(line + len, NULL, 0);
		free(buf);
		return value;
	}

	TEST_FAIL(COCO_EMUL_DIR "%s has no line \"%s\"", file, name);
	return 0;
}

void coco_emul_census_read(struct coco_emul_census *census)
{
	char *text = coco_emul_read(census->file), *next = text, *line, name[32];
	int i;

	for (i = 0; i < census->nr; i++) {
		line = strsep(&next, "\n");
		TEST_ASSERT(line && sscanf(line, "%31s %lu", name, &census->value[i]) == 2 &&
			    !strcmp(name, census->names[i]), COCO_EMUL_DIR "%s has no %s",
			    census->file, census->names[i]);
	}
	free(text);
}

void coco_emul_census_expect(const struct coco_emul_census *want)
{
	struct coco_emul_census now = *want;
	int i;

	coco_emul_census_read(&now);
	for (i = 0; i < now.nr; i++)
		TEST_ASSERT(now.value[i] == want->value[i], "%s: %s is %lu, wanted %lu", now.file,
			    now.names[i], now.value[i], want->value[i]);
}

uint64_t coco_emul_count(const char *name)
{
	return coco_emul_value("counters", name);
}

void coco_emul_write(const char *file, const char *text)
{
	int fd = open_file(file, O_WRONLY);

	TEST_ASSERT(fd >= 0 && write(fd, text, strlen(text)) == strlen(text),
		    COCO_EMUL_DIR "%s: \"%s\": %s", file, text, strerror(errno));
	close(fd);
}

void coco_emul_inject(const char *name, uint64_t n, uint64_t status)
{
	char text[128];

	snprintf(text, sizeof(text), "%s %lu 0x%lx", name, n, status);
	coco_emul_write("inject", text);
}

bool coco_emul_inject_is_pending(void)
{
	char *pending = coco_emul_read("inject");
	bool ret = *pending;

	free(pending);
	return ret;
}

void coco_emul_inject_clear(void)
{
	coco_emul_write("inject", "clear");
}

void coco_emul_delay(const char *name, unsigned int ms)
{
	char text[128];

	if (ms == COCO_EMUL_FOR_EVER)
		snprintf(text, sizeof(text), "%s for ever", name);
	else
		snprintf(text, sizeof(text), "%s %u", name, ms);
	coco_emul_write("delay", text);
}

void coco_emul_call(uint64_t *result, int nr, const char *fmt, ...)
{
	int fd = open_file("call", O_RDWR), len, i;
	char text[256], *at = text;
	va_list ap;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	TEST_ASSERT(fd >= 0 && write(fd, text, len) == len, COCO_EMUL_DIR "call: \"%s\": %s",
		    text, strerror(errno));
	len = read(fd, text, sizeof(text) - 1);
	TEST_ASSERT(len > 0, COCO_EMUL_DIR "call has no result: %s", strerror(errno));
	text[len] = '\0';
	close(fd);

	for (i = 0; i < nr; i++)
		result[i] = strtoull(at, &at, 0);
	TEST_ASSERT(!strcmp(at, "\n"), "Wanted %d results, not: %s", nr, text);
}

int __coco_emul_host_write(uint64_t pa)
{
	int fd = open_file("host_write", O_WRONLY), len, ret;
	char text[32];

	TEST_ASSERT(fd >= 0, COCO_EMUL_DIR "host_write: %s", strerror(errno));
	len = snprintf(text, sizeof(text), "%#lx", pa);
	ret = write(fd, text, len) == len ? 0 : errno;
	close(fd);
	return ret;
}

void coco_emul_host_write(uint64_t pa)
{
	int ret = __coco_emul_host_write(pa);

	TEST_ASSERT(!ret, COCO_EMUL_DIR "host_write: 0x%lx: %s", pa, strerror(ret));
}

int coco_emul_pre_fault(struct kvm_vcpu *vcpu, uint64_t gpa, uint64_t size, uint64_t *left)
{
	struct kvm_pre_fault_memory range = {
		.gpa = gpa,
		.size = size,
	};
	int ret = __vcpu_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range);

	TEST_ASSERT(range.gpa + range.size == gpa + size, "0x%llx bytes are left at 0x%llx",
		    range.size, range.gpa);
	*left = range.size;
	return ret;
}

void coco_emul_from_hex(const char *hex, uint8_t *bytes, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		TEST_ASSERT(sscanf(hex + 2 * i, "%2hhx", &bytes[i]) == 1, "Not hex: %s", hex);
}

void *coco_emul_locked_pages(size_t npages)
{
	return kvm_mmap(npages * PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1);
}

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PFN	GENMASK_ULL(54, 0)
#define PAGEMAP_PRESENT	BIT_ULL(63)

uint64_t coco_emul_pagemap(const void *addr)
{
	off_t offset = (uintptr_t)addr / PAGE_SIZE * sizeof(uint64_t);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	TEST_ASSERT(fd >= 0 && pread(fd, &entry, sizeof(entry), offset) == sizeof(entry),
		    "/proc/self/pagemap: %s", strerror(errno));
	close(fd);
	return entry;
}

uint64_t coco_emul_pa(const void *addr)
{
	uint64_t entry = coco_emul_pagemap(addr);

	TEST_ASSERT(entry & PAGEMAP_PRESENT && entry & PAGEMAP_PFN, "No physical address of %p",
		    addr);
	return (entry & PAGEMAP_PFN) * PAGE_SIZE + (uintptr_t)addr % PAGE_SIZE;
}

bool coco_emul_memory_error(const void *addr)
{
	int fd = open_file("memory_error", O_WRONLY), len;
	char text[32];
	ssize_t ret;

	len = snprintf(text, sizeof(text), "%p", addr);
	ret = write(fd, text, len);
	TEST_ASSERT(ret == len || (ret == -1 && errno == EOPNOTSUPP),
		    COCO_EMUL_DIR "memory_error: \"%s\": %s", text, strerror(errno));
	close(fd);
	return ret == len;
}

bool coco_emul_memory_error_is_found(void)
{
	char *state = coco_emul_read("memory_error");
	bool found = strstr(state, "read by");

	ksft_print_msg("memory error: %s", *state ? state : "none\n");
	free(state);
	return found;
}

void coco_emul_memory_error_clear(void)
{
	coco_emul_write("memory_error", "clear");
}

static void ignore_signal(int signal)
{
}

void coco_emul_signals(unsigned int us)
{
	const struct sigaction action = { .sa_handler = ignore_signal };
	const struct itimerval timer = {
		.it_interval.tv_usec = us,
		.it_value.tv_usec = us,
	};

	TEST_ASSERT(!sigaction(SIGALRM, &action, NULL) && !setitimer(ITIMER_REAL, &timer, NULL),
		    "No timer: %s", strerror(errno));
}
