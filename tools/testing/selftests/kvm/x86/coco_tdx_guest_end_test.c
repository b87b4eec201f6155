// SPDX-License-Identifier: GPL-2.0-only
/*
 * How KVM_RUN of a TD ends when the TD did not ask for it: by a signal, or by what it
 * cannot do.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "coco_td_guest.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

/* Seconds, where the harness gives 30: each case launches a TD, and runs it. */
#define TIMEOUT			120

static uint8_t page[PAGE_SIZE] __aligned(PAGE_SIZE);

FIXTURE(end) {
	struct coco_emul_census census;
	struct coco_td td;
};

FIXTURE_SETUP(end)
{
	coco_set_cpu(0);
	coco_pamt_census(&self->census);
	coco_tg_create(&self->td, page);
}

FIXTURE_TEARDOWN(end)
{
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

TD_CODE static void guest_touch(uint64_t *arg, uint64_t vcpu)
{
	*(volatile uint64_t *)(COCO_TD_GPA + PAGE_SIZE) = 1;
	coco_tg_exit();
}

/* A page that waits to be accepted is not for the TD, and to KVM the end of it. */
TEST_F_TIMEOUT(end, not_accepted, TIMEOUT)
{
	struct coco_td *td = &self->td;
	int ret;

	coco_tg_start(td, guest_touch, NULL, 0);
	ret = __vcpu_run(td->vcpu);
	TEST_ASSERT(ret == -1 && errno == EIO, "KVM_RUN: %d, errno %d", ret, errno);
	TEST_ASSERT(coco_td_is_dead(td), "The VM is alive");
}

static bool enough;

static void ignore(int sig)
{
}

/* Until it has had enough of them: one that comes between two calls is for neither. */
static void *kick(void *thread)
{
	while (!READ_ONCE(enough)) {
		usleep(100000);
		pthread_kill(*(pthread_t *)thread, SIGUSR1);
	}
	return NULL;
}

static void expect_eintr(struct kvm_vcpu *vcpu)
{
	int ret = __vcpu_run(vcpu);

	TEST_ASSERT(ret == -1 && errno == EINTR, "KVM_RUN: %d, errno %d", ret, errno);
}

/* A TD that does not stop can be stopped, and the host sees noise. */
TEST_F_TIMEOUT(end, signal, TIMEOUT)
{
	struct sigaction action = { .sa_handler = ignore };
	uint8_t before[COCO_SEEN_SIZE], after[COCO_SEEN_SIZE];
	struct coco_td *td = &self->td;
	pthread_t thread, self_thread = pthread_self();
	int i;

	coco_tg_start(td, coco_tg_loop, NULL, 0);
	coco_td_hpa(td, COCO_TD_GPA, before);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 1);
	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&thread, NULL, kick, &self_thread);
	for (i = 0; i < 5; i++)
		expect_eintr(td->vcpu);
	WRITE_ONCE(enough, true);
	pthread_join(thread, NULL);
	coco_td_hpa(td, COCO_TD_GPA, after);
	TEST_ASSERT(memcmp(page, after, sizeof(after)), "The host sees what was added");
	TEST_ASSERT(!memcmp(before, after, sizeof(before)), "The host sees what the TD writes");
}

/* It is not entered, but what it waits for is finished. */
TEST_F_TIMEOUT(end, immediate_exit, TIMEOUT)
{
	struct kvm_vcpu *vcpu = self->td.vcpu;
	uint64_t entered;

	coco_tg_start(&self->td, coco_tg_two_values, NULL, 0);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), 1);
	entered = coco_emul_count("TDH.VP.ENTER");
	vcpu->run->immediate_exit = 1;
	expect_eintr(vcpu);
	expect_eintr(vcpu);
	TEST_ASSERT_EQ(coco_emul_count("TDH.VP.ENTER"), entered);
	vcpu->run->immediate_exit = 0;
	TEST_ASSERT_EQ(coco_tg_value(vcpu), 2);
	coco_tg_done(vcpu);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
