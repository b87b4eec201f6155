// SPDX-License-Identifier: GPL-2.0-only
/*
 * ASIDs that are to be used again, on the emulated SEV-SNP host: KVM has the
 * firmware flush them, and what if that fails, or is not done at all.
 */
#include <errno.h>
#include <string.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

/* More than there are ASIDs for SNP guests */
#define MANY_GUESTS	64

/* Seconds, where the default is 30: many guests are many commands. */
#define TIMEOUT		300

/* Any status that nothing returns by itself */
#define INJECTED	SEV_RET_HWSEV_RET_UNSAFE

FIXTURE(df_flush) {
	struct coco_emul_census census;
};

FIXTURE_SETUP(df_flush)
{
	coco_emul_inject_clear();
	snp_census_read(&self->census);
}

FIXTURE_TEARDOWN(df_flush)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	coco_emul_census_expect(&self->census);
}

static int init(struct kvm_vm *vm)
{
	struct kvm_sev_init init = {};

	return __vm_sev_ioctl(vm, KVM_SEV_INIT2, &init);
}

static int start(struct kvm_vm *vm, uint32_t *fw_error)
{
	struct kvm_sev_snp_launch_start start = { .policy = snp_default_policy() };
	union {
		struct kvm_sev_cmd c;
		unsigned long raw;
	} cmd = { .c = {
		.id = KVM_SEV_SNP_LAUNCH_START,
		.data = (uint64_t)&start,
		.sev_fd = vm->arch.sev_fd,
	} };
	int ret;

	ret = __vm_ioctl(vm, KVM_MEMORY_ENCRYPT_OP, &cmd.raw);
	*fw_error = cmd.c.error;
	return ret;
}

/* The ASID of a guest that could never run stays clean, and so does not need a flush. */
static void launch_and_free(struct kvm_vm *vm)
{
	uint32_t fw_error = 0;

	TEST_ASSERT(!start(vm, &fw_error), "LAUNCH_START: %s, firmware 0x%x", strerror(errno),
		    fw_error);
	snp_vm_launch_finish(vm);
	kvm_vm_free(vm);
}

/*
 * Guest after guest has an ASID of its own, until all were used. Returns the one
 * for which KVM has asked for a flush, and what KVM_SEV_INIT2 returned.
 */
static struct kvm_vm *first_after_flush(int *ret)
{
	uint64_t nr_flushes = coco_emul_count("SNP_DF_FLUSH");
	struct kvm_vm *vm;
	int i;

	for (i = 0; i < MANY_GUESTS; i++) {
		vm = vm_create_barebones_type(KVM_X86_SNP_VM);
		*ret = init(vm);
		if (coco_emul_count("SNP_DF_FLUSH") != nr_flushes)
			return vm;

		TEST_ASSERT(!*ret, "Guest %d: KVM_SEV_INIT2: %s", i, strerror(errno));
		launch_and_free(vm);
	}

	TEST_FAIL("%d guests, and no flush", MANY_GUESTS);
	return NULL;
}

TEST_F_TIMEOUT(df_flush, fails, TIMEOUT)
{
	struct kvm_vm *vm;
	uint32_t fw_error = 0;
	int ret;

	coco_emul_inject("SNP_DF_FLUSH", 1, INJECTED);
	vm = first_after_flush(&ret);
	TEST_ASSERT(ret == -1 && errno == EBUSY, "No ASID is clean: ret %d, errno %d", ret, errno);

	TEST_ASSERT(!init(vm), "Once more: %s", strerror(errno));
	TEST_ASSERT(!start(vm, &fw_error), "LAUNCH_START: %s, firmware 0x%x", strerror(errno),
		    fw_error);
	kvm_vm_free(vm);
}

/* Reports success, and nothing was flushed: as if KVM had not asked for it. */
TEST_F_TIMEOUT(df_flush, missing, TIMEOUT)
{
	struct kvm_vm *vm;
	uint32_t fw_error = 0;
	uint64_t status;
	int ret;

	/* Whatever ASIDs others have left: all are clean now, and then none is. */
	vm = first_after_flush(&ret);
	TEST_ASSERT(!ret, "KVM_SEV_INIT2: %s", strerror(errno));
	launch_and_free(vm);

	coco_emul_inject("SNP_DF_FLUSH", 1, SEV_RET_SUCCESS);
	vm = first_after_flush(&ret);
	TEST_ASSERT(!ret, "KVM_SEV_INIT2: %s", strerror(errno));
	ret = start(vm, &fw_error);
	TEST_ASSERT(ret == -1 && errno == EIO && fw_error == SEV_RET_DFFLUSH_REQUIRED,
		    "A dirty ASID: ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	kvm_vm_free(vm);

	/* They stay dirty until KVM comes to the last one again: not for whoever is next. */
	coco_emul_call(&status, 1, "FIRMWARE 0x84 0");
	TEST_ASSERT(!status, "SNP_DF_FLUSH: 0x%lx", status);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
