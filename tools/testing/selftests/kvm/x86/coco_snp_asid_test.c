// SPDX-License-Identifier: GPL-2.0-only
/*
 * ASIDs of SNP guests on the emulated SEV-SNP host: the firmware does not activate
 * one that still owns pages. VMs come and go until each ASID is used again.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

/* Seconds, where the default is 30: many guests are many commands. */
#define TIMEOUT		300

/* A machine with more ASIDs takes them all, but not again and again. */
#define MAX_SNP_ASIDS	128
#define FEW_ASIDS	32

FIXTURE(asid) {
	struct coco_emul_census census;
	unsigned int nr;		/* ASIDs that SNP guests can have */
};

FIXTURE_SETUP(asid)
{
	coco_emul_inject_clear();
	snp_census_read(&self->census);
	self->nr = snp_read_asids().min_sev - 1;
	TEST_ASSERT(self->nr <= MAX_SNP_ASIDS, "%u ASIDs", self->nr);
}

FIXTURE_TEARDOWN(asid)
{
	coco_emul_census_expect(&self->census);
}

static int snp_op(struct kvm_vm *vm, uint32_t id, void *data, uint32_t *fw_error)
{
	struct kvm_sev_cmd cmd = {
		.id = id,
		.data = (uintptr_t)data,
		.sev_fd = vm->arch.sev_fd,
	};
	int ret = ioctl(vm->fd, KVM_MEMORY_ENCRYPT_OP, &cmd);

	*fw_error = cmd.error;
	return ret;
}

/* KVM_SEV_INIT2 takes the ASID, KVM_SEV_SNP_LAUNCH_START activates it. */
static int init2(struct kvm_vm *vm)
{
	struct kvm_sev_init init = {};
	uint32_t fw_error;

	return snp_op(vm, KVM_SEV_INIT2, &init, &fw_error);
}

static int launch_start(struct kvm_vm *vm, uint32_t *fw_error)
{
	struct kvm_sev_snp_launch_start start = { .policy = snp_default_policy() };

	return snp_op(vm, KVM_SEV_SNP_LAUNCH_START, &start, fw_error);
}

/* As many guests at the same time as there are ASIDs, several times, and no more. */
TEST_F_TIMEOUT(asid, each, TIMEOUT)
{
	int rounds = self->nr <= FEW_ASIDS ? 4 : 2, round, ret;
	struct kvm_vm *vms[MAX_SNP_ASIDS + 1];
	uint32_t fw_error;
	unsigned int i;

	for (round = 0; round < rounds; round++) {
		for (i = 0; i < self->nr; i++) {
			vms[i] = vm_create_barebones_type(KVM_X86_SNP_VM);
			snp_vm_init(vms[i]);
			ret = launch_start(vms[i], &fw_error);
			TEST_ASSERT(!ret, "Round %d, guest %u: errno %d, firmware 0x%x", round, i,
				    errno, fw_error);
		}
		vms[i] = vm_create_barebones_type(KVM_X86_SNP_VM);
		ret = init2(vms[i]);
		TEST_ASSERT(ret == -1 && errno == EBUSY, "One more: ret %d, errno %d", ret, errno);

		for (i = 0; i <= self->nr; i++)
			kvm_vm_free(vms[i]);
	}
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
