// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host has written to a page of a TD, which the TD then meets: a machine check of
 * the TD, which the module gives up, and of the kernel, which takes the page out of
 * use and sends a signal to the VMM. Nobody else is concerned.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/kernel-page-flags.h>

#include "coco_td_guest.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

/* With exit reason 0, which is an exception */
#define TDX_NON_RECOVERABLE_TD_FATAL	0x6000000500000000ull

static uint8_t page[PAGE_SIZE] __aligned(PAGE_SIZE);
static sig_atomic_t nr_sigbus;

FIXTURE(mce) {
	struct coco_td td;
	uint64_t nr_machine_checks;
	uint64_t pa;
};

/* Of all CPUs */
static uint64_t machine_checks(void)
{
	FILE *file = fopen("/proc/interrupts", "r");
	uint64_t sum = 0, value;
	char line[512], *at;
	int len;

	TEST_ASSERT(file, "/proc/interrupts: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, "MCE:");
		if (!at)
			continue;
		for (at += strlen("MCE:"); sscanf(at, " %lu%n", &value, &len) == 1; at += len)
			sum += value;
	}
	fclose(file);
	return sum;
}

static bool is_poisoned(uint64_t pa)
{
	int fd = open("/proc/kpageflags", O_RDONLY);
	uint64_t flags;

	TEST_ASSERT(fd >= 0 && pread(fd, &flags, sizeof(flags), pa / PAGE_SIZE * 8) == 8,
		    "/proc/kpageflags: %s", strerror(errno));
	close(fd);
	return flags & BIT_ULL(KPF_HWPOISON);
}

static void sigbus(int nr)
{
	nr_sigbus++;
}

TD_CODE static void guest_read(uint64_t *arg, uint64_t vcpu)
{
	coco_tg_put(1);
	if (arg[0])
		coco_tg_put(*(volatile uint32_t *)(COCO_TD_GPA + arg[0]));
	coco_tg_put(2);
	coco_tg_exit();
}

TD_CODE static void guest_jump(uint64_t *arg, uint64_t vcpu)
{
	coco_tg_put(1);
	((void (*)(void))(COCO_TD_GPA + arg[0]))();
	coco_tg_exit();
}

/* Up to the first value; then the host writes to the page that the TD is going to use. */
static void start_and_write(struct coco_td *td, void (*entry)(uint64_t *arg, uint64_t vcpu),
			    uint64_t offset, uint64_t *pa)
{
	coco_td_create(td, 0);
	coco_td_add_slot(td, COCO_TD_GPA, 1);
	coco_td_add(td, 0, page, COCO_TD_GPA, 1);
	coco_tg_start(td, entry, &offset, 1);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 1);
	*pa = coco_td_hpa(td, COCO_TD_GPA, NULL);
	coco_emul_host_write(*pa + 77);
}

FIXTURE_SETUP(mce)
{
	struct sigaction action = { .sa_handler = sigbus };

	sigaction(SIGBUS, &action, NULL);
	nr_sigbus = 0;
	coco_set_cpu(0);
	self->nr_machine_checks = machine_checks();
}

FIXTURE_TEARDOWN(mce)
{
	struct coco_emul_census census;
	struct coco_td td;
	uint64_t pa;

	coco_td_free(&self->td);

	/* Another TD runs, also past a write that it does not meet, and gives all back. */
	coco_pamt_census(&census);
	start_and_write(&td, guest_read, 0, &pa);
	TEST_ASSERT_EQ(coco_tg_value(td.vcpu), 2);
	coco_tg_done(td.vcpu);
	coco_td_free(&td);
	census.value[COCO_PAMT_HOST_WRITES]++;
	coco_emul_census_expect(&census);
}

static void expect_machine_check(FIXTURE_DATA(mce) *self)
{
	struct kvm_run *run = self->td.vcpu->run;
	int ret = __vcpu_run(self->td.vcpu);

	TEST_ASSERT(!ret && run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		    run->internal.data[0] == TDX_NON_RECOVERABLE_TD_FATAL,
		    "KVM_RUN: %d, errno %d, exit reason %u, %llx", ret, errno, run->exit_reason,
		    run->internal.data[0]);
	TEST_ASSERT_EQ(machine_checks(), self->nr_machine_checks + 1);
	TEST_ASSERT(is_poisoned(self->pa), "The page is in use");
	/* KVM cannot take it from a TD that is lost. */
	TEST_ASSERT_EQ(nr_sigbus, 1);
}

TEST_F(mce, load)
{
	start_and_write(&self->td, guest_read, 0x7c, &self->pa);
	expect_machine_check(self);
}

TEST_F(mce, fetch)
{
	start_and_write(&self->td, guest_jump, 0x7c, &self->pa);
	expect_machine_check(self);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
