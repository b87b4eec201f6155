// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_TDX_INIT_MEM_REGION on the emulated TDX host that takes its time, because the
 * source makes it wait or because there is much of it: who punches holes can go
 * on, and a process that is killed is gone.
 */
#include <sys/mman.h>

#include "coco_tdx.h"
#include "gmem_wait.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define NR_UNTOUCHED	1024ul

static void launch(const void *src, size_t npages)
{
	struct coco_td td;

	coco_td_create(&td, npages);
	coco_td_add(&td, KVM_TDX_MEASURE_MEMORY_REGION, src, COCO_TD_GPA, npages);
	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
}

TEST(killed)
{
	struct coco_emul_census census;
	uint8_t *src;
	int i;

	coco_pamt_census(&census);
	for (i = 0; i < 3; i++) {
		gmem_wait_check_kill(launch);
		coco_emul_census_expect(&census);
	}

	src = coco_random_pages(WAIT_NR_PAGES);
	launch(src, WAIT_NR_PAGES);
	coco_emul_census_expect(&census);
	free(src);
}

/* One region from GPA 0 on, of memory that nobody has touched */
TEST(untouched)
{
	struct gmem_puncher puncher = { .offset = NR_UNTOUCHED * PAGE_SIZE };
	struct coco_emul_census census;
	struct coco_td td;
	void *src;

	src = kvm_mmap(NR_UNTOUCHED * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1);
	coco_pamt_census(&census);
	coco_td_create(&td, 0);
	coco_td_add_slot(&td, 0, NR_UNTOUCHED + 1);
	puncher.fd = memslot2region(td.vm, td.nr_slots)->region.guest_memfd;

	gmem_puncher_start(&puncher);
	coco_td_add(&td, 0, src, 0, NR_UNTOUCHED);
	gmem_puncher_stop(&puncher);
	ksft_print_msg("%lu holes punched in %.3f s, %.3f s at most\n", puncher.nr,
		       puncher.lasted, puncher.longest);

	coco_td_finalize(&td);
	coco_td_check_mrtd(&td);
	coco_td_free(&td);
	munmap(src, NR_UNTOUCHED * PAGE_SIZE);
	coco_emul_census_expect(&census);
	TEST_ASSERT(puncher.longest < puncher.lasted / 2, "One hole took %.3f s of %.3f s",
		    puncher.longest, puncher.lasted);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
