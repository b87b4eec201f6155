// SPDX-License-Identifier: GPL-2.0-only
/*
 * Launches on the emulated SEV-SNP host: what a command reports that got some of
 * its pages done, signals, and memory that stays shared. What comes after
 * LAUNCH_FINISH is in coco_snp_late_test.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define GFN		(GPA / PAGE_SIZE)
#define NR_PAGES	8ul

/* A launch that takes long enough for hundreds of signals */
#define MANY_PAGES	1024ul

/* Any status that nothing returns by itself */
#define INJECTED	SEV_RET_HWSEV_RET_UNSAFE

#define SHARED_GPA	(2 * GPA)
#define SHARED_SLOT	(SNP_SLOT + 1)

FIXTURE(launch) {
	struct coco_emul_census census;
	struct snp_guest guest;
	struct kvm_vcpu *vcpu[2];
	uint8_t *src;
};

FIXTURE_SETUP(launch)
{
	int i;

	coco_emul_inject_clear();
	snp_census_read(&self->census);
	self->src = snp_map_pages(MANY_PAGES);
	for (i = 0; i < MANY_PAGES * PAGE_SIZE / sizeof(uint32_t); i++)
		((uint32_t *)self->src)[i] = i * 2654435761u;

	snp_guest_create(&self->guest, GPA, MANY_PAGES);
	for (i = 0; i < ARRAY_SIZE(self->vcpu); i++)
		self->vcpu[i] = __vm_vcpu_add(self->guest.vm, i);
	snp_guest_start(&self->guest);
}

FIXTURE_TEARDOWN(launch)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	snp_guest_free(&self->guest);
	munmap(self->src, MANY_PAGES * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

/* However many signals come, a VMM's loop ends, and every page is in once. */
TEST_F_TIMEOUT(launch, signals, 120)
{
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = GFN,
		.uaddr = (uint64_t)self->src,
		.len = MANY_PAGES * PAGE_SIZE,
		.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
	};
	size_t i;

	coco_emul_signals(1000);
	snp_launch_update(self->guest.vm, &args);
	coco_emul_signals(0);

	for (i = 0; i < MANY_PAGES; i++)
		snp_guest_measure(&self->guest, i, self->src + i * PAGE_SIZE, args.type);
	snp_guest_expect_digest(&self->guest);
}

/* Only part of the command has failed, but that it was firmware is told. */
TEST_F(launch, error_after_progress)
{
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = GFN,
		.uaddr = (uint64_t)self->src,
		.len = 5 * PAGE_SIZE,
		.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
	};
	uint32_t fw_error;
	int ret;

	coco_emul_inject("SNP_LAUNCH_UPDATE", 3, INJECTED);
	ret = __snp_launch_update(self->guest.vm, &args, &fw_error);
	TEST_ASSERT(!ret && args.len == 3 * PAGE_SIZE && fw_error == INJECTED,
		    "ret %d, errno %d, firmware 0x%x, 0x%llx bytes left", ret, errno, fw_error,
		    args.len);

	ret = __snp_launch_update(self->guest.vm, &args, &fw_error);
	TEST_ASSERT(!ret && !args.len && !fw_error,
		    "ret %d, errno %d, firmware 0x%x, 0x%llx bytes left", ret, errno, fw_error,
		    args.len);
}

/* Page 3 of 5: its source is as it was until a call fails because of it. */
TEST_F(launch, cpuid_third_of_five)
{
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = GFN,
		.uaddr = (uint64_t)self->src,
		.len = 5 * PAGE_SIZE,
		.type = KVM_SEV_SNP_PAGE_TYPE_CPUID,
	};
	uint8_t *bad = self->src + 2 * PAGE_SIZE, *before = snp_map_pages(5);
	uint32_t fw_error;
	int i, ret;

	for (i = 0; i < 5; i++)
		snp_init_cpuid_page(self->src + i * PAGE_SIZE);
	snp_spoil_cpuid_page(bad);
	memcpy(before, self->src, 5 * PAGE_SIZE);

	ret = __snp_launch_update(self->guest.vm, &args, &fw_error);
	TEST_ASSERT(!ret && fw_error == SEV_RET_INVALID_PARAM && args.gfn_start == GFN + 2 &&
		    args.len == 3 * PAGE_SIZE && args.uaddr == (uint64_t)bad,
		    "ret %d, errno %d, firmware 0x%x, 0x%llx bytes left", ret, errno, fw_error,
		    args.len);
	TEST_ASSERT(!memcmp(self->src, before, 5 * PAGE_SIZE), "The source changed");

	ret = __snp_launch_update(self->guest.vm, &args, &fw_error);
	TEST_ASSERT(ret == -1 && errno == EIO && fw_error == SEV_RET_INVALID_PARAM &&
		    args.len == 3 * PAGE_SIZE,
		    "ret %d, errno %d, firmware 0x%x, 0x%llx bytes left", ret, errno, fw_error,
		    args.len);
	/* All are equal once the emulated firmware has corrected the third. */
	for (i = 0; i < 5; i++)
		TEST_ASSERT(!memcmp(self->src + i * PAGE_SIZE, before, PAGE_SIZE),
			    "Table %d is not as wanted", i);

	snp_launch_update(self->guest.vm, &args);
	for (i = 0; i < 5; i++)
		snp_guest_measure(&self->guest, i, NULL, KVM_SEV_SNP_PAGE_TYPE_CPUID);
	snp_guest_expect_digest(&self->guest);
	munmap(before, 5 * PAGE_SIZE);
}

/* A guest_memfd that can be mapped backs shared memory, too: that stays shared. */
TEST_F(launch, shared_guest_memfd)
{
	struct kvm_vm *vm = self->guest.vm;
	struct coco_emul_census before;
	int fd, i, ret;

	fd = vm_create_guest_memfd(vm, 4 * PAGE_SIZE, GUEST_MEMFD_FLAG_MMAP);
	vm_mem_add(vm, VM_MEM_SRC_ANONYMOUS, SHARED_GPA, SHARED_SLOT, 4, KVM_MEM_GUEST_MEMFD,
		   fd, 0);
	close(fd);
	snp_guest_update(&self->guest, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(vm);
	snp_census_read(&before);

	/* The second round finds the pages in the file. */
	for (i = 0; i < 8; i++) {
		ret = snp_prefault(self->vcpu[0], SHARED_GPA + i % 4 * PAGE_SIZE);
		TEST_ASSERT(!ret, "KVM_PRE_FAULT_MEMORY of shared page %d: %s", i % 4,
			    strerror(-ret));
	}
	coco_emul_census_expect(&before);

	vm_mem_set_private(vm, SHARED_GPA, PAGE_SIZE);
	ret = snp_prefault(self->vcpu[0], SHARED_GPA);
	TEST_ASSERT(!ret, "KVM_PRE_FAULT_MEMORY of a private page: %s", strerror(-ret));
	before.value[SNP_HYPERVISOR]--;
	before.value[SNP_GUEST_INVALID]++;
	coco_emul_census_expect(&before);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
