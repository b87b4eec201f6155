// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of KVM_SEV_SNP_LAUNCH_UPDATE that take something out of the ordinary:
 * allocations that fail, arguments in memory that is not there, and a source in
 * the way of a stack.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "gmem_fail.h"
#include "gmem_source.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	4ul

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

/* The @n-th allocation fails, if it gets that far. */
static bool update_with_failure(struct snp_guest *g, struct kvm_sev_snp_launch_update *args,
				int n, int *error)
{
	int fd = gmem_fail_begin(n), ret;
	uint32_t fw_error = 0;
	bool failed;

	ret = __snp_launch_update(g->vm, args, &fw_error);
	*error = ret ? errno : 0;
	failed = gmem_fail_end(fd);
	TEST_ASSERT(!fw_error, "Allocation %d failed, and the firmware says 0x%x", n, fw_error);
	return failed;
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

	gmem_fail_init();
	snp_init_cpuid_page(src);
	do {
		struct kvm_sev_snp_launch_update args = {
			.gfn_start = GPA / PAGE_SIZE,
			.uaddr = (uint64_t)src,
			.len = PAGE_SIZE,
			.type = KVM_SEV_SNP_PAGE_TYPE_CPUID,
		};

		failed = update_with_failure(&self->guest, &args, ++n, &error);
		TEST_ASSERT(!error || (failed && (error == ENOMEM || error == EIO)),
			    "Allocation %d: errno %d", n, error);
		no_memory |= error == ENOMEM;
	} while (error);

	TEST_ASSERT(no_memory, "Of %d allocations that failed none was ENOMEM", n - 1);
	snp_guest_measure(&self->guest, 0, NULL, KVM_SEV_SNP_PAGE_TYPE_CPUID);
	munmap(src, PAGE_SIZE);
}

/* Pages of a file that nobody has mapped yet, so that the source needs memory as well */
TEST_F(error, no_memory_for_source)
{
	struct snp_guest *g = &self->guest;
	int n = 0, error, stopped = 0;
	bool failed = true;
	uint8_t *src;
	int memfd, i;

	gmem_fail_init();
	while (failed) {
		struct kvm_sev_snp_launch_update args = {
			.gfn_start = GPA / PAGE_SIZE,
			.len = NR_PAGES * PAGE_SIZE,
			.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
		};

		snp_guest_free(g);
		snp_guest_init(g, GPA, NR_PAGES);
		memfd = kvm_memfd_alloc(NR_PAGES * PAGE_SIZE, false);
		src = kvm_mmap(NR_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd);
		args.uaddr = (uint64_t)src;

		failed = update_with_failure(g, &args, ++n, &error);
		TEST_ASSERT(!error || (failed && error == EIO), "Allocation %d: errno %d", n,
			    error);
		stopped += !!args.len;
		if (args.len)
			snp_launch_update(g->vm, &args);
		for (i = 0; i < NR_PAGES; i++)
			snp_guest_measure(g, i, src + i * PAGE_SIZE, args.type);
		snp_guest_expect_digest(g);
		munmap(src, NR_PAGES * PAGE_SIZE);
		close(memfd);
	}

	ksft_print_msg("%d allocations failed, the update stopped for %d\n", n - 1, stopped);
	TEST_ASSERT(stopped, "Of %d allocations that failed none was noticed", n - 1);
}

static int update_at(struct snp_guest *g, void *args)
{
	return __vm_sev_ioctl(g->vm, KVM_SEV_SNP_LAUNCH_UPDATE, args);
}

/* Nothing is launched if the arguments cannot be read. */
TEST_F(error, arguments_not_readable)
{
	uint8_t *page = snp_map_pages(2);
	int ret;

	TEST_ASSERT(!munmap(page + PAGE_SIZE, PAGE_SIZE), "munmap(): %s", strerror(errno));
	ret = update_at(&self->guest, page + PAGE_SIZE);
	TEST_ASSERT(ret == -1 && errno == EFAULT, "No struct: ret %d, errno %d", ret, errno);
	ret = update_at(&self->guest, page + PAGE_SIZE - 8);
	TEST_ASSERT(ret == -1 && errno == EFAULT, "Half a struct: ret %d, errno %d", ret, errno);
	munmap(page, PAGE_SIZE);
}

/* The page is launched, but how far it came cannot be told. */
TEST_F(error, arguments_not_writable)
{
	struct kvm_sev_snp_launch_update *args = snp_map_pages(1);
	void *src = snp_map_pages(1);
	int ret;

	*args = (struct kvm_sev_snp_launch_update) {
		.gfn_start = GPA / PAGE_SIZE,
		.uaddr = (uint64_t)src,
		.len = PAGE_SIZE,
		.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
	};
	TEST_ASSERT(!mprotect(args, PAGE_SIZE, PROT_READ), "mprotect(): %s", strerror(errno));
	ret = update_at(&self->guest, args);
	TEST_ASSERT(ret == -1 && errno == EFAULT, "ret %d, errno %d", ret, errno);
	TEST_ASSERT_EQ(args->len, PAGE_SIZE);
	snp_guest_measure(&self->guest, 0, src, args->type);

	/* So the caller cannot but try it again. */
	ret = update_at(&self->guest, args);
	TEST_ASSERT(ret == -1 && errno == EIO, "Again: ret %d, errno %d", ret, errno);
	munmap(args, PAGE_SIZE);
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

static void create_and_load(void *unused, const void *src, size_t npages)
{
	struct snp_guest g;

	snp_guest_init(&g, GPA, npages);
	snp_guest_update(&g, 0, src, npages, KVM_SEV_SNP_PAGE_TYPE_UNMEASURED);
	snp_guest_free(&g);
}

TEST(memcg_limit)
{
	struct coco_emul_census census;
	void *src = snp_map_pages(1);

	snp_census_read(&census);
	source_check_memcg_limit(create_and_load, NULL);
	coco_emul_census_expect(&census);
	create_and_load(NULL, src, 1);
	coco_emul_census_expect(&census);
	munmap(src, PAGE_SIZE);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
