// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of KVM_TDX_INIT_MEM_REGION that take something out of the ordinary:
 * allocations that fail, and arguments in memory that is not there.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "coco_tdx.h"
#include "gmem_fail.h"
#include "gmem_source.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define MEASURE		KVM_TDX_MEASURE_MEMORY_REGION
#define NR_PAGES	4ul
#define SIZE		(NR_PAGES * PAGE_SIZE)

FIXTURE(error) {
	struct coco_emul_census census;
	struct coco_td td;
};

FIXTURE_SETUP(error)
{
	coco_emul_inject_clear();
	coco_pamt_census(&self->census);
	coco_td_create(&self->td, NR_PAGES);
}

FIXTURE_TEARDOWN(error)
{
	coco_td_finalize(&self->td);
	coco_td_check_mrtd(&self->td);
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

/* Pages of a file that nobody has mapped yet, so that the source needs memory as well */
TEST_F_TIMEOUT(error, no_memory, 120)
{
	struct coco_td *td = &self->td;
	int n, ret, error, fd, memfd, stopped = 0;
	uint64_t left, done;
	bool failed = true;
	uint8_t *src;

	gmem_fail_init();
	for (n = 1; failed; n++) {
		coco_td_free(td);
		coco_td_create(td, NR_PAGES);
		memfd = kvm_memfd_alloc(SIZE, false);
		src = kvm_mmap(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd);

		fd = gmem_fail_begin(n);
		ret = __coco_td_add(td, MEASURE, src, COCO_TD_GPA, NR_PAGES, &left);
		error = ret ? errno : 0;
		failed = gmem_fail_end(fd);
		TEST_ASSERT(!error || (failed && (error == ENOMEM || error == EFAULT)),
			    "Allocation %d: errno %d", n, error);
		TEST_ASSERT(!error == !left, "Allocation %d: errno %d, %lu pages left", n, error,
			    left);

		/* It is repeated for what is left, and nothing is lost. */
		stopped += !!left;
		done = NR_PAGES - left;
		if (left)
			coco_td_add(td, MEASURE, src + done * PAGE_SIZE,
				    COCO_TD_GPA + done * PAGE_SIZE, left);
		coco_td_check_mrtd(td);
		munmap(src, SIZE);
		close(memfd);
	}

	ksft_print_msg("%d allocations failed, the ioctl stopped for %d\n", n - 2, stopped);
	TEST_ASSERT(stopped, "Of %d allocations that failed none was noticed", n - 2);
}

static int add_at(struct coco_td *td, void *region)
{
	union {
		struct kvm_tdx_cmd cmd;
		unsigned long raw;
	} arg = {
		.cmd = {
			.id = KVM_TDX_INIT_MEM_REGION,
			.flags = MEASURE,
			.data = (uint64_t)region,
		},
	};

	return kvm_do_ioctl(td->vcpu->fd, KVM_MEMORY_ENCRYPT_OP, &arg.raw);
}

static void *map(size_t npages)
{
	return kvm_mmap(npages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1);
}

/* Nothing is added if the arguments cannot be read. */
TEST_F(error, arguments_not_readable)
{
	uint8_t *page = map(2);
	int ret;

	TEST_ASSERT(!munmap(page + PAGE_SIZE, PAGE_SIZE), "munmap(), errno %d", errno);
	ret = add_at(&self->td, page + PAGE_SIZE);
	TEST_ASSERT(ret == -1 && errno == EFAULT, "No struct: ret %d, errno %d", ret, errno);
	ret = add_at(&self->td, page + PAGE_SIZE - 8);
	TEST_ASSERT(ret == -1 && errno == EFAULT, "Half a struct: ret %d, errno %d", ret, errno);
	munmap(page, PAGE_SIZE);
}

/* The pages are added, but how far it came cannot be told. */
TEST_F(error, arguments_not_writable)
{
	struct kvm_tdx_init_mem_region *region = map(1);
	uint8_t *src = map(2);
	int ret;

	*region = (struct kvm_tdx_init_mem_region) {
		.source_addr = (uint64_t)src,
		.gpa = COCO_TD_GPA,
		.nr_pages = 2,
	};
	TEST_ASSERT(!mprotect(region, PAGE_SIZE, PROT_READ), "mprotect(), errno %d", errno);
	ret = add_at(&self->td, region);
	TEST_ASSERT(ret == -1 && errno == EFAULT, "ret %d, errno %d", ret, errno);
	TEST_ASSERT_EQ(region->nr_pages, 2);
	coco_td_measure(&self->td, MEASURE, src, COCO_TD_GPA, 2);
	coco_td_check_mrtd(&self->td);
	munmap(region, PAGE_SIZE);
	munmap(src, 2 * PAGE_SIZE);
}

static void create_and_load(void *unused, const void *src, size_t npages)
{
	struct coco_td td;

	coco_td_create(&td, npages);
	coco_td_add(&td, 0, src, COCO_TD_GPA, npages);
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
}

TEST(memcg_limit)
{
	struct coco_emul_census census;
	void *src = map(1);

	coco_pamt_census(&census);
	source_check_memcg_limit(create_and_load, NULL);
	coco_emul_census_expect(&census);
	create_and_load(NULL, src, 1);
	coco_emul_census_expect(&census);
	munmap(src, PAGE_SIZE);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
