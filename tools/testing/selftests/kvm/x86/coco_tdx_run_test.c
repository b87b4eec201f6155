// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN where no guest can run: of TDs, and of ordinary VMs on the emulated VMX.
 * Whatever is wrong or in the way, it returns what KVM documents for that.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "coco_tdx.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

/* VM entry has failed, invalid guest state; Intel SDM, "VM-Entry Failures" */
#define ENTRY_FAILED_GUEST_STATE	(BIT_ULL(31) | 33)
/* VM-instruction error: control fields are invalid */
#define INVALID_CONTROL_FIELD		7

#define TDX_NON_RECOVERABLE_VCPU	0x4000000100000000ul

#define NR_VCPUS	2
#define NR_RUNS		200

static uint8_t page[PAGE_SIZE] __aligned(PAGE_SIZE);

FIXTURE(run) {
	struct coco_emul_census census;
};

FIXTURE_SETUP(run)
{
	coco_set_cpu(0);
	coco_pamt_census(&self->census);
}

FIXTURE_TEARDOWN(run)
{
	coco_emul_census_expect(&self->census);
}

static void expect_errno(struct kvm_vcpu *vcpu, int want, const char *what)
{
	int ret = __vcpu_run(vcpu);

	TEST_ASSERT(ret == -1 && errno == want, "%s: wanted errno %d, not %d, errno %d", what, want,
		    ret, errno);
}

static void expect_fail_entry(struct kvm_vcpu *vcpu, uint64_t reason)
{
	int ret = __vcpu_run(vcpu);

	TEST_ASSERT(!ret, "KVM_RUN: %d, errno %d", ret, errno);
	TEST_ASSERT(vcpu->run->exit_reason == KVM_EXIT_FAIL_ENTRY,
		    "Wanted KVM_EXIT_FAIL_ENTRY, not exit reason %u (%s)",
		    vcpu->run->exit_reason, exit_reason_str(vcpu->run->exit_reason));
	TEST_ASSERT_EQ((uint64_t)vcpu->run->fail_entry.hardware_entry_failure_reason, reason);
}

static void create_td(struct coco_td *td)
{
	coco_td_create(td, 4);
	coco_td_add(td, 0, page, COCO_TD_GPA, 1);
	coco_td_finalize(td);
}

/* Nothing is wrong with the TD: it can be asked again, and has lost nothing. */
TEST_F(run, td)
{
	uint64_t calls = coco_emul_count("TDH.VP.ENTER");
	struct coco_td td;
	int i;

	create_td(&td);
	for (i = 0; i < 3; i++)
		expect_fail_entry(td.vcpu, ENTRY_FAILED_GUEST_STATE);
	TEST_ASSERT_EQ(coco_emul_count("TDH.VP.ENTER"), calls + 3);
	TEST_ASSERT(!coco_td_is_dead(&td), "The VM is dead");
	coco_td_check_mrtd(&td);
	vm_guest_mem_punch_hole(td.vm, COCO_TD_GPA, PAGE_SIZE);
	expect_fail_entry(td.vcpu, ENTRY_FAILED_GUEST_STATE);
	coco_td_free(&td);
}

/* In each state before the one in which it could run */
TEST_F(run, td_before_finalize)
{
	struct coco_td td;

	coco_td_new(&td);
	coco_td_init_vm(&td);
	coco_td_add_vcpu(&td);
	coco_td_add_slot(&td, COCO_TD_GPA, 4);
	td.vcpu->run->immediate_exit = 1;
	expect_errno(td.vcpu, EINTR, "No KVM_TDX_INIT_VCPU, immediate_exit");
	td.vcpu->run->immediate_exit = 0;

	coco_td_init_vcpu(&td);
	expect_errno(td.vcpu, EINVAL, "No KVM_TDX_FINALIZE_VM");
	coco_td_add(&td, 0, page, COCO_TD_GPA, 1);
	expect_errno(td.vcpu, EINVAL, "No KVM_TDX_FINALIZE_VM, but a page");
	coco_td_finalize(&td);
	expect_fail_entry(td.vcpu, ENTRY_FAILED_GUEST_STATE);
	coco_td_free(&td);
}

/* Finalizing needs one vCPU: the other can be one that the module does not know. */
TEST_F(run, td_vcpu_not_initialized)
{
	struct kvm_vcpu *other;
	struct coco_td td;

	if (!coco_emul_has_cpus(2))
		SKIP(return, "a TD has no more vCPUs than the machine has CPUs");

	coco_td_create(&td, 0);
	other = __vm_vcpu_add(td.vm, 1);
	coco_td_finalize(&td);

	/* It waits for an INIT that never comes, as it has no initial state. */
	other->run->immediate_exit = 1;
	expect_errno(other, EINTR, "A vCPU without KVM_TDX_INIT_VCPU");
	expect_fail_entry(td.vcpu, ENTRY_FAILED_GUEST_STATE);
	coco_td_free(&td);
}

TEST_F(run, td_immediate_exit)
{
	uint64_t calls = coco_emul_count("TDH.VP.ENTER");
	struct coco_td td;

	create_td(&td);
	td.vcpu->run->immediate_exit = 1;
	expect_errno(td.vcpu, EINTR, "immediate_exit");
	td.vcpu->run->immediate_exit = 0;
	TEST_ASSERT_EQ(coco_emul_count("TDH.VP.ENTER"), calls);
	expect_fail_entry(td.vcpu, ENTRY_FAILED_GUEST_STATE);
	coco_td_free(&td);
}

static void ignore(int sig)
{
}

/* SIGUSR1 is pending and blocked, but not while the vCPU runs. */
static void expect_signal(struct kvm_vcpu *vcpu)
{
	struct {
		struct kvm_signal_mask mask;
		uint8_t set[8];
	} run_with = { .mask.len = 8 };
	struct sigaction action = { .sa_handler = ignore };
	sigset_t set;

	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	vcpu_ioctl(vcpu, KVM_SET_SIGNAL_MASK, &run_with.mask);
	pthread_kill(pthread_self(), SIGUSR1);

	expect_errno(vcpu, EINTR, "A signal is pending");
	TEST_ASSERT_EQ(vcpu->run->exit_reason, KVM_EXIT_INTR);

	/* Without it the vCPU is entered again. */
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	vcpu_ioctl(vcpu, KVM_SET_SIGNAL_MASK, (struct kvm_signal_mask *)NULL);
}

TEST_F(run, td_signal)
{
	struct coco_td td;

	create_td(&td);
	expect_signal(td.vcpu);
	expect_fail_entry(td.vcpu, ENTRY_FAILED_GUEST_STATE);
	coco_td_free(&td);
}

/* A posted interrupt waits: KVM sends the notification to itself on the way in. */
TEST_F(run, td_pending_interrupt)
{
	struct kvm_msi msi = {
		.address_lo = 0xfee00000,
		.data = 0x55,
	};
	struct coco_td td;

	create_td(&td);
	expect_fail_entry(td.vcpu, ENTRY_FAILED_GUEST_STATE);
	__vm_ioctl(td.vm, KVM_SIGNAL_MSI, &msi);
	expect_fail_entry(td.vcpu, ENTRY_FAILED_GUEST_STATE);
	coco_td_free(&td);
}

struct runner {
	struct kvm_vcpu *vcpu;
	uint64_t reason;
	int cpu;
};

static void *run_often(void *data)
{
	struct runner *runner = data;
	int i;

	for (i = 0; i < NR_RUNS; i++) {
		coco_set_cpu((runner->cpu + i / 10) % NR_VCPUS);
		expect_fail_entry(runner->vcpu, runner->reason);
	}
	return NULL;
}

/* All at once, and each on one CPU after the other */
static void run_all(struct runner runners[NR_VCPUS])
{
	pthread_t threads[NR_VCPUS];
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		runners[i].cpu = i;
		TEST_ASSERT(!pthread_create(&threads[i], NULL, run_often, &runners[i]),
			    "No thread");
	}
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(threads[i], NULL);
}

TEST_F(run, td_vcpus)
{
	struct runner runners[NR_VCPUS];
	struct coco_td td;
	int i;

	if (!coco_emul_has_cpus(NR_VCPUS))
		SKIP(return, "a TD has no more vCPUs than the machine has CPUs");

	coco_td_new(&td);
	coco_td_init_vm(&td);
	for (i = 0; i < NR_VCPUS; i++) {
		td.vcpu = __vm_vcpu_add(td.vm, i);
		vcpu_init_cpuid(td.vcpu, kvm_get_supported_cpuid());
		vcpu_set_cpuid_property(td.vcpu, X86_PROPERTY_GUEST_MAX_PHY_ADDR, td.gpa_bits);
		coco_td_init_vcpu(&td);
		runners[i] = (struct runner) {
			.vcpu = td.vcpu,
			.reason = ENTRY_FAILED_GUEST_STATE,
		};
	}
	coco_td_add_slot(&td, COCO_TD_GPA, 4);
	coco_td_add(&td, 0, page, COCO_TD_GPA, 1);
	coco_td_finalize(&td);
	run_all(runners);
	coco_td_free(&td);
}

/* What KVM makes of other exits of a TD that is lost at once */
TEST_F(run, td_triple_fault)
{
	struct coco_td td;
	int ret;

	create_td(&td);
	coco_emul_inject("TDH.VP.ENTER", 1, TDX_NON_RECOVERABLE_VCPU | 2);
	ret = __vcpu_run(td.vcpu);
	TEST_ASSERT(!ret && td.vcpu->run->exit_reason == KVM_EXIT_SHUTDOWN,
		    "KVM_RUN: %d, errno %d, exit reason %u", ret, errno, td.vcpu->run->exit_reason);
	coco_td_free(&td);
}

static void guest_code(void)
{
}

/* VMLAUNCH fails with an error number, and so does the next: nothing was launched */
TEST_F(run, vm)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest_code);

	expect_fail_entry(vcpu, INVALID_CONTROL_FIELD);
	expect_fail_entry(vcpu, INVALID_CONTROL_FIELD);
	kvm_vm_free(vm);
}

/* The vCPU as it comes out of reset, in real mode, without any memory */
TEST_F(run, vm_in_reset)
{
	struct kvm_vm *vm = vm_create_barebones();
	struct kvm_vcpu *vcpu = __vm_vcpu_add(vm, 0);

	expect_fail_entry(vcpu, INVALID_CONTROL_FIELD);
	kvm_vm_free(vm);
}

TEST_F(run, vm_immediate_exit_and_signal)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest_code);

	vcpu->run->immediate_exit = 1;
	expect_errno(vcpu, EINTR, "immediate_exit");
	vcpu->run->immediate_exit = 0;
	expect_signal(vcpu);
	expect_fail_entry(vcpu, INVALID_CONTROL_FIELD);
	kvm_vm_free(vm);
}

/* No current VMCS: VMfailInvalid, for which there is no error number */
TEST_F(run, vm_fail_invalid)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	int ret;

	coco_emul_inject("VMLAUNCH", 1, 0);
	ret = __vcpu_run(vcpu);
	TEST_ASSERT(!ret && vcpu->run->exit_reason == KVM_EXIT_FAIL_ENTRY,
		    "KVM_RUN: %d, errno %d, exit reason %u", ret, errno, vcpu->run->exit_reason);
	kvm_vm_free(vm);
}

TEST_F(run, vm_vcpus)
{
	struct runner runners[NR_VCPUS];
	struct kvm_vcpu *vcpus[NR_VCPUS];
	struct kvm_vm *vm;
	int i;

	if (!coco_emul_has_cpus(NR_VCPUS))
		SKIP(return, "this machine has one CPU");

	vm = vm_create_with_vcpus(NR_VCPUS, guest_code, vcpus);
	for (i = 0; i < NR_VCPUS; i++) {
		runners[i] = (struct runner) {
			.vcpu = vcpus[i],
			.reason = INVALID_CONTROL_FIELD,
		};
	}
	run_all(runners);
	kvm_vm_free(vm);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
