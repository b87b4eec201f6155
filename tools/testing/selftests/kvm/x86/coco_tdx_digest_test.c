// SPDX-License-Identifier: GPL-2.0-only
/*
 * Launches of TDs on the emulated TDX host: what they measure, what they leave
 * behind, and what happens if the TDX module is busy or does not like something.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "coco_tdx.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define MEASURE		KVM_TDX_MEASURE_MEMORY_REGION
#define NR_LAUNCHES	100
#define NR_RANDOM	12

/* Calculated with other software, from the specification; counting is P here. */
#define MRTD_NOTHING \
	"38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"
#define MRTD_ADD_1000 \
	"fcdabf6fdf38b87d2e3a89b1ab68c242abb261dffa70ef6f1dc2220c2752d2729cdf1be92afc2e0e4297f04e2b629552"
#define MRTD_P_FFC00000 \
	"cccf160c02f34cb9106cda9b14fd9e3a5159d23b21a41ba43827385be809068d6b6011aa1d21b28951b0ee6b6e5d8d6c"
#define MRTD_MIXED \
	"02bbba60688467abaf4b85956a30f4f139275e1a7be0fc128ca569a5ea0f896d3bcae922134e249985e804ef440d6483"

static uint8_t zeroes[PAGE_SIZE] __aligned(PAGE_SIZE);
static uint8_t counting[PAGE_SIZE] __aligned(PAGE_SIZE);

FIXTURE(tdx) {
	struct coco_emul_census census;
};

FIXTURE_SETUP(tdx)
{
	size_t i;

	for (i = 0; i < PAGE_SIZE; i++)
		counting[i] = i;
	coco_pamt_census(&self->census);
}

/* Whatever a case did, it leaves no page and no pending fault behind. */
FIXTURE_TEARDOWN(tdx)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault has not fired");
	coco_emul_census_expect(&self->census);
}

TEST_F(tdx, mrtd_of_nothing)
{
	struct coco_td td;

	coco_td_create(&td, 1);
	coco_td_expect_mrtd(&td, MRTD_NOTHING, "Before the measurement is final");
	coco_td_finalize(&td);
	coco_td_expect_mrtd(&td, MRTD_NOTHING, "After it");
	coco_td_free(&td);
}

TEST_F(tdx, mrtd_of_unmeasured_page)
{
	struct coco_td td;

	coco_td_create(&td, 1);
	coco_td_add_slot(&td, 0, 16);
	coco_td_add(&td, 0, counting, 0x1000, 1);
	coco_td_finalize(&td);
	coco_td_expect_mrtd(&td, MRTD_ADD_1000, "One page, not measured");
	coco_td_free(&td);
}

TEST_F(tdx, mrtd_of_measured_page)
{
	struct coco_td td;

	coco_td_create(&td, 1);
	coco_td_add_slot(&td, 0xffc00000, 16);
	coco_td_add(&td, MEASURE, counting, 0xffc00000, 1);
	coco_td_finalize(&td);
	coco_td_expect_mrtd(&td, MRTD_P_FFC00000, "One page, measured");
	coco_td_free(&td);
}

TEST_F(tdx, mrtd_of_several_pages)
{
	struct coco_td td;

	coco_td_create(&td, 1);
	coco_td_add_slot(&td, 0, 16);
	coco_td_add(&td, MEASURE, zeroes, 0x1000, 1);
	coco_td_add(&td, 0, counting, 0x2000, 1);
	coco_td_add(&td, MEASURE, counting, 0x3000, 1);
	coco_td_finalize(&td);
	coco_td_expect_mrtd(&td, MRTD_MIXED, "Measured and unmeasured pages");
	coco_td_free(&td);
}

/* Random regions of random pages, in random order, with and without measuring. */
static void random_launch(unsigned int *seed, uint64_t nr_pages)
{
	uint64_t start[8], nr = nr_pages / ARRAY_SIZE(start), tmp;
	uint8_t *src = coco_random_pages(nr_pages);
	struct coco_td td;
	size_t i, j;

	coco_td_create(&td, nr_pages);

	for (i = 0; i < ARRAY_SIZE(start); i++)
		start[i] = i * nr;
	for (i = ARRAY_SIZE(start) - 1; i; i--) {
		j = rand_r(seed) % (i + 1);
		tmp = start[i];
		start[i] = start[j];
		start[j] = tmp;
	}

	for (i = 0; i < ARRAY_SIZE(start); i++)
		coco_td_add(&td, rand_r(seed) & 1 ? MEASURE : 0, src + start[i] * PAGE_SIZE,
			    COCO_TD_GPA + start[i] * PAGE_SIZE, 1 + rand_r(seed) % nr);

	coco_td_check_mrtd(&td);
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
	free(src);
}

TEST_F_TIMEOUT(tdx, mrtd_of_random_launches, 120)
{
	unsigned int seed = 1;
	int i;

	for (i = 0; i < NR_RANDOM; i++)
		random_launch(&seed, 64);
}

TEST_F_TIMEOUT(tdx, launch_100_times, 120)
{
	uint8_t *src = coco_random_pages(512);
	struct coco_td td;
	int i;

	for (i = 0; i < NR_LAUNCHES; i++) {
		uint64_t nr_pages = i % 50 ? 1 + i % 4 : 512;

		coco_td_create(&td, 600);
		coco_td_add(&td, i & 1 ? MEASURE : 0, src, COCO_TD_GPA, nr_pages);
		coco_td_add(&td, MEASURE, src, COCO_TD_GPA + 520 * PAGE_SIZE, 1);
		coco_td_add(&td, 0, src, COCO_TD_GPA + 550 * PAGE_SIZE, 2);
		coco_td_finalize(&td);
		coco_td_check_mrtd(&td);
		coco_td_free(&td);
		if (!(i % 10))
			coco_emul_census_expect(&self->census);
	}

	free(src);
}

/* The census counts what a TD has, or going back to the start would say nothing. */
TEST_F(tdx, census_while_td_lives)
{
	struct coco_emul_census now;
	struct coco_td td;

	coco_td_create(&td, 8);
	coco_td_add(&td, 0, counting, COCO_TD_GPA, 1);
	coco_td_add(&td, MEASURE, counting, COCO_TD_GPA + 2 * PAGE_SIZE, 1);

	coco_pamt_census(&now);
	TEST_ASSERT_EQ(now.value[COCO_PAMT_TDR], self->census.value[COCO_PAMT_TDR] + 1);
	TEST_ASSERT_EQ(now.value[COCO_PAMT_TDVPR], self->census.value[COCO_PAMT_TDVPR] + 1);
	TEST_ASSERT_EQ(now.value[COCO_PAMT_TDCX],
		       self->census.value[COCO_PAMT_TDCX] + COCO_NR_TDCS + COCO_NR_TDVPX);
	TEST_ASSERT_EQ(now.value[COCO_PAMT_REG], self->census.value[COCO_PAMT_REG] + 2);
	TEST_ASSERT_EQ(now.value[COCO_PAMT_EPT], self->census.value[COCO_PAMT_EPT] + 3);
	coco_td_free(&td);
}

static void *launch_some(void *cpu)
{
	unsigned int seed = (unsigned long)cpu + 10;
	int i;

	coco_set_cpu((unsigned long)cpu);

	for (i = 0; i < 8; i++)
		random_launch(&seed, 64);
	return NULL;
}

TEST_F_TIMEOUT(tdx, two_tds_on_two_cpus, 120)
{
	pthread_t threads[2];
	long i;

	if (!coco_emul_has_cpus(2))
		SKIP(return, "this machine has one CPU");

	/* The library keeps it for all threads, but does not lock to get it. */
	kvm_get_supported_cpuid();

	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, launch_some, (void *)i);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

TEST_F(tdx, contents_are_scrambled)
{
	uint8_t seen[2][COCO_SEEN_SIZE];
	struct coco_td td;
	int i;

	coco_td_create(&td, 4);
	for (i = 0; i < 2; i++) {
		uint64_t gpa = COCO_TD_GPA + i * PAGE_SIZE;

		coco_td_add(&td, i ? MEASURE : 0, counting, gpa, 1);
		TEST_ASSERT(coco_td_hpa(&td, gpa, seen[i]), "The page is not mapped");
		TEST_ASSERT(memcmp(seen[i], counting, COCO_SEEN_SIZE), "The host can read it");
	}
	TEST_ASSERT(memcmp(seen[0], seen[1], COCO_SEEN_SIZE), "Equal pages can be told");
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
}

/* Every other case makes sure that the host wrote to no page; here it does. */
TEST_F(tdx, host_write_is_counted)
{
	struct coco_td td;

	coco_td_create(&td, 4);
	coco_td_add(&td, MEASURE, counting, COCO_TD_GPA, 1);
	coco_td_add(&td, 0, counting, COCO_TD_GPA + PAGE_SIZE, 1);
	coco_emul_host_write(coco_td_hpa(&td, COCO_TD_GPA, NULL) + 77);
	coco_td_free(&td);

	self->census.value[COCO_PAMT_HOST_WRITES]++;
}

/* Twice the same page: neither measured nor mapped again, and no harm done. */
TEST_F(tdx, gpa_twice)
{
	uint8_t before[SHA384_SIZE], after[SHA384_SIZE];
	uint64_t hpa, left;
	struct coco_td td;
	int ret;

	coco_td_create(&td, 8);
	coco_td_add(&td, MEASURE, counting, COCO_TD_GPA, 1);
	coco_td_mrtd(&td, before);
	hpa = coco_td_hpa(&td, COCO_TD_GPA, NULL);

	ret = __coco_td_add(&td, MEASURE, zeroes, COCO_TD_GPA, 1, &left);
	TEST_ASSERT(ret == -1 && errno == EEXIST && left == 1,
		    "A second page at one GPA should be EEXIST, not %d, errno %d, %lu left",
		    ret, errno, left);
	coco_td_mrtd(&td, after);
	TEST_ASSERT(!memcmp(before, after, SHA384_SIZE), "It was measured");
	TEST_ASSERT_EQ(coco_td_hpa(&td, COCO_TD_GPA, NULL), hpa);

	coco_td_add(&td, MEASURE, zeroes, COCO_TD_GPA + PAGE_SIZE, 1);
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
}

static void punch_hole(struct coco_td *td, uint64_t page, uint64_t nr_pages)
{
	vm_guest_mem_punch_hole(td->vm, COCO_TD_GPA + page * PAGE_SIZE, nr_pages * PAGE_SIZE);
}

TEST_F(tdx, punch_hole)
{
	uint8_t *src = coco_random_pages(16);
	struct coco_td td;

	coco_td_create(&td, 16);
	coco_td_add(&td, MEASURE, src, COCO_TD_GPA, 8);

	/* While the TD is built, a page that is gone can be added again. */
	punch_hole(&td, 2, 3);
	TEST_ASSERT(!coco_td_hpa(&td, COCO_TD_GPA + 2 * PAGE_SIZE, NULL),
		    "The page is still mapped");
	TEST_ASSERT(coco_td_hpa(&td, COCO_TD_GPA + PAGE_SIZE, NULL), "The page before it is not");
	coco_td_add(&td, MEASURE, src + 8 * PAGE_SIZE, COCO_TD_GPA + 2 * PAGE_SIZE, 2);
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);

	/* Once it can run, blocking and tracking come first. */
	punch_hole(&td, 0, 8);
	TEST_ASSERT(!coco_td_hpa(&td, COCO_TD_GPA, NULL), "The page is still mapped");
	coco_td_free(&td);
	free(src);
}

/* Shared, and private again: the TD loses the page. */
TEST_F(tdx, conversion_drops_page)
{
	struct coco_td td;

	coco_td_create(&td, 4);
	coco_td_add(&td, MEASURE, counting, COCO_TD_GPA, 2);
	coco_td_finalize(&td);

	vm_mem_set_shared(td.vm, COCO_TD_GPA, PAGE_SIZE);
	vm_mem_set_private(td.vm, COCO_TD_GPA, PAGE_SIZE);
	TEST_ASSERT(!coco_td_hpa(&td, COCO_TD_GPA, NULL), "The page is still mapped");
	TEST_ASSERT(coco_td_hpa(&td, COCO_TD_GPA + PAGE_SIZE, NULL), "The next one is not");
	coco_td_free(&td);
}

/* Busy: KVM goes on trying while it holds the lock that keeps others out. */
static void busy_is_retried(const char *leaf, uint64_t n)
{
	uint8_t *src = coco_random_pages(8);
	struct coco_td td;
	uint64_t calls;

	coco_td_create(&td, 8);
	calls = coco_emul_count(leaf);
	coco_emul_inject(leaf, n, TDX_OPERAND_BUSY);
	coco_td_add(&td, MEASURE, src, COCO_TD_GPA, 8);
	TEST_ASSERT(!coco_emul_inject_is_pending(), "%s was not called", leaf);
	TEST_ASSERT(coco_emul_count(leaf) > calls + n, "%s was not called again", leaf);
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
	free(src);
}

TEST_F(tdx, busy_page_add)
{
	busy_is_retried("TDH.MEM.PAGE.ADD", 1);
	busy_is_retried("TDH.MEM.PAGE.ADD", 5);
}

TEST_F(tdx, busy_sept_add)
{
	busy_is_retried("TDH.MEM.SEPT.ADD", 1);
	busy_is_retried("TDH.MEM.SEPT.ADD", 3);
}

TEST_F(tdx, busy_finalize)
{
	struct coco_td td;
	int ret;

	coco_td_create(&td, 1);
	coco_td_add(&td, MEASURE, counting, COCO_TD_GPA, 1);
	coco_emul_inject("TDH.MR.FINALIZE", 1, TDX_OPERAND_BUSY);
	ret = __coco_td_finalize(&td);
	TEST_ASSERT(ret == -1 && errno == EBUSY, "Should be EBUSY, not %d, errno %d", ret, errno);
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
}

/* On the way out KVM kicks the vCPUs and tries once more. */
static void busy_at_removal(const char *leaf)
{
	struct coco_td td;

	coco_td_create(&td, 2);
	coco_td_add(&td, MEASURE, counting, COCO_TD_GPA, 1);
	coco_td_finalize(&td);
	coco_emul_inject(leaf, 1, TDX_OPERAND_BUSY);
	coco_td_free(&td);
	TEST_ASSERT(!coco_emul_inject_is_pending(), "%s was not called", leaf);
}

TEST_F(tdx, busy_range_block)
{
	busy_at_removal("TDH.MEM.RANGE.BLOCK");
}

TEST_F(tdx, busy_track)
{
	busy_at_removal("TDH.MEM.TRACK");
}

TEST_F(tdx, busy_page_remove)
{
	busy_at_removal("TDH.MEM.PAGE.REMOVE");
}

TEST_F(tdx, no_entropy)
{
	static const char *const leaves[] = { "TDH.MNG.CREATE", "TDH.MNG.KEY.CONFIG" };
	struct coco_td td;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		coco_emul_inject(leaves[i], 1, TDX_RND_NO_ENTROPY);
		coco_td_create(&td, 1);
		coco_td_free(&td);
	}
}

TEST_F(tdx, cache_wb_interrupted)
{
	uint64_t calls = coco_emul_count("TDH.PHYMEM.CACHE.WB");
	struct coco_td td;

	/* KVM calls it with interrupts off, and by then one is due. */
	coco_td_create(&td, 1);
	coco_tdx_pause("TDH.PHYMEM.CACHE.WB", "before", 1, 200000);
	coco_td_free(&td);
	TEST_ASSERT(coco_emul_count("TDH.PHYMEM.CACHE.WB") > calls + 1, "It was not interrupted");
}

/* The module's own check, and the same by injection; then the right values. */
TEST_F(tdx, init_vm_operand_invalid)
{
	uint64_t hw_error;
	struct coco_td td;
	int ret;

	coco_td_new(&td);
	ret = __coco_td_init_vm(&td, BIT(4), &hw_error);
	TEST_ASSERT(ret == -1 && errno == EINVAL &&
		    hw_error == (TDX_OPERAND_INVALID | TDX_OPERAND_ID_CPUID_CONFIG),
		    "CPUID bits that cannot be configured: %d, errno %d, hw_error %lx",
		    ret, errno, hw_error);

	coco_emul_inject("TDH.MNG.INIT", 1, TDX_OPERAND_INVALID | TDX_OPERAND_ID_XFAM);
	ret = __coco_td_init_vm(&td, 0, &hw_error);
	TEST_ASSERT(ret == -1 && errno == EINVAL &&
		    hw_error == (TDX_OPERAND_INVALID | TDX_OPERAND_ID_XFAM),
		    "Injected: %d, errno %d, hw_error %lx", ret, errno, hw_error);

	coco_td_init_vm(&td);
	coco_td_add_vcpu(&td);
	coco_td_init_vcpu(&td);
	coco_td_finalize(&td);
	coco_td_expect_mrtd(&td, MRTD_NOTHING, "After three attempts");
	coco_td_free(&td);
}

static void expect_einval(struct coco_td *td, uint64_t gpa, uint64_t nr_pages)
{
	uint64_t left;
	int ret = __coco_td_add(td, MEASURE, counting, gpa, nr_pages, &left);

	TEST_ASSERT(ret == -1 && errno == EINVAL && left == nr_pages,
		    "%lu pages at %lx should be EINVAL, not %d, errno %d, %lu left",
		    nr_pages, gpa, ret, errno, left);
}

/* A TD with 52 address bits, which needs an EPT with five levels, and its limits */
TEST_F(tdx, gpa_bits_52)
{
	const uint64_t shared = BIT_ULL(51), last = shared - PAGE_SIZE;
	struct coco_td td;
	uint64_t hw_error;
	int ret;

	coco_td_new(&td);
	td.gpa_bits = 52;
	if (last / PAGE_SIZE > td.vm->max_gfn) {
		ret = __coco_td_init_vm(&td, 0, &hw_error);
		TEST_ASSERT(ret == -1 && errno == EINVAL, "Should be EINVAL, not %d, errno %d",
			    ret, errno);
		coco_td_free(&td);
		return;
	}

	coco_td_init_vm(&td);
	coco_td_add_vcpu(&td);
	coco_td_init_vcpu(&td);
	coco_td_add_slot(&td, COCO_TD_GPA, 4);
	coco_td_add_slot(&td, last - PAGE_SIZE, 2);
	coco_td_add(&td, MEASURE, counting, COCO_TD_GPA, 1);
	coco_td_add(&td, MEASURE, counting, last, 1);
	expect_einval(&td, last, 2);
	expect_einval(&td, shared | COCO_TD_GPA, 1);
	expect_einval(&td, COCO_TD_GPA + PAGE_SIZE, BIT_ULL(40));
	TEST_ASSERT(coco_td_hpa(&td, last, NULL), "The last page is not mapped");
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
}

/* Intel SDM, "VM-Instruction Error Numbers" */
#define VMXERR_ENTRY_INVALID_CONTROL_FIELD	7

/* VMX: an ordinary VM can be created and destroyed; entering it fails, and says so. */
TEST_F(tdx, ordinary_vm)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int ret;

	vm = vm_create_with_one_vcpu(&vcpu, NULL);
	ret = _vcpu_run(vcpu);
	TEST_ASSERT(!ret, "KVM_RUN failed, errno %d", errno);
	TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_FAIL_ENTRY);
	TEST_ASSERT_EQ(vcpu->run->fail_entry.hardware_entry_failure_reason,
		       VMXERR_ENTRY_INVALID_CONTROL_FIELD);
	kvm_vm_free(vm);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
