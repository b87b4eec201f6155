// SPDX-License-Identifier: GPL-2.0-only
/*
 * A secure processor that does not answer any more, on the emulated SEV-SNP
 * host: ccp gives up after its time limit, and nothing that the firmware might
 * still have at hand is used again. After this test it is of no use until ccp
 * is unloaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/psp-sev.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	4ul

/* Time limit of ccp, and a generous one: the machine may be busy. */
#define SECONDS		"3"
#define MANY_SECONDS	90

/* A command has the time limit that was set when the one before it was over. */
static void set_time_limit(const char *seconds)
{
	int fd = open("/sys/module/ccp/parameters/psp_cmd_timeout", O_WRONLY);

	TEST_ASSERT(fd >= 0 && write(fd, seconds, strlen(seconds)) == strlen(seconds),
		    "psp_cmd_timeout of ccp: %s", strerror(errno));
	close(fd);
}

FIXTURE(hang) {
};

FIXTURE_SETUP(hang)
{
}

FIXTURE_TEARDOWN(hang)
{
	coco_emul_delay("SNP_LAUNCH_UPDATE", 0);
}

TEST_F_TIMEOUT(hang, never_answers, 2 * MANY_SECONDS)
{
	struct coco_emul_census before, now;
	struct kvm_sev_snp_launch_finish finish = {};
	struct kvm_sev_init init = {};
	uint32_t fw_error = ~0u;
	uint64_t nr_commands, nr_updates;
	struct snp_guest g;
	struct kvm_vm *vm;
	uint8_t *src;
	time_t start;
	int ret, fd;
	char *text;

	src = snp_map_pages(NR_PAGES);
	memset(src, 0x77, NR_PAGES * PAGE_SIZE);
	snp_guest_create(&g, GPA, NR_PAGES);
	__vm_vcpu_add(g.vm, 0);
	snp_guest_start(&g);
	set_time_limit(SECONDS);
	snp_guest_update(&g, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_census_read(&before);

	coco_emul_delay("SNP_LAUNCH_UPDATE", COCO_EMUL_FOR_EVER);
	start = time(NULL);
	ret = __snp_guest_update(&g, 1, src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL, &fw_error);
	TEST_ASSERT(ret == -1 && errno == EIO && !fw_error,
		    "LAUNCH_UPDATE: ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	TEST_ASSERT(time(NULL) - start < MANY_SECONDS, "It took %ld s", time(NULL) - start);

	/* The page stays where the firmware has it. */
	now = before;
	now.value[SNP_HYPERVISOR]--;
	now.value[SNP_PRE_GUEST]++;
	coco_emul_census_expect(&now);

	/* Nobody waits again, nor is the firmware given anything. */
	nr_commands = coco_emul_count("SNP_LAUNCH_UPDATE") + coco_emul_count("SNP_LAUNCH_FINISH") +
		      coco_emul_count("SNP_PLATFORM_STATUS");
	start = time(NULL);
	ret = __snp_guest_update(&g, 3, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL, NULL);
	TEST_ASSERT(ret == -1 && errno == EIO, "LAUNCH_UPDATE: ret %d, errno %d", ret, errno);
	ret = __vm_sev_ioctl(g.vm, KVM_SEV_SNP_LAUNCH_FINISH, &finish);
	TEST_ASSERT(ret == -1 && errno == EIO, "LAUNCH_FINISH: ret %d, errno %d", ret, errno);
	fd = open("/dev/sev", O_RDWR);
	TEST_ASSERT(fd >= 0, "/dev/sev: %s", strerror(errno));
	ret = sev_dev_cmd(fd, SNP_PLATFORM_STATUS, src, NULL);
	/* EBUSY is not told: ccp cannot take back the page for the answer. */
	TEST_ASSERT(ret == -1 && errno == EFAULT, "PLATFORM_STATUS: ret %d, errno %d", ret, errno);
	close(fd);

	/* What the firmware may know of the guest is kept, too. */
	snp_guest_free(&g);
	snp_census_read(&now);
	TEST_ASSERT(now.value[SNP_PRE_GUEST] == before.value[SNP_PRE_GUEST] + 1 &&
		    now.value[SNP_CONTEXT] == before.value[SNP_CONTEXT],
		    "After the guest: %lu pages are pre-guest, %lu context",
		    now.value[SNP_PRE_GUEST], now.value[SNP_CONTEXT]);
	text = coco_emul_read("freed");
	TEST_ASSERT(!*text, "Free, but not the host's: %s", text);
	free(text);

	/* No other guest can be launched. */
	vm = vm_create_barebones_type(KVM_X86_SNP_VM);
	ret = __vm_sev_ioctl(vm, KVM_SEV_INIT2, &init);
	if (!ret) {
		struct kvm_sev_snp_launch_start args = { .policy = snp_default_policy() };

		ret = __vm_sev_ioctl(vm, KVM_SEV_SNP_LAUNCH_START, &args);
	}
	TEST_ASSERT(ret == -1, "LAUNCH_START of another guest");
	kvm_vm_free(vm);
	TEST_ASSERT(time(NULL) - start < MANY_SECONDS, "It took %ld s", time(NULL) - start);

	TEST_ASSERT(nr_commands == coco_emul_count("SNP_LAUNCH_UPDATE") +
				   coco_emul_count("SNP_LAUNCH_FINISH") +
				   coco_emul_count("SNP_PLATFORM_STATUS"),
		    "The firmware was given a command");

	/* An answer that comes when nobody waits any more */
	nr_updates = coco_emul_count("SNP_LAUNCH_UPDATE");
	coco_emul_delay("SNP_LAUNCH_UPDATE", 0);
	do {
		usleep(1000);
	} while (coco_emul_count("SNP_LAUNCH_UPDATE") == nr_updates);
	munmap(src, NR_PAGES * PAGE_SIZE);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
