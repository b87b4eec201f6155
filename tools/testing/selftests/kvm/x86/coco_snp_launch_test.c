// SPDX-License-Identifier: GPL-2.0-only
/*
 * Launches on the emulated SEV-SNP host: what a command reports that got some of
 * its pages done, signals, and everything that comes after LAUNCH_FINISH, when
 * memory and vCPU state belong to the guest.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "gmem_populate.h"

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
	coco_emul_delay("SNP_LAUNCH_UPDATE", 0);
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	snp_guest_free(&self->guest);
	munmap(self->src, MANY_PAGES * PAGE_SIZE);
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

static void ignore_signal(int signal)
{
}

/* However many signals come, a VMM's loop ends, and every page is in once. */
TEST_F(launch, signals)
{
	const struct itimerval every_ms = {
		.it_interval.tv_usec = 1000,
		.it_value.tv_usec = 1000,
	};
	const struct sigaction action = { .sa_handler = ignore_signal };
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = GFN,
		.uaddr = (uint64_t)self->src,
		.len = MANY_PAGES * PAGE_SIZE,
		.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
	};
	const struct itimerval off = {};
	size_t i;

	TEST_ASSERT(!sigaction(SIGALRM, &action, NULL), "sigaction(): %s", strerror(errno));
	setitimer(ITIMER_REAL, &every_ms, NULL);
	snp_launch_update(self->guest.vm, &args);
	setitimer(ITIMER_REAL, &off, NULL);

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

static int prefault(struct kvm_vcpu *vcpu, uint64_t gpa)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = PAGE_SIZE };
	int ret;

	do {
		ret = __vcpu_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range);
	} while (ret == -1 && (errno == EAGAIN || errno == EINTR));
	return ret ? -errno : 0;
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
TEST_F(launch, update_after_finish)
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
	ret = prefault(self->vcpu[0], GPA + PAGE_SIZE);
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

TEST_F(launch, finish_twice)
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
TEST_F(launch, finish_after_bad_id_block)
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
TEST_F(launch, finish_after_bad_vmsa)
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
		ret = prefault(self->vcpu[0], SHARED_GPA + i % 4 * PAGE_SIZE);
		TEST_ASSERT(!ret, "KVM_PRE_FAULT_MEMORY of shared page %d: %s", i % 4,
			    strerror(-ret));
	}
	coco_emul_census_expect(&before);

	vm_mem_set_private(vm, SHARED_GPA, PAGE_SIZE);
	ret = prefault(self->vcpu[0], SHARED_GPA);
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
