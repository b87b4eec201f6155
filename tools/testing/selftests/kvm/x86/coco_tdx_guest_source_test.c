// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every kind of source memory once more, see coco_tdx_source_test, and calls that are not
 * carried out at once: this time the TD looks at what it has got.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "coco_td_guest.h"
#include "gmem_source.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

/* Seconds, where the harness gives 30: each case launches a TD, and runs it. */
#define TIMEOUT			120

#define NR_PAGES	SOURCE_MANY_PAGES
#define MEASURE		KVM_TDX_MEASURE_MEMORY_REGION

FIXTURE(source) {
	struct coco_emul_census census;
	struct coco_td td;
};

FIXTURE_SETUP(source)
{
	coco_set_cpu(0);
	coco_pamt_census(&self->census);
	coco_td_create(&self->td, NR_PAGES);
}

FIXTURE_TEARDOWN(source)
{
	coco_td_check_mrtd(&self->td);
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

/* The sum of each page, of which from arg[1] on each arg[2]-th one is to be accepted first */
TD_CODE static void guest_sums(uint64_t *arg, uint64_t vcpu)
{
	uint64_t gpa, i;

	for (i = 0; i < arg[0]; i++) {
		gpa = COCO_TD_GPA + i * PAGE_SIZE;
		if (arg[2] && i % arg[2] == arg[1])
			coco_tg_put64(coco_tg_accept(gpa));
		coco_tg_put64(coco_tg_page_sum((void *)gpa));
	}
	coco_tg_exit();
}

static void start(struct coco_td *td, uint64_t npages, uint64_t first, uint64_t step)
{
	const uint64_t args[] = { npages, first, step };

	coco_tg_start(td, guest_sums, args, ARRAY_SIZE(args));
}

/* The TD has exactly this. */
static void expect_content(struct coco_td *td, const void *want, uint64_t npages)
{
	uint64_t i;

	start(td, npages, 0, 0);
	for (i = 0; i < npages; i++)
		TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), coco_td_page_sum(want + i * PAGE_SIZE));
	coco_tg_done(td->vcpu);
}

/* The source may be gone when the TD looks: it is compared with a copy. */
static void load(void *td, const void *src, size_t npages)
{
	void *want = kvm_mmap(npages * PAGE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1);

	coco_td_add(td, MEASURE, src, COCO_TD_GPA, npages);
	memcpy(want, src, npages * PAGE_SIZE);
	expect_content(td, want, npages);
	kvm_munmap(want, npages * PAGE_SIZE);
}

TEST_F_TIMEOUT(source, thp, TIMEOUT)
{
	source_check_thp(load, &self->td);
}

TEST_F_TIMEOUT(source, zero_page, TIMEOUT)
{
	source_check_zero_page(load, &self->td);
}

TEST_F_TIMEOUT(source, memfd, TIMEOUT)
{
	source_check_memfd(load, &self->td);
}

TEST_F_TIMEOUT(source, read_only_shared_file, TIMEOUT)
{
	source_check_read_only_shared_file(load, &self->td);
}

TEST_F_TIMEOUT(source, private_file, TIMEOUT)
{
	source_check_private_file(load, &self->td);
}

TEST_F_TIMEOUT(source, hugetlb, TIMEOUT)
{
	source_check_hugetlb(load, &self->td);
}

TEST_F_TIMEOUT(source, fork, TIMEOUT)
{
	source_check_fork(load, &self->td);
}

TEST_F_TIMEOUT(source, fork_thp, TIMEOUT)
{
	source_check_fork_thp(load, &self->td);
}

TEST_F_TIMEOUT(source, ksm, SOURCE_KSM_TIMEOUT)
{
	source_check_ksm(load, &self->td);
}

TEST_F_TIMEOUT(source, swapped, TIMEOUT)
{
	source_check_swapped(load, &self->td);
}

/* What is left of a call, from page @done on; returns how far it got. */
static uint64_t go_on(struct coco_td *td, const uint8_t *src, uint64_t done, int want_errno)
{
	uint64_t left;
	int ret = __coco_td_add(td, MEASURE, src + done * PAGE_SIZE, COCO_TD_GPA + done * PAGE_SIZE,
				NR_PAGES - done, &left);

	TEST_ASSERT(ret ? errno == want_errno : !left, "%d, errno %d, %lu pages left", ret, errno,
		    left);
	return NR_PAGES - left;
}

/* Signals that come all the time: each call does what it can. */
TEST_F_TIMEOUT(source, interrupted, TIMEOUT)
{
	uint8_t *src = coco_random_pages(NR_PAGES);
	uint64_t done = 0;
	int calls = 0;

	coco_emul_signals(10000);
	for (; done < NR_PAGES; calls++)
		done = go_on(&self->td, src, done, EINTR);
	coco_emul_signals(0);
	TEST_ASSERT(calls > 1, "No call was interrupted");
	expect_content(&self->td, src, NR_PAGES);
	free(src);
}

/* A part of the source is missing at first. */
TEST_F_TIMEOUT(source, fault, TIMEOUT)
{
	uint8_t *src = coco_random_pages(NR_PAGES);
	uint64_t half = NR_PAGES / 2, done;

	TEST_ASSERT(!mprotect(src + half * PAGE_SIZE, half * PAGE_SIZE, PROT_NONE), "mprotect()");
	done = go_on(&self->td, src, 0, EFAULT);
	TEST_ASSERT_EQ(done, half);
	TEST_ASSERT(!mprotect(src + half * PAGE_SIZE, half * PAGE_SIZE, PROT_READ), "mprotect()");
	TEST_ASSERT_EQ(go_on(&self->td, src, done, 0), NR_PAGES);
	expect_content(&self->td, src, NR_PAGES);
	free(src);
}

/* The module is busy: KVM adds the page once, later. */
TEST_F_TIMEOUT(source, busy, TIMEOUT)
{
	uint8_t *src = coco_random_pages(NR_PAGES);

	coco_emul_inject("TDH.MEM.PAGE.ADD", 20, TDX_OPERAND_BUSY);
	TEST_ASSERT_EQ(go_on(&self->td, src, 0, 0), NR_PAGES);
	TEST_ASSERT(!coco_emul_inject_is_pending(), "It was not busy");
	expect_content(&self->td, src, NR_PAGES);
	free(src);
}

/*
 * Pages between others that nobody has added, half of them allocated: whatever there was,
 * they are zero.
 */
TEST_F_TIMEOUT(source, never_added, TIMEOUT)
{
	uint8_t *src = coco_random_pages(NR_PAGES), zero[PAGE_SIZE] __aligned(PAGE_SIZE) = {};
	struct coco_td *td = &self->td;
	uint64_t i;

	memset(addr_gpa2hva(td->vm, COCO_TD_GPA), 0xa5, NR_PAGES * PAGE_SIZE);
	kvm_fallocate(memslot2region(td->vm, 1)->region.guest_memfd, FALLOC_FL_KEEP_SIZE, 0,
		      NR_PAGES / 2 * PAGE_SIZE);
	for (i = 1; i < NR_PAGES; i += 2)
		coco_td_add(td, MEASURE, src + i * PAGE_SIZE, COCO_TD_GPA + i * PAGE_SIZE, 1);
	start(td, NR_PAGES, 0, 2);

	for (i = 0; i < NR_PAGES; i++) {
		if (i % 2 == 0)
			TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0);
		TEST_ASSERT_EQ(coco_tg_value64(td->vcpu),
			       coco_td_page_sum(i % 2 ? src + i * PAGE_SIZE : zero));
	}
	coco_tg_done(td->vcpu);
	free(src);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
