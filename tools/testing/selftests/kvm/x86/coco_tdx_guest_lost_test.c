// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD that is lost while it runs and while it waits; and a vCPU that is. KVM_RUN says
 * so, and another TD goes on.
 *
 * KVM warns of a TD that it cannot take apart, and as it wants to tell what the registers
 * of the TD were.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "coco_td_guest.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

/* Seconds, where the harness gives 30: each case launches a TD, and runs it. */
#define TIMEOUT			120

#define TDX_TD_FATAL		0xe000060400000000ul
#define TDX_NON_RECOVERABLE_TD	0x6000000200000000ul
#define TDX_VCPU_STATE_INCORRECT 0xc000070000000000ul

/* The page at COCO_TD_GPA, and what coco_tg_load() adds */
#define NR_ADDED		(1 + COCO_TG_NR_PAGES + 1)

static uint8_t page[PAGE_SIZE] __aligned(PAGE_SIZE);

/* One TD that is lost, and another one that runs before and after that */
FIXTURE(lost) {
	struct coco_emul_census census;
	struct coco_td td, other;
	struct kvm_vcpu *second;
};

FIXTURE_SETUP(lost)
{
	coco_set_cpu(0);
	coco_pamt_census(&self->census);
	coco_tg_create(&self->other, page);
	coco_tg_start(&self->other, coco_tg_two_values, NULL, 0);
	coco_tg_create(&self->td, page);
	self->second = coco_td_add_second_vcpu(&self->td);
	TEST_ASSERT_EQ(coco_tg_value(self->other.vcpu), 1);
}

FIXTURE_TEARDOWN(lost)
{
	TEST_ASSERT(!coco_td_is_dead(&self->other), "The other VM is dead");
	TEST_ASSERT_EQ(coco_tg_value(self->other.vcpu), 2);
	coco_tg_done(self->other.vcpu);
	coco_td_check_mrtd(&self->other);
	coco_td_free(&self->other);
	coco_td_free(&self->td);

	/* KVM takes no page from it, and so leaves the TDR. */
	self->census.value[COCO_PAMT_REG] += NR_ADDED;
	self->census.value[COCO_PAMT_TDR]++;
	self->census.value[COCO_PAMT_NDA] -= NR_ADDED + 1;
	coco_emul_census_expect(&self->census);
}

static void expect_failure(struct kvm_vcpu *vcpu, uint64_t status)
{
	struct kvm_run *run = vcpu->run;
	int ret = __vcpu_run(vcpu);

	TEST_ASSERT(!ret && run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		    run->internal.suberror == KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON &&
		    run->internal.data[0] == status,
		    "KVM_RUN: %d, errno %d, exit reason %u (%s), %llx", ret, errno,
		    run->exit_reason, exit_reason_str(run->exit_reason), run->internal.data[0]);
}

/* It was in the TD when that was lost, or in KVM, as now and then it is. */
static void *run_until_lost(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	int ret;

	coco_set_cpu(1);
	ret = __vcpu_run(vcpu);
	TEST_ASSERT(!ret && vcpu->run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		    (vcpu->run->internal.data[0] == TDX_NON_RECOVERABLE_TD ||
		     vcpu->run->internal.data[0] == TDX_TD_FATAL),
		    "KVM_RUN: %d, errno %d, %s, %llx", ret, errno,
		    exit_reason_str(vcpu->run->exit_reason), vcpu->run->internal.data[0]);
	return NULL;
}

/* All vCPUs of it end, those that run by a TD exit and those that do not at their next entry. */
TEST_F_TIMEOUT(lost, running, TIMEOUT)
{
	struct coco_td *td = &self->td;
	pthread_t thread;

	coco_tg_start(td, coco_tg_loop, NULL, 0);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 1);
	TEST_ASSERT_EQ(coco_tg_value(self->second), 1);
	pthread_create(&thread, NULL, run_until_lost, self->second);
	usleep(300000);
	coco_td_lose(td);
	pthread_join(thread, NULL);
	expect_failure(self->second, TDX_TD_FATAL);
	expect_failure(td->vcpu, TDX_TD_FATAL);
}

TD_CODE static void guest_halt(uint64_t *arg, uint64_t vcpu)
{
	coco_tg_set_handlers(COCO_TG_IDT);
	/* The spurious-interrupt vector register switches the APIC on. */
	coco_tg_vmcall(TDVMCALL_WRMSR, 0x80f, 0x1ff, 0, 0, NULL);
	coco_tg_put(1);
	coco_tg_halt();
	coco_tg_exit();
}

static void *lose_and_interrupt(void *arg)
{
	usleep(300000);
	coco_td_lose(arg);
	coco_tg_send_interrupt(arg);
	return NULL;
}

/* One that waits for an interrupt gets to know of it when that comes. */
TEST_F_TIMEOUT(lost, halted, TIMEOUT)
{
	struct coco_td *td = &self->td;
	pthread_t thread;

	coco_tg_start(td, guest_halt, NULL, 0);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 1);
	pthread_create(&thread, NULL, lose_and_interrupt, td);
	expect_failure(td->vcpu, TDX_TD_FATAL);
	pthread_join(thread, NULL);
}

FIXTURE(lost_vcpu) {
	struct coco_emul_census census;
	struct coco_td td;
};

FIXTURE_SETUP(lost_vcpu)
{
	coco_set_cpu(0);
	coco_pamt_census(&self->census);
	coco_tg_create(&self->td, page);
}

FIXTURE_TEARDOWN(lost_vcpu)
{
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

TD_CODE static void guest_triple_fault(uint64_t *arg, uint64_t vcpu)
{
	asm volatile("ud2");
}

/* After a triple fault it cannot be entered again. The TD can be taken apart. */
TEST_F_TIMEOUT(lost_vcpu, triple_fault, TIMEOUT)
{
	struct kvm_vcpu *vcpu = self->td.vcpu;

	coco_tg_start(&self->td, guest_triple_fault, NULL, 0);
	coco_tg_run(vcpu);
	TEST_ASSERT_EQ(vcpu->run->exit_reason, KVM_EXIT_SHUTDOWN);
	expect_failure(vcpu, TDX_VCPU_STATE_INCORRECT);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
