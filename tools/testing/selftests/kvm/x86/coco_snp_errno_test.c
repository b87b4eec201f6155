// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of KVM_SEV_SNP_LAUNCH_UPDATE that take something out of the ordinary:
 * allocations that fail, and a source in the way of a stack.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	4ul

#define DEBUGFS		"/sys/kernel/debug/"

FIXTURE(error) {
	struct coco_emul_census census;
	struct snp_guest guest;
};

FIXTURE_SETUP(error)
{
	coco_emul_inject_clear();
	snp_census_read(&self->census);
	snp_guest_init(&self->guest, GPA, NR_PAGES);
}

FIXTURE_TEARDOWN(error)
{
	snp_guest_expect_digest(&self->guest);
	snp_guest_free(&self->guest);
	coco_emul_census_expect(&self->census);
}

static void write_to(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);

	TEST_ASSERT(fd >= 0 && write(fd, text, strlen(text)) == strlen(text), "%s: %s", file,
		    strerror(errno));
	close(fd);
}

/* The @n-th allocation of this thread fails, if it gets that far; see fault-injection.rst. */
static bool update_with_failure(struct snp_guest *g, void *src, int n, int *error)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR);
	uint32_t fw_error = 0;
	char text[16];
	ssize_t len;
	int ret;

	snprintf(text, sizeof(text), "%d", n);
	TEST_ASSERT(fd >= 0 && write(fd, text, strlen(text)) == strlen(text), "fail-nth: %s",
		    strerror(errno));
	ret = __snp_guest_update(g, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_CPUID, &fw_error);
	*error = ret ? errno : 0;
	len = pread(fd, text, sizeof(text) - 1, 0);
	TEST_ASSERT(len > 0, "fail-nth: %s", strerror(errno));
	text[len] = '\0';
	TEST_ASSERT(pwrite(fd, "0", 1, 0) == 1, "fail-nth: %s", strerror(errno));
	close(fd);

	TEST_ASSERT(!fw_error, "Allocation %d failed, and the firmware says 0x%x", n, fw_error);
	return !atoi(text);
}

/*
 * The first allocation is the buffer for a CPUID page that comes back. Whichever
 * it is that fails, the call can be repeated as it is.
 */
TEST_F(error, no_memory)
{
	bool failed, no_memory = false;
	void *src = snp_map_pages(1);
	int n = 0, error;

	write_to(DEBUGFS "failslab/verbose", "0");
	write_to(DEBUGFS "failslab/ignore-gfp-wait", "N");
	write_to(DEBUGFS "fail_page_alloc/verbose", "0");
	write_to(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	write_to(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	write_to(DEBUGFS "fail_page_alloc/min-order", "0");

	snp_init_cpuid_page(src);
	do {
		failed = update_with_failure(&self->guest, src, ++n, &error);
		TEST_ASSERT(!error || (failed && (error == ENOMEM || error == EIO)),
			    "Allocation %d: errno %d", n, error);
		no_memory |= error == ENOMEM;
	} while (error);

	TEST_ASSERT(no_memory, "Of %d allocations that failed none was ENOMEM", n - 1);
	snp_guest_measure(&self->guest, 0, NULL, KVM_SEV_SNP_PAGE_TYPE_CPUID);
	munmap(src, PAGE_SIZE);
}

static void *below_stack(unsigned long npages)
{
	char line[256], name[64];
	unsigned long start = 0;
	FILE *maps = fopen("/proc/self/maps", "r");

	TEST_ASSERT(maps, "/proc/self/maps: %s", strerror(errno));
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%*x %*s %*s %*s %*s %63s", &start, name) == 2 &&
		    !strcmp(name, "[stack]"))
			break;
	}
	fclose(maps);
	return (void *)(start - npages * PAGE_SIZE);
}

/* A write to such an address would make the stack grow, a launch does not. */
TEST_F(error, below_stack)
{
	static const uint8_t types[] = {
		KVM_SEV_SNP_PAGE_TYPE_NORMAL, KVM_SEV_SNP_PAGE_TYPE_UNMEASURED,
		KVM_SEV_SNP_PAGE_TYPE_SECRETS,
	};
	void *stack = below_stack(0), *src;
	uint32_t fw_error;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		src = below_stack(1 + 13 * i);
		ret = __snp_guest_update(&self->guest, 0, src, 1, types[i], &fw_error);
		TEST_ASSERT(ret == -1 && errno == EIO && !fw_error,
			    "Type %u: ret %d, errno %d, firmware 0x%x", types[i], ret, errno,
			    fw_error);
		TEST_ASSERT(below_stack(0) == stack, "The stack grew");
	}
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
