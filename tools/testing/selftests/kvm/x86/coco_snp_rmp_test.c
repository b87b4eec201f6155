// SPDX-License-Identifier: GPL-2.0-only
/*
 * RMPUPDATE and RMPREAD fail, by injection.  For each RMPUPDATE that fails the
 * kernel logs a backtrace.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA			BIT_ULL(32)
#define NR_PAGES		5ul

FIXTURE(rmp) {
	struct coco_emul_census census;
	struct snp_guest guest;
	uint8_t *src;
};

FIXTURE_SETUP(rmp)
{
	coco_emul_inject_clear();
	snp_census_read(&self->census);
	self->src = snp_map_pages(NR_PAGES);
	memset(self->src, 0x77, NR_PAGES * PAGE_SIZE);
	snp_guest_create(&self->guest, GPA, NR_PAGES);
}

/* Whatever failed has left no page behind, and the guest can still be launched. */
FIXTURE_TEARDOWN(rmp)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	snp_vm_launch_finish(self->guest.vm);
	snp_guest_expect_digest(&self->guest);
	snp_guest_free(&self->guest);
	munmap(self->src, NR_PAGES * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

/* The @nth page fails; what comes before it is done, and the rest can follow. */
static void expect_page_fails(struct snp_guest *g, uint8_t *src, const char *insn,
			      uint64_t call, uint64_t status, int nth)
{
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = GPA / PAGE_SIZE,
		.uaddr = (uint64_t)src,
		.len = NR_PAGES * PAGE_SIZE,
		.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
	};
	uint32_t fw_error;
	int ret, i;

	coco_emul_inject(insn, call, status);
	ret = __snp_launch_update(g->vm, &args, &fw_error);
	if (nth == 1)
		TEST_ASSERT(ret == -1 && errno == EIO && !fw_error,
			    "ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	else
		TEST_ASSERT(!ret, "ret %d, errno %d", ret, errno);
	TEST_ASSERT(args.len == (NR_PAGES - nth + 1) * PAGE_SIZE,
		    "Page %d failed, and 0x%llx bytes are left", nth, args.len);

	snp_launch_update(g->vm, &args);
	for (i = 0; i < NR_PAGES; i++)
		snp_guest_measure(g, i, src + i * PAGE_SIZE, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
}

TEST_F(rmp, update_first_page)
{
	snp_guest_start(&self->guest);
	expect_page_fails(&self->guest, self->src, "RMPUPDATE", 1, RMP_FAIL_PERMISSION, 1);
}

TEST_F(rmp, update_third_page)
{
	snp_guest_start(&self->guest);
	expect_page_fails(&self->guest, self->src, "RMPUPDATE", 3, RMP_FAIL_PERMISSION, 3);
}

/* Each lookup reads two entries: the page's own and that of its 2 MiB region. */
TEST_F(rmp, lookup_of_first_page)
{
	snp_guest_start(&self->guest);
	expect_page_fails(&self->guest, self->src, "RMPREAD", 1, RMP_FAIL_INPUT, 1);
}

TEST_F(rmp, lookup_of_third_page)
{
	snp_guest_start(&self->guest);
	expect_page_fails(&self->guest, self->src, "RMPREAD", 6, RMP_FAIL_INPUT, 3);
}

TEST_F(rmp, context_page)
{
	struct kvm_sev_snp_launch_start start = { .policy = snp_default_policy() };
	int ret;

	coco_emul_inject("RMPUPDATE", 1, RMP_FAIL_PERMISSION);
	ret = __vm_sev_ioctl(self->guest.vm, KVM_SEV_SNP_LAUNCH_START, &start);
	TEST_ASSERT(ret == -1 && errno == ENOTTY, "ret %d, errno %d", ret, errno);

	snp_guest_start(&self->guest);
	snp_guest_update(&self->guest, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
