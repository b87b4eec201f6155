// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordinary VMs on the emulated VMX: what QEMU's SVM does not report, and KVM has to know;
 * and that no interrupt is lost, however slow the machine is.
 */
#include <pthread.h>

#include "apic.h"
#include "coco_emul.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"

KVM_ONE_VCPU_TEST_SUITE(vm);

static void guest_xsetbv(void)
{
	uint64_t supported = xgetbv(0);

	xsetbv(0, XFEATURE_MASK_FP);
	GUEST_SYNC(1);
	GUEST_ASSERT_EQ(xgetbv(0), XFEATURE_MASK_FP);
	xsetbv(0, supported);
	GUEST_SYNC(2);
	GUEST_ASSERT_EQ(xgetbv(0), supported);
	GUEST_DONE();
}

static void expect_sync(struct kvm_vcpu *vcpu, uint64_t nr)
{
	struct ucall uc;

	vcpu_run(vcpu);
	if (get_ucall(vcpu, &uc) == UCALL_ABORT)
		REPORT_GUEST_ASSERT(uc);
	TEST_ASSERT_EQ(uc.cmd, nr ? UCALL_SYNC : UCALL_DONE);
	if (nr)
		TEST_ASSERT_EQ(uc.args[1], nr);
}

/* XSETBV is a VM exit: KVM has the new XCR0, and the guest keeps its registers. */
KVM_ONE_VCPU_TEST(vm, xsetbv, guest_xsetbv)
{
	struct kvm_xcrs xcrs;
	uint64_t supported;

	vcpu_xcrs_get(vcpu, &xcrs);
	supported = xcrs.xcrs[0].value;
	TEST_ASSERT(supported != XFEATURE_MASK_FP, "There is no other XCR0");

	expect_sync(vcpu, 1);
	vcpu_xcrs_get(vcpu, &xcrs);
	TEST_ASSERT_EQ(xcrs.xcrs[0].value, XFEATURE_MASK_FP);
	expect_sync(vcpu, 2);
	vcpu_xcrs_get(vcpu, &xcrs);
	TEST_ASSERT_EQ(xcrs.xcrs[0].value, supported);
	expect_sync(vcpu, 0);
}

#define IPI_VECTOR	0xa5
#define NR_IPIS		500

/* Of the guest: interrupts that were taken, and how often it has got ready to halt */
static volatile uint64_t nr_taken, nr_halts;

static void guest_takes_ipi(struct ex_regs *regs)
{
	nr_taken++;
	xapic_write_reg(APIC_EOI, 0);
}

static void guest_halts(void)
{
	xapic_enable();
	while (nr_taken < NR_IPIS) {
		nr_halts++;
		safe_halt();
		cli();
	}
	GUEST_DONE();
}

/*
 * Every other IPI is for one that is about to halt or has halted, the others come to it as
 * soon as it has taken the last one.
 */
static void guest_sends(uint64_t to)
{
	uint64_t i, halts;

	xapic_enable();
	while (!nr_halts)
		cpu_relax();
	for (i = 1; i <= NR_IPIS; i++) {
		halts = nr_halts;
		xapic_write_reg(APIC_ICR2, to << 24);
		xapic_write_reg(APIC_ICR, APIC_DEST_PHYSICAL | APIC_DM_FIXED | IPI_VECTOR);
		while (nr_taken < i)
			cpu_relax();
		while (i & 1 && i < NR_IPIS && nr_halts == halts)
			cpu_relax();
	}
	GUEST_DONE();
}

FIXTURE(ipi) {
	struct kvm_vm *vm;
	struct kvm_vcpu *halts, *sends;
};

FIXTURE_VARIANT(ipi) {
	int cpu;
};

FIXTURE_VARIANT_ADD(ipi, other_cpu) {
	.cpu = 1,
};

/* The one that sends has to be interrupted, so that the other one runs. */
FIXTURE_VARIANT_ADD(ipi, same_cpu) {
	.cpu = 0,
};

FIXTURE_SETUP(ipi)
{
	self->vm = vm_create_with_one_vcpu(&self->halts, guest_halts);
	self->sends = vm_vcpu_add(self->vm, 1, guest_sends);
	vcpu_args_set(self->sends, 1, self->halts->id);
	vm_install_exception_handler(self->vm, IPI_VECTOR, guest_takes_ipi);
	virt_pg_map(self->vm, APIC_DEFAULT_GPA, APIC_DEFAULT_GPA);
}

FIXTURE_TEARDOWN(ipi)
{
	kvm_vm_free(self->vm);
}

static void *run_to_the_end(void *vcpu)
{
	pin_self_to_cpu(0);
	expect_sync(vcpu, 0);
	return NULL;
}

/* It takes as long as it takes, but it ends. */
TEST_F_TIMEOUT(ipi, none_is_lost, 300)
{
	pthread_t thread;

	pthread_create(&thread, NULL, run_to_the_end, self->halts);
	pin_self_to_cpu(variant->cpu);
	expect_sync(self->sends, 0);
	pthread_join(thread, NULL);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_cpu_has(X86_FEATURE_XSAVE));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
