// SPDX-License-Identifier: GPL-2.0-only
/*
 * ASIDs of SNP guests on the emulated SEV-SNP host: the firmware does not activate
 * one that still owns pages. VMs come and go until each ASID is used again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA			BIT_ULL(32)
#define POLICY_SINGLE_SOCKET	BIT_ULL(20)

/* As many as it takes for their end to last longer than the start of another guest */
#define NR_BIG_PAGES	2048ul
#define NR_KILLS	2

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

static int start_with_policy(struct kvm_vm *vm, uint64_t policy, uint32_t *fw_error)
{
	struct kvm_sev_snp_launch_start start = { .policy = policy };

	return snp_op(vm, KVM_SEV_SNP_LAUNCH_START, &start, fw_error);
}

static int launch_start(struct kvm_vm *vm, uint32_t *fw_error)
{
	return start_with_policy(vm, snp_default_policy(), fw_error);
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

/*
 * "Guest Policy", SINGLE_SOCKET: KVM lets it pass, and the firmware does not activate
 * the guest where there are more sockets. The ASID is as good as before.
 */
TEST_F(asid, single_socket)
{
	uint64_t policy = snp_default_policy() | POLICY_SINGLE_SOCKET;
	struct kvm_vm *vm = vm_create_barebones_type(KVM_X86_SNP_VM);
	bool refused = false;
	uint32_t fw_error = 0;
	int cpu, ret;

	for (cpu = 1; coco_emul_has_cpus(cpu + 1); cpu++)
		refused |= coco_emul_package(cpu) != coco_emul_package(0);

	snp_vm_init(vm);
	ret = start_with_policy(vm, policy, &fw_error);
	if (refused)
		TEST_ASSERT(ret == -1 && errno == EIO && fw_error == SEV_RET_POLICY_FAILURE,
			    "Two sockets: ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	else
		TEST_ASSERT(!ret, "One socket: errno %d, firmware 0x%x", errno, fw_error);
	kvm_vm_free(vm);

	vm = vm_create_barebones_type(KVM_X86_SNP_VM);
	snp_vm_init(vm);
	ret = launch_start(vm, &fw_error);
	TEST_ASSERT(!ret, "Another guest: errno %d, firmware 0x%x", errno, fw_error);
	kvm_vm_free(vm);
}

/* A VMM with a guest that takes a while to go away; writes a byte when it is there. */
static pid_t fork_vmm(void)
{
	int up[2];
	pid_t pid;
	char c;

	TEST_ASSERT(!pipe(up), "pipe(): %s", strerror(errno));
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork(): %s", strerror(errno));
	if (!pid) {
		struct snp_guest g;
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snp_guest_init(&g, GPA, NR_BIG_PAGES);
		snp_guest_update(&g, 0, NULL, NR_BIG_PAGES, KVM_SEV_SNP_PAGE_TYPE_ZERO);
		fd = memslot2region(g.vm, SNP_SLOT)->region.guest_memfd;
		TEST_ASSERT(!dup2(fd, 0), "dup2(): %s", strerror(errno));
		close(fd);
		TEST_ASSERT(write(up[1], "", 1) == 1, "write(): %s", strerror(errno));
		pause();
		_exit(1);
	}

	close(up[1]);
	TEST_ASSERT(read(up[0], &c, 1) == 1, "The VMM did not come up");
	close(up[0]);
	return pid;
}

/*
 * One VMM is killed while another waits for its ASID. At the end of a process files
 * are released from the highest descriptor to the lowest: that of guest_memfd, which
 * comes after that of the VM here, is the last reference to the VM.
 */
TEST_F_TIMEOUT(asid, vmm_killed, TIMEOUT)
{
	struct kvm_vm *others[MAX_SNP_ASIDS], *vm;
	unsigned int i, round;
	uint32_t fw_error;
	pid_t pid;
	int ret;

	for (i = 0; i < self->nr - 1; i++) {
		others[i] = vm_create_barebones_type(KVM_X86_SNP_VM);
		snp_vm_init(others[i]);
	}

	for (round = 0; round < NR_KILLS; round++) {
		pid = fork_vmm();
		vm = vm_create_barebones_type(KVM_X86_SNP_VM);
		ret = init2(vm);
		TEST_ASSERT(ret == -1 && errno == EBUSY, "A free ASID: ret %d, errno %d", ret,
			    errno);

		kill(pid, SIGKILL);
		while ((ret = init2(vm)) == -1 && errno == EBUSY)
			usleep(100);
		TEST_ASSERT(!ret, "KVM_SEV_INIT2: errno %d", errno);
		ret = launch_start(vm, &fw_error);
		TEST_ASSERT(!ret, "Round %u, ASID of a killed VM: errno %d, firmware 0x%x", round,
			    errno, fw_error);

		waitpid(pid, NULL, 0);
		kvm_vm_free(vm);
	}

	for (i = 0; i < self->nr - 1; i++)
		kvm_vm_free(others[i]);
}

/* With O_PATH there is an inode of guest_memfd without its file, for as long as one likes. */
TEST_F_TIMEOUT(asid, o_path, TIMEOUT)
{
	struct kvm_vm *others[MAX_SNP_ASIDS], *vm;
	struct snp_guest g;
	uint32_t fw_error;
	char path[32];
	unsigned int i;
	int ret, inode;

	for (i = 0; i < self->nr - 1; i++) {
		others[i] = vm_create_barebones_type(KVM_X86_SNP_VM);
		snp_vm_init(others[i]);
	}

	snp_guest_init(&g, GPA, 1);
	snp_guest_update(&g, 0, NULL, 1, KVM_SEV_SNP_PAGE_TYPE_ZERO);
	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 memslot2region(g.vm, SNP_SLOT)->region.guest_memfd);
	inode = open(path, O_PATH);
	TEST_ASSERT(inode >= 0, "O_PATH of %s: %s", path, strerror(errno));
	snp_guest_free(&g);

	vm = vm_create_barebones_type(KVM_X86_SNP_VM);
	snp_vm_init(vm);
	ret = launch_start(vm, &fw_error);
	TEST_ASSERT(!ret, "ASID of a VM of which there is an inode: errno %d, firmware 0x%x",
		    errno, fw_error);

	close(inode);
	kvm_vm_free(vm);
	for (i = 0; i < self->nr - 1; i++)
		kvm_vm_free(others[i]);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
