// SPDX-License-Identifier: GPL-2.0-only
/*
 * Launches on the emulated SEV-SNP host that the source makes wait: others can go
 * on, and a process that is killed is gone.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "gmem_wait.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	16ul
#define HOLE		15ul	/* a page that no launch here wants */
#define OTHER_SLOT	(SNP_SLOT + 1)
#define OTHER_GPA	(2 * GPA)

/* What is not done then waits for the launch. */
#define GIVE_UP_MS	2000

FIXTURE(wait) {
	struct coco_emul_census census;
	struct snp_guest guest;
	struct gmem_wait wait;
	struct gmem_others others;
	pthread_t thread;
	uint8_t page[4096];
	uint8_t type;
	size_t npages;
	uint64_t left;
	uint32_t fw_error;
	int ret;
	int error;
};

FIXTURE_SETUP(wait)
{
	struct snp_guest *g = &self->guest;

	coco_emul_inject_clear();
	snp_census_read(&self->census);
	snp_guest_init(g, GPA, NR_PAGES);
	self->others = (struct gmem_others) {
		.vm = g->vm,
		.fd = memslot2region(g->vm, SNP_SLOT)->region.guest_memfd,
		.offset = HOLE * PAGE_SIZE,
		.slot = OTHER_SLOT,
		.gpa = OTHER_GPA,
	};
}

FIXTURE_TEARDOWN(wait)
{
	gmem_wait_free(&self->wait);
	snp_guest_expect_digest(&self->guest);
	snp_guest_free(&self->guest);
	coco_emul_census_expect(&self->census);
}

static void *launch_update(void *data)
{
	FIXTURE_DATA(wait) *self = data;
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = GPA / PAGE_SIZE,
		.uaddr = (uint64_t)self->wait.mem,
		.len = self->npages * PAGE_SIZE,
		.type = self->type,
	};

	self->ret = __snp_launch_update(self->guest.vm, &args, &self->fw_error);
	self->error = errno;
	self->left = args.len / PAGE_SIZE;
	return NULL;
}

static void start(FIXTURE_DATA(wait) *self, uint8_t type, size_t npages)
{
	self->type = type;
	self->npages = npages;
	TEST_ASSERT(!pthread_create(&self->thread, NULL, launch_update, self), "No thread");
	gmem_wait_for_fault(&self->wait);
}

/* With @page in its source the launch comes to its end, and so do the others. */
static void finish(FIXTURE_DATA(wait) *self)
{
	gmem_wait_resolve(&self->wait, self->page);
	pthread_join(self->thread, NULL);
	gmem_others_join(&self->others);
}

/* A launch has the memslots of its VM for itself, but not the memory behind them. */
TEST_F(wait, missing_source)
{
	size_t i;
	int done;

	memset(self->page, 0x33, PAGE_SIZE);
	gmem_wait_init(&self->wait);
	start(self, KVM_SEV_SNP_PAGE_TYPE_NORMAL, WAIT_NR_PAGES);
	done = gmem_others_start(&self->others, GIVE_UP_MS);
	TEST_ASSERT(!self->others.acts[1].done && !self->others.acts[2].done,
		    "Memslots change during a launch");
	finish(self);

	TEST_ASSERT(!self->ret && !self->left, "ret %d, errno %d, %lu pages left", self->ret,
		    self->error, self->left);
	for (i = 0; i < WAIT_NR_PAGES; i++)
		snp_guest_measure(&self->guest, i, self->wait.mem + i * PAGE_SIZE, self->type);
	TEST_ASSERT(done == 1, "PUNCH_HOLE waits for the source of a launch");
}

static void launch(const void *src, size_t npages)
{
	struct snp_guest g;

	snp_guest_init(&g, GPA, NR_PAGES);
	snp_guest_update(&g, 0, src, npages, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_expect_digest(&g);
	snp_guest_free(&g);
}

TEST(killed)
{
	struct coco_emul_census census;
	void *src = snp_map_pages(WAIT_NR_PAGES);
	int i;

	snp_census_read(&census);
	for (i = 0; i < 3; i++) {
		gmem_wait_check_kill(launch);
		coco_emul_census_expect(&census);
	}
	launch(src, WAIT_NR_PAGES);
	coco_emul_census_expect(&census);
	munmap(src, WAIT_NR_PAGES * PAGE_SIZE);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
