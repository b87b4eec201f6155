// SPDX-License-Identifier: GPL-2.0-only
/*
 * Launches on the emulated SEV-SNP host that take their time, because the source
 * makes them wait or because there is much of it: others can go on, and a process
 * that is killed is gone.
 */
#include <errno.h>
#include <signal.h>
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

/* What is not done then waits for the launch; what is done takes much less. */
#define PATIENCE_MS	10000
#define GIVE_UP_MS	2000

#define NR_UNTOUCHED	256ul

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

	if (self->type == KVM_SEV_SNP_PAGE_TYPE_CPUID)
		args.uaddr += WAIT_PAGE * PAGE_SIZE;
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
	gmem_wait_init(&self->wait, NULL);
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

static void do_nothing(int sig)
{
}

/* A signal does not end the wait for the page, but the launch behind it. */
TEST_F(wait, signal)
{
	const struct sigaction action = { .sa_handler = do_nothing };
	size_t i;

	memset(self->page, 0x33, PAGE_SIZE);
	gmem_wait_init(&self->wait, NULL);
	TEST_ASSERT(!sigaction(SIGUSR1, &action, NULL), "sigaction(): %s", strerror(errno));
	start(self, KVM_SEV_SNP_PAGE_TYPE_NORMAL, WAIT_NR_PAGES);
	TEST_ASSERT(!pthread_kill(self->thread, SIGUSR1), "No signal");
	usleep(100000);
	TEST_ASSERT(pthread_tryjoin_np(self->thread, NULL) == EBUSY, "The launch does not wait");
	gmem_wait_resolve(&self->wait, self->page);
	pthread_join(self->thread, NULL);

	TEST_ASSERT(!self->ret && self->left == WAIT_NR_PAGES - WAIT_PAGE - 1,
		    "ret %d, errno %d, %lu pages left", self->ret, self->error, self->left);
	for (i = 0; i <= WAIT_PAGE; i++)
		snp_guest_measure(&self->guest, i, self->wait.mem + i * PAGE_SIZE, self->type);
	snp_guest_update(&self->guest, i, self->wait.mem + i * PAGE_SIZE, self->left, self->type);
}

/* The write-back of a CPUID page waits for userfaultfd, and nobody but the launch. */
TEST_F(wait, write_back)
{
	uint8_t bad[4096], *cpuid;
	int done;

	snp_init_cpuid_page(self->page);
	memcpy(bad, self->page, PAGE_SIZE);
	snp_spoil_cpuid_page(bad);
	gmem_wait_init(&self->wait, bad);
	cpuid = self->wait.mem + WAIT_PAGE * PAGE_SIZE;
	start(self, KVM_SEV_SNP_PAGE_TYPE_CPUID, 1);
	done = gmem_others_start(&self->others, PATIENCE_MS);
	finish(self);

	TEST_ASSERT(self->ret == -1 && self->error == EIO &&
		    self->fw_error == SEV_RET_INVALID_PARAM, "ret %d, errno %d, firmware 0x%x",
		    self->ret, self->error, self->fw_error);
	TEST_ASSERT(!memcmp(cpuid, self->page, PAGE_SIZE), "The table did not come back corrected");
	snp_guest_update(&self->guest, 0, cpuid, 1, KVM_SEV_SNP_PAGE_TYPE_CPUID);
	TEST_ASSERT(done == ARRAY_SIZE(self->others.acts), "%d of %lu others went on", done,
		    ARRAY_SIZE(self->others.acts));
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

/*
 * One region from GPA 0 on, of memory that nobody has touched. Whoever punches
 * holes meanwhile waits for a page at most, not for the region.
 */
FIXTURE(region) {
	struct coco_emul_census census;
	struct gmem_puncher puncher;
	struct snp_guest guest;
	void *src;
};

FIXTURE_SETUP(region)
{
	snp_census_read(&self->census);
	self->src = snp_map_pages(NR_UNTOUCHED);
	snp_guest_init(&self->guest, 0, NR_UNTOUCHED + 1);
	self->puncher = (struct gmem_puncher) {
		.fd = memslot2region(self->guest.vm, SNP_SLOT)->region.guest_memfd,
		.offset = NR_UNTOUCHED * PAGE_SIZE,
	};
}

FIXTURE_TEARDOWN(region)
{
	snp_guest_expect_digest(&self->guest);
	snp_guest_free(&self->guest);
	munmap(self->src, NR_UNTOUCHED * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

TEST_F_TIMEOUT(region, untouched, 120)
{
	struct gmem_puncher *p = &self->puncher;

	gmem_puncher_start(p);
	snp_guest_update(&self->guest, 0, self->src, NR_UNTOUCHED,
			 KVM_SEV_SNP_PAGE_TYPE_UNMEASURED);
	gmem_puncher_stop(p);
	ksft_print_msg("%lu holes punched in %.3f s, %.3f s at most\n", p->nr, p->lasted,
		       p->longest);
	TEST_ASSERT(p->longest < p->lasted / 2, "One hole took %.3f s of %.3f s", p->longest,
		    p->lasted);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
