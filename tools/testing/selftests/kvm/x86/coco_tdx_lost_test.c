// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD that is lost, as after a machine check while it ran: the module answers
 * everything but its teardown with TDX_TD_FATAL. Each ioctl fails, the VM can be
 * closed, and nobody gets a page that the module did not give back.
 */
#include "coco_tdx.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define MEASURE		KVM_TDX_MEASURE_MEMORY_REGION
#define TDX_TD_FATAL	0xe000060400000000ul

static uint8_t page[2 * PAGE_SIZE] __aligned(PAGE_SIZE);

FIXTURE(lost_td) {
	struct coco_emul_census census;
	struct coco_td td, other;
	uint64_t nr_kept;	/* pages that cannot be taken from the TD */
};

FIXTURE_SETUP(lost_td)
{
	coco_pamt_census(&self->census);
	coco_td_create(&self->other, 4);
	coco_td_add(&self->other, MEASURE, page, COCO_TD_GPA, 1);

	coco_td_new(&self->td);
	coco_td_init_vm(&self->td);
	coco_td_add_vcpu(&self->td);
}

FIXTURE_TEARDOWN(lost_td)
{
	coco_td_free(&self->td);

	/* With its pages the module keeps the TDR. The KeyID is free, and another TD well. */
	self->census.value[COCO_PAMT_REG] += self->nr_kept;
	self->census.value[COCO_PAMT_TDR] += !!self->nr_kept;
	self->census.value[COCO_PAMT_NDA] -= self->nr_kept + !!self->nr_kept;

	coco_td_add(&self->other, MEASURE, page, COCO_TD_GPA + PAGE_SIZE, 1);
	coco_td_finalize(&self->other);
	coco_td_check_mrtd(&self->other);
	coco_td_free(&self->other);
	coco_emul_census_expect(&self->census);
}

static void expect_eio(struct coco_td *td, const char *step, int ret)
{
	TEST_ASSERT(ret == -1 && errno == EIO, "%s should fail with EIO, not %d, errno %d", step,
		    ret, errno);
	TEST_ASSERT(coco_td_is_dead(td), "The VM should be dead");
}

static void init_vcpu_and_add(struct coco_td *td, uint64_t nr_pages)
{
	coco_td_init_vcpu(td);
	coco_td_add_slot(td, COCO_TD_GPA, 4);
	if (nr_pages)
		coco_td_add(td, MEASURE, page, COCO_TD_GPA, nr_pages);
}

TEST_F(lost_td, init_vcpu)
{
	coco_td_lose(&self->td);
	expect_eio(&self->td, "KVM_TDX_INIT_VCPU", __coco_td_init_vcpu(&self->td));
}

TEST_F(lost_td, first_page)
{
	init_vcpu_and_add(&self->td, 0);
	coco_td_lose(&self->td);
	expect_eio(&self->td, "KVM_TDX_INIT_MEM_REGION",
		   __coco_td_add(&self->td, MEASURE, page, COCO_TD_GPA, 1, NULL));
}

TEST_F(lost_td, next_page)
{
	init_vcpu_and_add(&self->td, 1);
	coco_td_lose(&self->td);
	expect_eio(&self->td, "KVM_TDX_INIT_MEM_REGION",
		   __coco_td_add(&self->td, MEASURE, page, COCO_TD_GPA + PAGE_SIZE, 1, NULL));
	self->nr_kept = 1;
}

TEST_F(lost_td, finalize)
{
	init_vcpu_and_add(&self->td, 1);
	coco_td_lose(&self->td);
	expect_eio(&self->td, "KVM_TDX_FINALIZE_VM", __coco_td_finalize(&self->td));
	self->nr_kept = 1;
}

/* KVM learns of it from TDH.VP.ENTER, and the VM is not its own fault */
TEST_F(lost_td, run)
{
	struct kvm_run *run = self->td.vcpu->run;
	int ret;

	init_vcpu_and_add(&self->td, 1);
	coco_td_finalize(&self->td);
	coco_td_lose(&self->td);
	ret = __vcpu_run(self->td.vcpu);
	TEST_ASSERT(!ret && run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		    run->internal.suberror == KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON &&
		    run->internal.data[0] == TDX_TD_FATAL,
		    "KVM_RUN: %d, errno %d, exit reason %u, %llx", ret, errno, run->exit_reason,
		    run->internal.data[0]);
	self->nr_kept = 1;
}

TEST_F(lost_td, pre_fault)
{
	struct kvm_pre_fault_memory range = {
		.gpa = COCO_TD_GPA + PAGE_SIZE,
		.size = PAGE_SIZE,
	};

	init_vcpu_and_add(&self->td, 1);
	coco_td_finalize(&self->td);
	coco_td_lose(&self->td);
	expect_eio(&self->td, "KVM_PRE_FAULT_MEMORY",
		   __vcpu_ioctl(self->td.vcpu, KVM_PRE_FAULT_MEMORY, &range));
	self->nr_kept = 1;
}

TEST_F(lost_td, punch_hole)
{
	init_vcpu_and_add(&self->td, 2);
	coco_td_lose(&self->td);
	vm_guest_mem_punch_hole(self->td.vm, COCO_TD_GPA, PAGE_SIZE);
	TEST_ASSERT(coco_td_is_dead(&self->td), "The VM should be dead");
	self->nr_kept = 2;
}

TEST_F(lost_td, close)
{
	init_vcpu_and_add(&self->td, 2);
	coco_td_finalize(&self->td);
	coco_td_lose(&self->td);
	self->nr_kept = 2;
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
