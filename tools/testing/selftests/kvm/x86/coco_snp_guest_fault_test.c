// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a host that takes pages away from an SNP guest comes to: the exit that hardware
 * gives, for this guest alone. Another one goes on.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp_inside.h"
#include "sev.h"

#define NR_PAGES	3ul
#define VMSA_GPA	0xfffffffff000ull

#define RMP_FAIL_INUSE	3

/* "VMEXIT_INVALID", of which KVM keeps 32 bits or 64 */
#define EXIT_INVALID	0xffffffffu

/* Signals of a VMM's timer, that end a KVM_RUN which comes to nothing */
#define SIGNAL_US	20000
#define NR_SIGNALS	3

/* How often a VMSA has to be met while a CPU runs from it */
#define NR_ROUNDS	10

/* Two guests in a boot that is emulated take their time. */
#define TIMEOUT		120

FIXTURE(fault) {
	struct coco_emul_census census;
	struct inside in;	/* the one that is tormented */
	struct inside other;
	uint8_t *src;
	unsigned int asid;
};

static void launch(struct inside *in, const uint8_t *src)
{
	inside_create(in, NR_PAGES);
	inside_launch(in);
	inside_load(in, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	inside_load(in, 1, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	inside_finish(in);
}

FIXTURE_SETUP(fault)
{
	struct snp_guest_status status;

	snp_census_read(&self->census);
	self->src = snp_map_pages(1);
	memset(self->src, 0xc0, PAGE_SIZE);

	launch(&self->in, self->src);
	snp_guest_read_status(&status);
	self->asid = status.asid;

	launch(&self->other, self->src);
	inside_expect(&self->in, 0, self->src);
	inside_expect(&self->other, 0, self->src);
}

FIXTURE_TEARDOWN(fault)
{
	inside_expect(&self->other, 0, self->src);
	inside_free(&self->other);
	inside_free(&self->in);
	kvm_munmap(self->src, PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

/* The pages that the guest has at @gpa: one, or as many VMSAs as there are vCPUs */
static int find_pages(unsigned int asid, uint64_t gpa, uint64_t pa[INSIDE_NR_VCPUS])
{
	char *text = coco_emul_read("pages"), *line, *rest = text;
	unsigned long long at, pfn;
	unsigned int of;
	int nr = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%u %llx %llx", &of, &at, &pfn) == 3 && of == asid &&
		    at == gpa && nr < INSIDE_NR_VCPUS)
			pa[nr++] = pfn * PAGE_SIZE;
	}
	free(text);
	return nr;
}

static uint64_t find_page(FIXTURE_DATA(fault) *self, size_t page)
{
	uint64_t pa[INSIDE_NR_VCPUS];
	int nr = find_pages(self->asid, inside_gpa(page), pa);

	TEST_ASSERT(nr == 1, "The guest has %d pages at page %lu", nr, page);
	return pa[0];
}

static void rmpupdate(uint64_t pa, uint64_t gpa, unsigned int asid)
{
	const struct snp_rmp_state new = {
		.gpa = asid ? gpa : 0,
		.assigned = !!asid,
		.asid = asid,
	};
	uint64_t ret = snp_rmpupdate(pa, &new);

	TEST_ASSERT(ret == RMP_OK, "RMPUPDATE of 0x%lx for ASID %u: %lu", pa, asid, ret);
}

static void expect_other_guest_runs(FIXTURE_DATA(fault) *self)
{
	inside_expect_load(&self->other, 0, INSIDE_FINE);
}

/*
 * KVM gives the page back, but it is not accepted any more. Nobody has written to it, and
 * the key is the same.
 */
TEST_F_TIMEOUT(fault, stolen, TIMEOUT)
{
	rmpupdate(find_page(self, 0), 0, 0);
	inside_expect_load(&self->in, 0, INSIDE_NOT_VALIDATED);
	expect_other_guest_runs(self);

	inside_expect_pvalidate(&self->in, 0, true, 0);
	inside_expect(&self->in, 0, self->src);
	inside_expect(&self->in, 1, self->src);
}

/* RMPUPDATE makes a page of the guest one that the guest has not accepted. */
TEST_F_TIMEOUT(fault, assigned_again, TIMEOUT)
{
	rmpupdate(find_page(self, 0), inside_gpa(0), self->asid);
	inside_expect_load(&self->in, 0, INSIDE_NOT_VALIDATED);
	expect_other_guest_runs(self);

	inside_expect_pvalidate(&self->in, 0, true, 0);
	inside_expect(&self->in, 0, self->src);
}

/* Loads until one of them is a #VC: the result is its error code. */
static uint64_t guest_watch(uint64_t addr, uint64_t beat)
{
	uint64_t error;

	do {
		error = guest_load(addr, 0);
		(*(volatile uint64_t *)beat)++;
	} while (!error);
	return error;
}

static void *run_watch(void *arg)
{
	return (void *)inside_result(arg, 1);
}

TEST_F_TIMEOUT(fault, stolen_while_running, TIMEOUT)
{
	volatile uint64_t *beat = self->in.data.hva;
	uint64_t pa = find_page(self, 0), before;
	pthread_t thread;
	void *error;

	*beat = 0;
	inside_tell(&self->in, 1, guest_watch, inside_gva(0), self->in.data.gva);
	TEST_ASSERT(!pthread_create(&thread, NULL, run_watch, &self->in), "pthread_create()");
	while (!*beat)
		;
	before = *beat;
	while (*beat < before + 1000)
		;
	rmpupdate(pa, 0, 0);
	pthread_join(thread, &error);
	TEST_ASSERT((uint64_t)error == INSIDE_NOT_VALIDATED, "#VC 0x%lx", (uint64_t)error);
	expect_other_guest_runs(self);
}

/* The page is at another address of the same guest: a replay. */
TEST_F_TIMEOUT(fault, moved, TIMEOUT)
{
	uint64_t pa = find_page(self, 0);

	rmpupdate(pa, inside_gpa(2), self->asid);
	coco_emul_signals(SIGNAL_US);
	inside_tell(&self->in, 0, guest_load, inside_gva(0), 0);
	TEST_ASSERT(__vcpu_run(self->in.vcpu[0]) == -1 && errno == EINTR,
		    "KVM_RUN of a guest whose page is elsewhere: errno %d", errno);
	coco_emul_signals(0);
	expect_other_guest_runs(self);

	/* Back where it was, it is not what it was. */
	rmpupdate(pa, inside_gpa(0), self->asid);
	TEST_ASSERT_EQ(inside_result(&self->in, 0), INSIDE_NOT_VALIDATED);
}

/* Nothing that KVM can do about it, but for a signal it does not go on for ever. */
TEST_F_TIMEOUT(fault, of_another_guest, TIMEOUT)
{
	uint64_t pa = find_page(self, 0), runs;
	int i;

	rmpupdate(pa, inside_gpa(0), self->asid + 1);
	inside_tell(&self->in, 0, guest_load, inside_gva(0), 0);
	coco_emul_signals(SIGNAL_US);
	for (i = 0; i < NR_SIGNALS; i++) {
		runs = coco_emul_count("VMRUN");
		TEST_ASSERT(__vcpu_run(self->in.vcpu[0]) == -1 && errno == EINTR,
			    "KVM_RUN of a guest whose page is another's: errno %d", errno);
	}
	coco_emul_signals(0);
	TEST_ASSERT(coco_emul_count("VMRUN") > runs, "The guest did not run");
	expect_other_guest_runs(self);

	rmpupdate(pa, inside_gpa(0), self->asid);
	TEST_ASSERT_EQ(inside_result(&self->in, 0), INSIDE_NOT_VALIDATED);
}

/* A page that the guest shares, and has written to before */
TEST_F_TIMEOUT(fault, shared_of_another_guest, TIMEOUT)
{
	struct inside_shared *page = &self->in.data;
	uint64_t pa;

	TEST_ASSERT_EQ(inside_call(&self->in, guest_store, page->gva, 1), INSIDE_FINE);
	pa = coco_emul_pa(page->hva);
	rmpupdate(pa, inside_gpa(0), self->asid + 1);
	inside_tell(&self->in, 0, guest_store, page->gva, 2);
	coco_emul_signals(SIGNAL_US);
	TEST_ASSERT(__vcpu_run(self->in.vcpu[0]) == -1 && errno == EINTR,
		    "KVM_RUN of a guest that writes to another's page: errno %d", errno);
	coco_emul_signals(0);
	expect_other_guest_runs(self);

	rmpupdate(pa, 0, 0);
	TEST_ASSERT_EQ(inside_result(&self->in, 0), INSIDE_FINE);
	TEST_ASSERT_EQ(*(volatile uint64_t *)page->hva, 2);
}

static void expect_entry_fails(struct kvm_vcpu *vcpu, const char *what)
{
	struct kvm_run *run = vcpu->run;

	vcpu_run(vcpu);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_FAIL_ENTRY &&
		    (uint32_t)run->fail_entry.hardware_entry_failure_reason == EXIT_INVALID,
		    "%s: %s, reason 0x%llx", what, exit_reason_str(run->exit_reason),
		    run->fail_entry.hardware_entry_failure_reason);
}

/* "VMRUN Page Checks" */
TEST_F_TIMEOUT(fault, vmsa_stolen, TIMEOUT)
{
	uint64_t pa[INSIDE_NR_VCPUS];
	int i;

	TEST_ASSERT_EQ(find_pages(self->asid, VMSA_GPA, pa), INSIDE_NR_VCPUS);
	for (i = 0; i < INSIDE_NR_VCPUS; i++)
		rmpupdate(pa[i], 0, 0);
	for (i = 0; i < INSIDE_NR_VCPUS; i++)
		expect_entry_fails(self->in.vcpu[i], "A VMSA of the host");
	expect_other_guest_runs(self);
}

TEST_F_TIMEOUT(fault, vmsa_of_another_guest, TIMEOUT)
{
	uint64_t pa[INSIDE_NR_VCPUS];
	int i;

	TEST_ASSERT_EQ(find_pages(self->asid, VMSA_GPA, pa), INSIDE_NR_VCPUS);
	for (i = 0; i < INSIDE_NR_VCPUS; i++)
		rmpupdate(pa[i], VMSA_GPA, self->asid + 1);
	for (i = 0; i < INSIDE_NR_VCPUS; i++)
		expect_entry_fails(self->in.vcpu[i], "A VMSA of another guest");
	expect_other_guest_runs(self);
}

/* The same guest's, but the firmware has not made it what it is now. */
TEST_F_TIMEOUT(fault, vmsa_not_validated, TIMEOUT)
{
	uint64_t pa[INSIDE_NR_VCPUS];
	int i;

	TEST_ASSERT_EQ(find_pages(self->asid, VMSA_GPA, pa), INSIDE_NR_VCPUS);
	for (i = 0; i < INSIDE_NR_VCPUS; i++)
		rmpupdate(pa[i], VMSA_GPA, self->asid);
	for (i = 0; i < INSIDE_NR_VCPUS; i++)
		expect_entry_fails(self->in.vcpu[i], "A VMSA that is not validated");
	expect_other_guest_runs(self);
}

static void *run_vcpu(void *arg)
{
	struct inside *in = arg;

	vcpu_run(in->vcpu[1]);
	return NULL;
}

/*
 * That of the vCPU that does not run can be taken away, and so can the other one if there
 * was an exit just then: it fails to enter. Returns whether there was none.
 */
static bool meet_vmsa_in_use(FIXTURE_DATA(fault) *self)
{
	const struct snp_rmp_state hypervisor = {};
	volatile uint64_t *beat = self->in.data.hva;
	struct kvm_run *run = self->in.vcpu[1]->run;
	uint64_t pa[INSIDE_NR_VCPUS], ret;
	bool in_use = false;
	pthread_t thread;
	int i;

	TEST_ASSERT_EQ(find_pages(self->asid, VMSA_GPA, pa), INSIDE_NR_VCPUS);
	*beat = 0;
	inside_tell(&self->in, 1, guest_watch, inside_gva(0), self->in.data.gva);
	TEST_ASSERT(!pthread_create(&thread, NULL, run_vcpu, &self->in), "pthread_create()");
	while (!*beat)
		;

	for (i = 0; i < INSIDE_NR_VCPUS; i++) {
		ret = snp_rmpupdate(pa[i], &hypervisor);
		TEST_ASSERT(ret == RMP_OK || ret == RMP_FAIL_INUSE, "RMPUPDATE: %lu", ret);
		in_use |= ret == RMP_FAIL_INUSE;
	}
	rmpupdate(find_page(self, 0), 0, 0);
	pthread_join(thread, NULL);

	TEST_ASSERT(in_use ? inside_is_done(run) : run->exit_reason == KVM_EXIT_FAIL_ENTRY,
		    "%s after RMPUPDATE found the VMSA %s", exit_reason_str(run->exit_reason),
		    in_use ? "in use" : "not in use");
	expect_other_guest_runs(self);
	return in_use;
}

/* Of the two guests the one whose ASID is not @asid */
static unsigned int other_asid(unsigned int asid)
{
	char *text = coco_emul_read("guests"), *line, *rest = text;
	unsigned int of, found = 0;
	unsigned long long gctx;

	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%llx %u", &gctx, &of) == 2 && of != asid)
			found = of;
	}
	free(text);
	TEST_ASSERT(found, "There is no guest but that of ASID %u", asid);
	return found;
}

/* The VMSA that a CPU runs from cannot be taken away. */
TEST_F_TIMEOUT(fault, vmsa_in_use, TIMEOUT)
{
	unsigned int bystander = other_asid(self->asid);
	int rounds = 1;

	while (!meet_vmsa_in_use(self)) {
		TEST_ASSERT(rounds++ < NR_ROUNDS, "No VMSA was in use");
		inside_free(&self->in);
		launch(&self->in, self->src);
		self->asid = other_asid(bystander);
	}
	pr_info("A VMSA was in use in round %d\n", rounds);
}

/* Instructions of the guest that are refused */
TEST_F_TIMEOUT(fault, guest_instructions, TIMEOUT)
{
	struct inside *in = &self->in;

	TEST_ASSERT_EQ(inside_call(in, guest_pvalidate_2m, inside_gva(0), 1),
		       PVALIDATE_SIZEMISMATCH);
	/* Only more privileged VMPLs can change anything for a VMPL. */
	TEST_ASSERT_EQ(inside_call(in, guest_rmpadjust, inside_gva(0), 0), RMP_FAIL_PERMISSION);
	TEST_ASSERT_EQ(inside_call(in, guest_rmpadjust, inside_gva(0), 4), RMP_FAIL_INPUT);
	TEST_ASSERT_EQ(inside_call(in, guest_rmpadjust, inside_gva(0), 1), RMP_OK);
	inside_expect(in, 0, self->src);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
