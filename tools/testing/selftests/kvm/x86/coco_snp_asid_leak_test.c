// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page that was leaked costs on the emulated SEV-SNP host, by injection: its
 * ASID. To be run once after SNP was initialized, and alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define NR_ROUNDS	3
#define MAX_SNP_ASIDS	32

/* Seconds, where the default is 30: many guests are many commands. */
#define TIMEOUT		300

FIXTURE(asid_leak) {
	void *src;
	unsigned int nr;		/* ASIDs that SNP guests can have */
};

FIXTURE_SETUP(asid_leak)
{
	coco_emul_inject_clear();
	self->nr = snp_read_asids().min_sev - 1;
	TEST_ASSERT(self->nr <= MAX_SNP_ASIDS, "%u ASIDs", self->nr);
	self->src = snp_map_pages(1);
}

FIXTURE_TEARDOWN(asid_leak)
{
	munmap(self->src, PAGE_SIZE);
}

static unsigned int leak_page(void *src)
{
	struct snp_guest_status status;
	struct snp_guest g;
	int fd;

	snp_guest_init(&g, GPA, 1);
	snp_guest_update(&g, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_read_status(&status);

	coco_emul_inject("RMPUPDATE", 1, RMP_FAIL_INPUT);
	fd = memslot2region(g.vm, SNP_SLOT)->region.guest_memfd;
	kvm_fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE_SIZE);
	TEST_ASSERT(!coco_emul_inject_is_pending(), "The page was not made shared");
	snp_guest_free(&g);
	return status.asid;
}

/*
 * KVM knows of the page that it lost one of, but not that the ASID is lost with
 * it: whoever draws that one cannot be launched, round after round. All others are
 * as good as ever.
 */
TEST_F_TIMEOUT(asid_leak, asid_is_lost, TIMEOUT)
{
	unsigned int lost = leak_page(self->src), used[MAX_SNP_ASIDS + 1] = {}, failed = 0, i;
	struct snp_guest_status status;

	for (i = 0; i < NR_ROUNDS * self->nr; i++) {
		struct kvm_sev_snp_launch_start start = { .policy = snp_default_policy() };
		struct kvm_vm *vm = vm_create_barebones_type(KVM_X86_SNP_VM);
		struct kvm_sev_cmd cmd = {
			.id = KVM_SEV_SNP_LAUNCH_START,
			.data = (uintptr_t)&start,
			.sev_fd = vm->arch.sev_fd,
		};
		int ret;

		snp_vm_init(vm);
		ret = ioctl(vm->fd, KVM_MEMORY_ENCRYPT_OP, &cmd);
		if (ret) {
			TEST_ASSERT(errno == EIO && cmd.error == SEV_RET_INVALID_CONFIG,
				    "Guest %u: errno %d, firmware 0x%x", i, errno, cmd.error);
			failed++;
		} else {
			snp_guest_read_status(&status);
			used[status.asid]++;
		}
		kvm_vm_free(vm);
	}

	TEST_ASSERT(failed == NR_ROUNDS || failed == NR_ROUNDS - 1,
		    "%u guests could not be launched", failed);
	for (i = 1; i <= self->nr; i++) {
		TEST_ASSERT(i == lost ? !used[i] : used[i] >= NR_ROUNDS - 1,
			    "ASID %u was used %u times, ASID %u was lost", i, used[i], lost);
	}
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
