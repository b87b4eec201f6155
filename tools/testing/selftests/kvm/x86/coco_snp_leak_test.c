// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that cannot be made the host's again, by injection on the emulated
 * SEV-SNP host: they are lost, which is all there is left to do with them, and
 * above all nobody is given them ever again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	64ul
#define NR_ROUNDS	2

/* Any status that nothing returns by itself */
#define INJECTED	SEV_RET_HWSEV_RET_UNSAFE

FIXTURE(leak) {
	struct snp_guest guest;
	struct coco_emul_census census;
	uint8_t *src;
	int klog;
};

FIXTURE_SETUP(leak)
{
	cpu_set_t cpu;
	int i;

	/* What one process frees, the next one that runs on the same CPU gets. */
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpu), &cpu), "sched_setaffinity()");

	coco_emul_inject_clear();
	self->klog = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	TEST_ASSERT(self->klog >= 0 && lseek(self->klog, 0, SEEK_END) >= 0, "/dev/kmsg: %s",
		    strerror(errno));
	self->src = snp_map_pages(NR_PAGES);
	for (i = 0; i < NR_PAGES * PAGE_SIZE / sizeof(uint32_t); i++)
		((uint32_t *)self->src)[i] = i * 2654435761u;
	snp_census_read(&self->census);
}

static void expect_no_corruption(int klog)
{
	static const char *const bad[] = { "list_add", "list_del", "Bad page", "bad page state" };
	char record[8192];
	ssize_t len;
	int i;

	/* EPIPE: some were overwritten before they were read */
	while ((len = read(klog, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		record[len > 0 ? len : 0] = '\0';
		for (i = 0; i < ARRAY_SIZE(bad); i++)
			TEST_ASSERT(!strstr(record, bad[i]), "Kernel log: %s", record);
	}
}

/* Of all the pages that are lost none is in the page allocator. */
static void expect_not_freed(void)
{
	char *freed = coco_emul_read("freed");

	TEST_ASSERT(!*freed, "Free, but not the host's: %s", freed);
	free(freed);
}

/*
 * Guest after guest takes what memory the previous one had, and finds nothing in
 * it that is not the host's.
 */
static void expect_not_reused(uint8_t *src)
{
	struct coco_emul_census before;
	struct snp_guest g;
	int round, ret;

	snp_census_read(&before);
	for (round = 0; round < NR_ROUNDS; round++) {
		uint32_t fw_error = 0;

		snp_guest_create(&g, GPA, NR_PAGES);
		__vm_vcpu_add(g.vm, 0);
		snp_guest_start(&g);
		ret = __snp_guest_update(&g, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL, &fw_error);
		TEST_ASSERT(!ret, "First page of another guest: ret %d, errno %d, firmware 0x%x",
			    ret, errno, fw_error);
		snp_guest_measure(&g, 0, src, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
		snp_guest_update(&g, 1, src + PAGE_SIZE, NR_PAGES - 1,
				 KVM_SEV_SNP_PAGE_TYPE_NORMAL);
		snp_guest_expect_digest(&g);
		snp_vm_launch_finish(g.vm);
		snp_guest_free(&g);
		coco_emul_census_expect(&before);
	}
}

FIXTURE_TEARDOWN(leak)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	expect_not_freed();
	expect_not_reused(self->src);
	expect_no_corruption(self->klog);
	close(self->klog);
	munmap(self->src, NR_PAGES * PAGE_SIZE);
}

/* The pages that are lost, and nothing else, are no more the host's. */
static void expect_lost(const struct coco_emul_census *before, int state, uint64_t nr)
{
	struct coco_emul_census want = *before;

	want.value[SNP_HYPERVISOR] -= nr;
	want.value[state] += nr;
	coco_emul_census_expect(&want);
}

/* The firmware leaves it in one state or the other, in any case it is not the host's. */
static void expect_one_lost(const struct coco_emul_census *before)
{
	struct coco_emul_census now;

	snp_census_read(&now);
	TEST_ASSERT(now.value[SNP_HYPERVISOR] == before->value[SNP_HYPERVISOR] - 1,
		    "%lu pages are the host's, were %lu", now.value[SNP_HYPERVISOR],
		    before->value[SNP_HYPERVISOR]);
}

static void expect_dead(struct snp_guest *g, const void *src)
{
	int ret = __snp_guest_update(g, 1, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL, NULL);

	TEST_ASSERT(ret == -1 && errno == EIO, "A VM that lost a page: ret %d, errno %d", ret,
		    errno);
}

/* Three guests in a row: the second would get what the first has lost. */
TEST_F(leak, reclaim)
{
	uint32_t fw_error;
	int i, ret;

	for (i = 0; i < 3; i++) {
		snp_guest_init(&self->guest, GPA, NR_PAGES);
		coco_emul_inject("SNP_LAUNCH_UPDATE", 1, INJECTED);
		coco_emul_inject("SNP_PAGE_RECLAIM", 1, INJECTED);
		ret = __snp_guest_update(&self->guest, 0, self->src, 1,
					 KVM_SEV_SNP_PAGE_TYPE_NORMAL, &fw_error);
		TEST_ASSERT(ret == -1 && errno == EIO && fw_error == INJECTED,
			    "Guest %d: ret %d, errno %d, firmware 0x%x", i, ret, errno, fw_error);
		expect_dead(&self->guest, self->src);
		snp_guest_free(&self->guest);
		expect_lost(&self->census, SNP_PRE_GUEST, i + 1);
	}
}

TEST_F(leak, rmpupdate_after_reclaim)
{
	uint32_t fw_error;
	int ret;

	snp_guest_init(&self->guest, GPA, NR_PAGES);
	coco_emul_inject("SNP_LAUNCH_UPDATE", 1, INJECTED);
	coco_emul_inject("RMPUPDATE", 2, RMP_FAIL_INPUT);
	ret = __snp_guest_update(&self->guest, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL,
				 &fw_error);
	TEST_ASSERT(ret == -1 && errno == EIO && fw_error == INJECTED,
		    "ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	expect_dead(&self->guest, self->src);

	/* With the file it gets another chance, which is missed, too. */
	coco_emul_inject("RMPUPDATE", 1, RMP_FAIL_INPUT);
	snp_guest_free(&self->guest);
	expect_one_lost(&self->census);
}

/* The page is not guest_memfd's, and it is given up twice: by LAUNCH_FINISH and at the end. */
TEST_F(leak, vmsa)
{
	struct kvm_sev_snp_launch_finish finish = {};
	int ret;

	snp_guest_create(&self->guest, GPA, NR_PAGES);
	__vm_vcpu_add(self->guest.vm, 0);
	snp_guest_start(&self->guest);
	coco_emul_inject("SNP_LAUNCH_UPDATE", 1, INJECTED);
	coco_emul_inject("SNP_PAGE_RECLAIM", 1, INJECTED);
	ret = __vm_sev_ioctl(self->guest.vm, KVM_SEV_SNP_LAUNCH_FINISH, &finish);
	TEST_ASSERT(ret == -1 && errno == EIO, "ret %d, errno %d", ret, errno);
	expect_dead(&self->guest, self->src);
	snp_guest_free(&self->guest);
	expect_lost(&self->census, SNP_PRE_GUEST, 1);
}

TEST_F(leak, punch_hole)
{
	int fd;

	snp_guest_init(&self->guest, GPA, NR_PAGES);
	snp_guest_update(&self->guest, 0, self->src, 4, KVM_SEV_SNP_PAGE_TYPE_NORMAL);

	coco_emul_inject("RMPUPDATE", 1, RMP_FAIL_INPUT);
	fd = memslot2region(self->guest.vm, SNP_SLOT)->region.guest_memfd;
	kvm_fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE_SIZE);

	/* The guest itself goes on with another page. */
	snp_guest_update(&self->guest, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_expect_digest(&self->guest);
	snp_guest_free(&self->guest);
	expect_lost(&self->census, SNP_GUEST_VALID, 1);
}

TEST_F(leak, close)
{
	int fd;

	snp_guest_init(&self->guest, GPA, NR_PAGES);
	snp_guest_update(&self->guest, 0, self->src, 4, KVM_SEV_SNP_PAGE_TYPE_NORMAL);

	/* Without its slot the file goes as soon as it is closed. */
	fd = dup(memslot2region(self->guest.vm, SNP_SLOT)->region.guest_memfd);
	vm_mem_region_delete(self->guest.vm, SNP_SLOT);
	/* The page that is freed last is the first to be used again. */
	coco_emul_inject("RMPUPDATE", 4, RMP_FAIL_INPUT);
	close(fd);
	TEST_ASSERT(!coco_emul_inject_is_pending(), "No page was made shared");
	snp_guest_free(&self->guest);
	expect_lost(&self->census, SNP_GUEST_VALID, 1);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
