// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every kind of source memory once more, see coco_snp_source_test: this time an SNP
 * guest looks at what it has got, byte by byte.
 */
#include <string.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp_inside.h"
#include "gmem_source.h"

/* Each page is an exit or more of a guest that is emulated twice. */
#define TIMEOUT		120

FIXTURE(source) {
	struct coco_emul_census census;
	struct inside in;
};

FIXTURE_SETUP(source)
{
	snp_census_read(&self->census);
	inside_create(&self->in, SOURCE_MANY_PAGES);
	inside_launch(&self->in);
}

FIXTURE_TEARDOWN(source)
{
	snp_guest_expect_digest(&self->in.guest);
	inside_free(&self->in);
	coco_emul_census_expect(&self->census);
}

/* The source may be gone when the guest looks: it is compared with a copy. */
static void load(void *arg, const void *src, size_t npages)
{
	size_t size = npages * PAGE_SIZE, i;
	struct inside *in = arg;
	void *want;

	inside_load(in, 0, src, npages, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	want = snp_map_pages(npages);
	memcpy(want, src, size);
	inside_finish(in);

	for (i = 0; i < npages; i++) {
		inside_expect_pvalidate(in, i, true, PVALIDATE_ALREADY);
		inside_expect(in, i, want + i * PAGE_SIZE);
	}
	kvm_munmap(want, size);
}

TEST_F_TIMEOUT(source, thp, TIMEOUT)
{
	source_check_thp(load, &self->in);
}

TEST_F_TIMEOUT(source, zero_page, TIMEOUT)
{
	source_check_zero_page(load, &self->in);
}

TEST_F_TIMEOUT(source, memfd, TIMEOUT)
{
	source_check_memfd(load, &self->in);
}

TEST_F_TIMEOUT(source, read_only_shared_file, TIMEOUT)
{
	source_check_read_only_shared_file(load, &self->in);
}

TEST_F_TIMEOUT(source, private_file, TIMEOUT)
{
	source_check_private_file(load, &self->in);
}

TEST_F_TIMEOUT(source, hugetlb, TIMEOUT)
{
	source_check_hugetlb(load, &self->in);
}

TEST_F_TIMEOUT(source, fork, TIMEOUT)
{
	source_check_fork(load, &self->in);
}

TEST_F_TIMEOUT(source, fork_thp, TIMEOUT)
{
	source_check_fork_thp(load, &self->in);
}

TEST_F_TIMEOUT(source, ksm, SOURCE_KSM_TIMEOUT)
{
	source_check_ksm(load, &self->in);
}

TEST_F_TIMEOUT(source, swapped, TIMEOUT)
{
	source_check_swapped(load, &self->in);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
