// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM learns of a guest's access to control and debug registers on the emulated
 * SEV-SNP host, whose CPU has decode assists: AMD64 Architecture Programmer's Manual,
 * volume 2, "Decode Assists".  KVM cannot read the code of an SEV guest to find out
 * for itself, and injects #UD.
 */
#include <linux/kvm.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "sev.h"

/* An address, as all values of DR1 are */
#define DR1_VALUE	0x12345678ul

/* By registers with low and high numbers, and never by RAX, whose number is 0 */
static void guest_control_registers(void)
{
	uint64_t before, after;

	asm volatile("mov %%cr4, %%rdx\n\t"
		     "mov %%rdx, %%cr4\n\t"
		     "mov %%cr4, %%r13\n\t"
		     "mov %%rdx, %0\n\t"
		     "mov %%r13, %1"
		     : "=r"(before), "=r"(after) : : "rdx", "r13");
	GUEST_ASSERT(before & X86_CR4_PAE);
	GUEST_ASSERT_EQ(before, after);

	asm volatile("mov %%cr0, %%rbx\n\t"
		     "mov %%rbx, %%cr0\n\t"
		     "mov %%cr0, %%r12\n\t"
		     "mov %%rbx, %0\n\t"
		     "mov %%r12, %1"
		     : "=r"(before), "=r"(after) : : "rbx", "r12");
	GUEST_ASSERT(before & X86_CR0_PG);
	GUEST_ASSERT_EQ(before, after);
	GUEST_DONE();
}

static void guest_debug_registers(void)
{
	uint64_t after;

	asm volatile("mov %1, %%r14\n\t"
		     "mov %%r14, %%db1\n\t"
		     "xor %%ebx, %%ebx\n\t"
		     "mov %%db1, %%rbx\n\t"
		     "mov %%rbx, %0"
		     : "=r"(after) : "i"(DR1_VALUE) : "rbx", "r14");
	GUEST_ASSERT_EQ(after, DR1_VALUE);
	GUEST_DONE();
}

FIXTURE(regs) {
	struct coco_emul_census census;
};

FIXTURE_VARIANT(regs) {
	uint64_t type;
};

FIXTURE_VARIANT_ADD(regs, ordinary) { .type = KVM_X86_DEFAULT_VM };
FIXTURE_VARIANT_ADD(regs, sev) { .type = KVM_X86_SEV_VM };

FIXTURE_SETUP(regs)
{
	snp_census_read(&self->census);
}

FIXTURE_TEARDOWN(regs)
{
	coco_emul_census_expect(&self->census);
}

static struct kvm_vcpu *launch(uint64_t type, void (*code)(void))
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	if (type == KVM_X86_DEFAULT_VM) {
		vm_create_with_one_vcpu(&vcpu, code);
		return vcpu;
	}

	vm = vm_sev_create_with_one_vcpu(type, code, &vcpu);
	vm_sev_launch(vm, 0, NULL);
	return vcpu;
}

static void expect_done(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	switch (get_ucall(vcpu, &uc)) {
	case UCALL_DONE:
		break;
	case UCALL_ABORT:
		REPORT_GUEST_ASSERT(uc);
	default:
		TEST_FAIL("Exit: %s", exit_reason_str(vcpu->run->exit_reason));
	}
	kvm_vm_free(vcpu->vm);
}

TEST_F(regs, control_registers)
{
	expect_done(launch(variant->type, guest_control_registers));
}

/* KVM lets a guest have its debug registers unless somebody debugs the guest. */
TEST_F(regs, debug_registers)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP,
	};
	struct kvm_vcpu *vcpu = launch(variant->type, guest_debug_registers);

	vcpu_guest_debug_set(vcpu, &debug);
	expect_done(vcpu);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SEV_VM));

	return test_harness_run(argc, argv);
}
