// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordinary VMs on the emulated VMX: what QEMU's SVM does not report, and KVM has to know.
 */
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

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_cpu_has(X86_FEATURE_XSAVE));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
