// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory error in the source, found in the middle of the copy: the command
 * fails, the page is taken out of use, and the launch goes on with another one.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/compiler.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "gmem_populate.h"

#define GPA		GMEM_GPA
#define NR_PAGES	8ul
#define NR_LAUNCHED	5ul
#define BAD		2ul	/* the page with the error */

FIXTURE(memory_error) {
	struct coco_emul_census census;
	struct snp_guest guest;
	uint8_t *src;
	uint8_t *want;
	uint64_t pins;
	unsigned long corrupted_kb;
};

static unsigned long hardware_corrupted_kb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kb = -1ul;
	char line[128];

	TEST_ASSERT(file, "/proc/meminfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		sscanf(line, "HardwareCorrupted: %lu kB", &kb);
	fclose(file);
	TEST_ASSERT(kb != -1ul, "No HardwareCorrupted in /proc/meminfo");
	return kb;
}

FIXTURE_SETUP(memory_error)
{
	int i;

	coco_emul_memory_error_clear();
	snp_census_read(&self->census);
	self->pins = gmem_pins_held();
	self->corrupted_kb = hardware_corrupted_kb();

	self->src = snp_map_pages(NR_LAUNCHED);
	self->want = snp_map_pages(NR_LAUNCHED);
	for (i = 0; i < NR_LAUNCHED * PAGE_SIZE; i++)
		self->src[i] = i / 7;
	memcpy(self->want, self->src, NR_LAUNCHED * PAGE_SIZE);

	snp_guest_init(&self->guest, GPA, NR_PAGES);
}

FIXTURE_TEARDOWN(memory_error)
{
	coco_emul_memory_error_clear();
	snp_guest_free(&self->guest);
	coco_emul_census_expect(&self->census);
}

static sigjmp_buf after_sigbus;
static siginfo_t sigbus;

static void on_sigbus(int nr, siginfo_t *info, void *context)
{
	sigbus = *info;
	siglongjmp(after_sigbus, 1);
}

/* The kernel does so in its own time. */
static void expect_taken_away(uint8_t *page, unsigned long kb_before)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	int tries = 500;

	while (hardware_corrupted_kb() == kb_before && tries--)
		usleep(10000);
	TEST_ASSERT(hardware_corrupted_kb() == kb_before + PAGE_SIZE / 1024,
		    "HardwareCorrupted is %lu kB, was %lu", hardware_corrupted_kb(), kb_before);

	TEST_ASSERT(!sigaction(SIGBUS, &action, NULL), "sigaction(): %s", strerror(errno));
	if (!sigsetjmp(after_sigbus, 1))
		TEST_FAIL("The bad page can still be read: 0x%x", READ_ONCE(*page));
	TEST_ASSERT(sigbus.si_code == BUS_MCEERR_AR && sigbus.si_addr == page,
		    "SIGBUS, code %d, address %p", sigbus.si_code, sigbus.si_addr);
	signal(SIGBUS, SIG_DFL);
}

/* Updates the rest of @args with a page in place of the bad one. */
static void expect_retry_works(FIXTURE_DATA(memory_error) *self,
			       struct kvm_sev_snp_launch_update *args)
{
	uint8_t *bad = self->src + BAD * PAGE_SIZE;
	size_t i;

	TEST_ASSERT(mmap(bad, PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == bad,
		    "mmap(): %s", strerror(errno));
	memcpy(bad, self->want + BAD * PAGE_SIZE, PAGE_SIZE);

	snp_launch_update(self->guest.vm, args);
	for (i = BAD; i < NR_LAUNCHED; i++)
		snp_guest_measure(&self->guest, i, self->want + i * PAGE_SIZE,
				  KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(self->guest.vm);
	snp_guest_expect_digest(&self->guest);
}

/* What the driver of kvm_gmem_populate() can see of any VM's guest_memfd */
static struct kvm_gmem_test_file_page file_page(struct snp_guest *g, size_t page)
{
	struct gmem_vm vm = { .vm = g->vm };

	return gmem_file_page(&vm, page);
}

/* @args begins with the bad page, half of which can be copied. */
static void expect_fails(FIXTURE_DATA(memory_error) *self, struct kvm_sev_snp_launch_update *args)
{
	struct kvm_sev_snp_launch_update before = *args;
	struct coco_emul_census census;
	uint32_t fw_error;
	int ret;

	snp_census_read(&census);
	ret = __snp_launch_update(self->guest.vm, args, &fw_error);
	TEST_ASSERT(ret == -1 && errno == EIO && !fw_error,
		    "ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	TEST_ASSERT(!memcmp(args, &before, sizeof(before)), "The arguments have changed");
	TEST_ASSERT(gmem_pins_held() == self->pins, "The source is still pinned");

	/* The page is neither the guest's nor called good; the next one is not there. */
	coco_emul_census_expect(&census);
	snp_guest_expect_digest(&self->guest);
	TEST_ASSERT(!(file_page(&self->guest, BAD).page.flags & KVM_GMEM_TEST_UPTODATE),
		    "The page that failed is up to date");
	TEST_ASSERT(!file_page(&self->guest, BAD + 1).page.pfn,
		    "The page after the failed one is in the file");
}

static struct kvm_sev_snp_launch_update update_from(FIXTURE_DATA(memory_error) *self, size_t page)
{
	return (struct kvm_sev_snp_launch_update) {
		.gfn_start = GPA / PAGE_SIZE + page,
		.uaddr = (uint64_t)self->src + page * PAGE_SIZE,
		.len = (NR_LAUNCHED - page) * PAGE_SIZE,
		.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
	};
}

static bool spoil(FIXTURE_DATA(memory_error) *self)
{
	return coco_emul_memory_error(self->src + BAD * PAGE_SIZE + PAGE_SIZE / 2);
}

TEST_F(memory_error, first_page)
{
	struct kvm_sev_snp_launch_update args = update_from(self, BAD);

	snp_guest_update(&self->guest, 0, self->src, BAD, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	if (!spoil(self))
		SKIP(return, "copy_mc_to_kernel() is memcpy() on this CPU, there is no recovery");

	expect_fails(self, &args);
	TEST_ASSERT(coco_emul_memory_error_is_found(), "It was not for the memory error");
	expect_taken_away(self->src + BAD * PAGE_SIZE, self->corrupted_kb);
	expect_retry_works(self, &args);
}

/* What precedes the error is loaded. The next call fails, by now for lack of a page to pin. */
TEST_F(memory_error, third_page)
{
	struct kvm_sev_snp_launch_update args = update_from(self, 0);
	size_t i;
	int ret;

	if (!spoil(self))
		SKIP(return, "copy_mc_to_kernel() is memcpy() on this CPU, there is no recovery");

	ret = __snp_launch_update(self->guest.vm, &args, NULL);
	TEST_ASSERT(!ret && args.gfn_start == GPA / PAGE_SIZE + BAD &&
		    args.uaddr == (uint64_t)self->src + BAD * PAGE_SIZE &&
		    args.len == (NR_LAUNCHED - BAD) * PAGE_SIZE,
		    "ret %d, errno %d, 0x%llx bytes left", ret, errno, args.len);
	TEST_ASSERT(coco_emul_memory_error_is_found(), "It was not for the memory error");
	for (i = 0; i < BAD; i++)
		snp_guest_measure(&self->guest, i, self->want + i * PAGE_SIZE,
				  KVM_SEV_SNP_PAGE_TYPE_NORMAL);

	expect_taken_away(self->src + BAD * PAGE_SIZE, self->corrupted_kb);
	expect_fails(self, &args);
	expect_retry_works(self, &args);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
