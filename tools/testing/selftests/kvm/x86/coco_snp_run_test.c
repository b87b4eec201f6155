// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN on the emulated SEV-SNP host, of vCPUs that cannot run: before the launch
 * is finished KVM_RUN says that entering the guest failed, and the host goes on.
 * Ordinary VMs run beside it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "sev.h"

#define NR_VCPUS	2

/* VMEXIT_INVALID: all bits of the exit code, of which KVM may report 32 only */
#define EXIT_INVALID	0xffffffffu

#define NR_RUNS		50

/* Of the cases that do that often; the harness gives the others 30 seconds. */
#define TIMEOUT		120

/* What the kernel takes for a sigset_t */
#define SIGSET_SIZE	8

static void guest_code(void)
{
	GUEST_DONE();
}

/* Counts up to NR_RUNS, an exit each. */
static void guest_counts(void)
{
	uint64_t i;

	for (i = 0; i < NR_RUNS; i++)
		GUEST_SYNC(i);
	GUEST_DONE();
}

FIXTURE(run) {
	struct coco_emul_census census;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu[NR_VCPUS];
};

FIXTURE_VARIANT(run) {
	uint32_t type;
};

FIXTURE_VARIANT_ADD(run, sev) { .type = KVM_X86_SEV_VM };
FIXTURE_VARIANT_ADD(run, sev_es) { .type = KVM_X86_SEV_ES_VM };
FIXTURE_VARIANT_ADD(run, snp) { .type = KVM_X86_SNP_VM };

FIXTURE_SETUP(run)
{
	struct vm_shape shape = {
		.mode = VM_MODE_DEFAULT,
		.type = variant->type,
	};

	snp_census_read(&self->census);
	self->vm = __vm_create_with_vcpus(shape, NR_VCPUS, 0, guest_code, self->vcpu);
}

FIXTURE_TEARDOWN(run)
{
	kvm_vm_free(self->vm);
	coco_emul_census_expect(&self->census);
}

static void expect_entry_fails(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t before = coco_emul_count("VMRUN");
	int ret;

	run->exit_reason = KVM_EXIT_UNKNOWN;
	ret = _vcpu_run(vcpu);
	TEST_ASSERT(!ret && run->exit_reason == KVM_EXIT_FAIL_ENTRY &&
		    (uint32_t)run->fail_entry.hardware_entry_failure_reason == EXIT_INVALID,
		    "KVM_RUN of vCPU %u: ret %d, errno %d, %s, 0x%llx", vcpu->id, ret, errno,
		    exit_reason_str(run->exit_reason),
		    run->fail_entry.hardware_entry_failure_reason);
	TEST_ASSERT(coco_emul_count("VMRUN") > before, "There was no VMRUN");
}

static void expect_entries_fail(struct kvm_vcpu *vcpu[NR_VCPUS])
{
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		expect_entry_fails(vcpu[i]);
		expect_entry_fails(vcpu[i]);
	}
}

TEST_F(run, before_launch)
{
	expect_entries_fail(self->vcpu);
}

static void launch_start(struct kvm_vm *vm)
{
	struct kvm_sev_launch_start start = {
		.policy = is_sev_es_vm(vm) ? SEV_POLICY_ES : 0,
	};

	if (is_sev_snp_vm(vm))
		snp_vm_launch_start(vm, snp_default_policy());
	else
		vm_sev_ioctl(vm, KVM_SEV_LAUNCH_START, &start);
}

TEST_F(run, during_launch)
{
	launch_start(self->vm);
	expect_entries_fail(self->vcpu);
	if (is_sev_snp_vm(self->vm)) {
		snp_vm_launch_update(self->vm);
		expect_entries_fail(self->vcpu);
	}
}

static void expect_eintr(struct kvm_vcpu *vcpu, const char *what)
{
	uint64_t before = coco_emul_count("VMRUN");
	int ret = __vcpu_run(vcpu);

	TEST_ASSERT(ret == -1 && errno == EINTR, "KVM_RUN, %s: ret %d, errno %d, %s", what, ret,
		    errno, exit_reason_str(vcpu->run->exit_reason));
	TEST_ASSERT(coco_emul_count("VMRUN") == before, "KVM_RUN, %s, has entered the guest", what);
}

static void ignore_signal(int signal)
{
}

/* What comes before VMRUN comes first. */
TEST_F(run, interrupted)
{
	const struct sigaction action = { .sa_handler = ignore_signal };
	struct kvm_signal_mask *mask = calloc(1, sizeof(*mask) + SIGSET_SIZE);
	sigset_t usr1, none;

	self->vcpu[0]->run->immediate_exit = 1;
	expect_eintr(self->vcpu[0], "immediate_exit");
	self->vcpu[0]->run->immediate_exit = 0;

	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	TEST_ASSERT(!sigaction(SIGUSR1, &action, NULL), "sigaction(): %s", strerror(errno));
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	mask->len = SIGSET_SIZE;
	vcpu_ioctl(self->vcpu[0], KVM_SET_SIGNAL_MASK, mask);
	raise(SIGUSR1);
	expect_eintr(self->vcpu[0], "signal pending");
	sigprocmask(SIG_SETMASK, &none, NULL);
	free(mask);

	expect_entries_fail(self->vcpu);
}

static void *run_often(void *vcpu)
{
	int i;

	for (i = 0; i < NR_RUNS; i++)
		expect_entry_fails(vcpu);

	return NULL;
}

TEST_F_TIMEOUT(run, two_vcpus, TIMEOUT)
{
	pthread_t thread[NR_VCPUS];
	int i;

	for (i = 0; i < NR_VCPUS; i++)
		TEST_ASSERT(!pthread_create(&thread[i], NULL, run_often, self->vcpu[i]),
			    "pthread_create()");
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(thread[i], NULL);
}

/* An ordinary VM, an exit of which comes after each that fails */
TEST_F_TIMEOUT(run, beside_ordinary_vm, TIMEOUT)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest_counts);
	struct ucall uc;
	uint64_t i;

	for (i = 0; i < NR_RUNS; i++) {
		expect_entry_fails(self->vcpu[i % NR_VCPUS]);
		vcpu_run(vcpu);
		TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC && uc.args[1] == i,
			    "Run %lu of the ordinary VM: %s, ucall %lu, %lu", i,
			    exit_reason_str(vcpu->run->exit_reason), uc.cmd, uc.args[1]);
	}
	kvm_vm_free(vm);
}

/* Whoever runs vCPUs dies: their VM goes with it. */
TEST_F_TIMEOUT(run, killed, TIMEOUT)
{
	struct vm_shape shape = {
		.mode = VM_MODE_DEFAULT,
		.type = variant->type,
	};
	uint64_t runs = coco_emul_count("VMRUN");
	struct kvm_vcpu *vcpu[NR_VCPUS];
	pthread_t thread;
	int status, i;
	pid_t pid;

	/* Everything is the child's alone, and its end is that of the VM. */
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork(): %s", strerror(errno));
	if (!pid) {
		__vm_create_with_vcpus(shape, NR_VCPUS, 0, guest_code, vcpu);
		for (i = 1; i < NR_VCPUS; i++)
			pthread_create(&thread, NULL, run_often, vcpu[i]);
		for (;;)
			expect_entry_fails(vcpu[0]);
	}

	while (coco_emul_count("VMRUN") < runs + 10)
		TEST_ASSERT(!waitpid(pid, &status, WNOHANG), "The child has failed: 0x%x", status);
	kill(pid, SIGKILL);
	TEST_ASSERT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGKILL, "The child: 0x%x", status);

	expect_entries_fail(self->vcpu);
}

/* A VMRUN that fails although it need not: the ordinary VM says so, and can go on. */
TEST(ordinary_vm_entry_fails)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest_counts);
	struct ucall uc;

	coco_emul_inject("VMRUN", 1, ~0ull);
	expect_entry_fails(vcpu);
	TEST_ASSERT(!coco_emul_inject_is_pending(), "The injected fault did not fire");

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC && !uc.args[1], "%s, ucall %lu",
		    exit_reason_str(vcpu->run->exit_reason), uc.cmd);
	kvm_vm_free(vm);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
