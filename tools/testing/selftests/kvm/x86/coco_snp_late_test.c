// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a launch on the emulated SEV-SNP host, and what comes after it, when
 * memory and vCPU state belong to the guest. What is wrong here is an RMP fault
 * of the host, which it does not survive: boot snp-fault-base.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "gmem_populate.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	4ul

/* Any status that nothing returns by itself */
#define INJECTED	SEV_RET_HWSEV_RET_UNSAFE

FIXTURE(late) {
	struct coco_emul_census census;
	struct snp_guest guest;
	struct kvm_vcpu *vcpu[2];
	uint8_t *src;
};

FIXTURE_SETUP(late)
{
	int i;

	coco_emul_inject_clear();
	snp_census_read(&self->census);
	self->src = snp_map_pages(NR_PAGES);
	for (i = 0; i < NR_PAGES * PAGE_SIZE / sizeof(uint32_t); i++)
		((uint32_t *)self->src)[i] = i * 2654435761u;

	snp_guest_create(&self->guest, GPA, NR_PAGES);
	for (i = 0; i < ARRAY_SIZE(self->vcpu); i++)
		self->vcpu[i] = __vm_vcpu_add(self->guest.vm, i);
	snp_guest_start(&self->guest);
}

FIXTURE_TEARDOWN(late)
{
	coco_emul_delay("SNP_LAUNCH_UPDATE", 0);
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	snp_guest_free(&self->guest);
	munmap(self->src, NR_PAGES * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

static void expect_no_host_write(const struct coco_emul_census *before)
{
	struct coco_emul_census now;

	snp_census_read(&now);
	TEST_ASSERT(now.value[SNP_HOST_WRITES] == before->value[SNP_HOST_WRITES],
		    "The host wrote to %lu pages of the guest",
		    now.value[SNP_HOST_WRITES] - before->value[SNP_HOST_WRITES]);
}

struct late_update {
	struct snp_guest *guest;
	const void *src;
	uint32_t fw_error;
	int ret;
	int error;
	bool done;
};

static void *late_update_thread(void *arg)
{
	struct late_update *u = arg;

	u->ret = __snp_guest_update(u->guest, 1, u->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL,
				    &u->fw_error);
	u->error = errno;
	__atomic_store_n(&u->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * Once the launch is finished, the guest may touch its memory at any time. A page
 * that the firmware is at work on, slowly here, must not be zeroed for it: on
 * hardware that write is an RMP fault, which the host does not survive.
 */
TEST_F(late, update_after_finish)
{
	struct late_update u = { .guest = &self->guest, .src = self->src };
	struct coco_emul_census before, now;
	uint64_t nr_updates;
	pthread_t thread;
	int ret;

	snp_guest_update(&self->guest, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(self->guest.vm);
	snp_census_read(&before);
	nr_updates = coco_emul_count("SNP_LAUNCH_UPDATE");

	coco_emul_delay("SNP_LAUNCH_UPDATE", 1000);
	TEST_ASSERT(!pthread_create(&thread, NULL, late_update_thread, &u), "pthread_create()");
	do {
		usleep(1000);
		snp_census_read(&now);
	} while (!__atomic_load_n(&u.done, __ATOMIC_ACQUIRE) && now.value[SNP_PRE_GUEST] ==
		 before.value[SNP_PRE_GUEST]);
	ret = snp_prefault(self->vcpu[0], GPA + PAGE_SIZE);
	pthread_join(thread, NULL);
	coco_emul_delay("SNP_LAUNCH_UPDATE", 0);

	expect_no_host_write(&before);
	TEST_ASSERT(coco_emul_count("SNP_LAUNCH_UPDATE") == nr_updates,
		    "The firmware was given a page after LAUNCH_FINISH");
	TEST_ASSERT(u.ret == -1 && u.error == EINVAL && !u.fw_error,
		    "Update after LAUNCH_FINISH: ret %d, errno %d, firmware 0x%x", u.ret, u.error,
		    u.fw_error);
	TEST_ASSERT(!ret, "KVM_PRE_FAULT_MEMORY: %s", strerror(-ret));
	snp_census_read(&now);
	TEST_ASSERT(now.value[SNP_GUEST_INVALID] == before.value[SNP_GUEST_INVALID] + 1,
		    "The page is not the guest's");
}

static int finish(struct snp_guest *g, struct kvm_sev_snp_launch_finish *args)
{
	struct kvm_sev_snp_launch_finish no_id_block = {};

	return __vm_sev_ioctl(g->vm, KVM_SEV_SNP_LAUNCH_FINISH, args ?: &no_id_block);
}

TEST_F(late, finish_twice)
{
	uint64_t nr_updates, nr_finishes;
	struct coco_emul_census before;
	int ret;

	snp_guest_update(&self->guest, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(self->guest.vm);
	snp_census_read(&before);
	nr_updates = coco_emul_count("SNP_LAUNCH_UPDATE");
	nr_finishes = coco_emul_count("SNP_LAUNCH_FINISH");

	ret = finish(&self->guest, NULL);
	TEST_ASSERT(ret == -1 && errno == EINVAL, "Second LAUNCH_FINISH: ret %d, errno %d", ret,
		    errno);
	TEST_ASSERT(coco_emul_count("SNP_LAUNCH_UPDATE") == nr_updates &&
		    coco_emul_count("SNP_LAUNCH_FINISH") == nr_finishes,
		    "Second LAUNCH_FINISH: the firmware got a command");
	coco_emul_census_expect(&before);
}

/* Once more after a LAUNCH_FINISH that failed; returns whether that can work. */
static bool finish_again(struct snp_guest *g, const char *what)
{
	bool refused = gmem_expect()->finish_is_final;
	int ret = finish(g, NULL);

	if (refused)
		TEST_ASSERT(ret == -1 && errno == EINVAL,
			    "LAUNCH_FINISH after %s: ret %d, errno %d", what, ret, errno);
	else
		TEST_ASSERT(!ret, "LAUNCH_FINISH after %s: ret %d, errno %d", what, ret, errno);
	return !refused;
}

static void expect_vmsas_measured_once(struct snp_guest *g, struct snp_guest_status *before)
{
	struct snp_guest_status now;

	snp_guest_read_status(&now);
	TEST_ASSERT(!strcmp(now.state, "running"), "The guest is in state %s", now.state);
	TEST_ASSERT(now.pages == before->pages, "%llu pages were measured, wanted %llu",
		    now.pages, before->pages);
	sha384_expect(now.ld, before->ld, "Launch digest");
}

/* Both vCPUs belong to the guest when the firmware refuses the ID block. */
TEST_F(late, finish_after_bad_id_block)
{
	struct kvm_sev_snp_launch_finish args = {
		.id_block_en = 1,
		.id_block_uaddr = (uint64_t)self->src,
		.id_auth_uaddr = (uint64_t)self->src + PAGE_SIZE,
	};
	struct snp_guest_status status;
	struct coco_emul_census before;
	uint64_t nr_updates;
	int ret;

	snp_guest_update(&self->guest, 0, self->src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	ret = finish(&self->guest, &args);
	TEST_ASSERT(ret == -1 && errno == EIO, "Bad ID block: ret %d, errno %d", ret, errno);

	snp_census_read(&before);
	snp_guest_read_status(&status);
	TEST_ASSERT(status.pages == 2 + ARRAY_SIZE(self->vcpu), "%llu pages were measured",
		    status.pages);
	nr_updates = coco_emul_count("SNP_LAUNCH_UPDATE");

	if (finish_again(&self->guest, "a bad ID block"))
		expect_vmsas_measured_once(&self->guest, &status);
	TEST_ASSERT(coco_emul_count("SNP_LAUNCH_UPDATE") == nr_updates,
		    "The firmware was given a VMSA again");
	coco_emul_census_expect(&before);
}

/* The first vCPU belongs to the guest when the firmware refuses the second. */
TEST_F(late, finish_after_bad_vmsa)
{
	struct snp_guest_status status;
	struct coco_emul_census before;
	uint64_t nr_updates;
	bool again;
	int ret;

	snp_guest_update(&self->guest, 0, self->src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	coco_emul_inject("SNP_LAUNCH_UPDATE", 2, INJECTED);
	ret = finish(&self->guest, NULL);
	TEST_ASSERT(ret == -1 && errno == EIO, "Bad VMSA: ret %d, errno %d", ret, errno);

	snp_census_read(&before);
	snp_guest_read_status(&status);
	TEST_ASSERT(status.pages == 3, "%llu pages were measured", status.pages);
	nr_updates = coco_emul_count("SNP_LAUNCH_UPDATE");

	again = finish_again(&self->guest, "a bad VMSA");
	TEST_ASSERT(coco_emul_count("SNP_LAUNCH_UPDATE") == nr_updates + again,
		    "The firmware was given %lu VMSAs",
		    coco_emul_count("SNP_LAUNCH_UPDATE") - nr_updates);
	snp_guest_read_status(&status);
	TEST_ASSERT(status.pages == 3 + again, "%llu pages were measured", status.pages);
	expect_no_host_write(&before);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
