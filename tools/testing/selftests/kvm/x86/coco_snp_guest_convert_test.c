// SPDX-License-Identifier: GPL-2.0-only
/*
 * An SNP guest shares its pages with the host and takes them back, on two vCPUs at the
 * same time, while the host punches holes into its memory and launches another guest.
 */
#include <pthread.h>
#include <string.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp_inside.h"
#include "sev.h"

/* Pages that each vCPU converts, then others that come and go */
#define NR_CONVERTED	4ul
#define FIRST_PUNCHED	(INSIDE_NR_VCPUS * NR_CONVERTED)
#define NR_PUNCHED	8ul
#define NR_PAGES	(FIRST_PUNCHED + NR_PUNCHED)

#define OTHER_GPA	BIT_ULL(33)
#define OTHER_PAGES	16ul

#define NR_ROUNDS	10ul

/* Each conversion is an exit to this process, and there are two CPUs for four threads. */
#define TIMEOUT		240

FIXTURE(convert) {
	struct coco_emul_census census;
	struct inside in;
	uint8_t *src;
	bool done;
};

FIXTURE_SETUP(convert)
{
	snp_census_read(&self->census);
	self->src = snp_map_pages(OTHER_PAGES);
	memset(self->src, 0x0f, OTHER_PAGES * PAGE_SIZE);

	inside_create(&self->in, NR_PAGES);
	inside_launch(&self->in);
	inside_load(&self->in, 0, NULL, NR_PAGES, KVM_SEV_SNP_PAGE_TYPE_ZERO);
	inside_finish(&self->in);
}

FIXTURE_TEARDOWN(convert)
{
	inside_free(&self->in);
	kvm_munmap(self->src, OTHER_PAGES * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

/* What makes the guest give up, in the upper half; where, in the lower one */
enum guest_failure {
	GUEST_FINE,
	GUEST_PRIVATE_CONTENT,
	GUEST_SHARED_CONTENT,
	GUEST_NOT_RESCINDED,
	GUEST_NOT_SHARED,
	GUEST_NOT_PRIVATE,
	GUEST_NOT_ACCEPTED,
	GUEST_OLD_CONTENT,
	GUEST_OTHER_VC,
};

#define FAILURE(what, page)	((uint64_t)(what) << 32 | (page))

static uint64_t pattern(size_t page, uint64_t round, bool shared)
{
	return (page << 40 | round << 8 | shared) * 0x9e3779b97f4a7c15ul;
}

static bool guest_uses(uint64_t gva, uint64_t value)
{
	uint64_t *words = (void *)gva;
	bool same = true;
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		WRITE_ONCE(words[i], value + i);
	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		same &= READ_ONCE(words[i]) == value + i;
	return same;
}

static uint64_t guest_convert_page(size_t page, uint64_t round)
{
	uint64_t shared = INSIDE_SHARED_GVA + page * PAGE_SIZE, private = pattern(page, round, 0);
	volatile uint64_t *words = (void *)inside_gva(page);

	if (!guest_uses(inside_gva(page), private))
		return FAILURE(GUEST_PRIVATE_CONTENT, page);
	if (guest_pvalidate(inside_gva(page), false))
		return FAILURE(GUEST_NOT_RESCINDED, page);
	if (guest_page_state(inside_gpa(page), false))
		return FAILURE(GUEST_NOT_SHARED, page);
	if (!guest_uses(shared, pattern(page, round, true)))
		return FAILURE(GUEST_SHARED_CONTENT, page);
	if (guest_page_state(inside_gpa(page), true))
		return FAILURE(GUEST_NOT_PRIVATE, page);
	if (guest_pvalidate(inside_gva(page), true))
		return FAILURE(GUEST_NOT_ACCEPTED, page);
	/* It is another page, or has been the host's. */
	if (words[0] == private && words[1] == private + 1)
		return FAILURE(GUEST_OLD_CONTENT, page);

	return GUEST_FINE;
}

/* How often both vCPUs have found a page gone, in private memory */
static uint64_t nr_gone;

/* A page that the host may take away, and the other vCPU take back, at any time */
static uint64_t guest_keep(size_t page)
{
	uint64_t error = guest_load(inside_gva(page), 0), result;

	if (error == INSIDE_FINE)
		return GUEST_FINE;
	if (error != INSIDE_NOT_VALIDATED)
		return FAILURE(GUEST_OTHER_VC, page);

	__atomic_fetch_add(&nr_gone, 1, __ATOMIC_SEQ_CST);
	result = guest_pvalidate(inside_gva(page), true);
	return result && result != PVALIDATE_ALREADY ? FAILURE(GUEST_NOT_ACCEPTED, page) :
						       GUEST_FINE;
}

static uint64_t guest_nr_gone(uint64_t unused0, uint64_t unused1)
{
	return READ_ONCE(nr_gone);
}

static uint64_t guest_convert(uint64_t first, uint64_t rounds)
{
	uint64_t ret = GUEST_FINE, round;
	size_t i;

	for (round = 0; round < rounds && !ret; round++) {
		for (i = 0; i < NR_CONVERTED && !ret; i++)
			ret = guest_convert_page(first + i, round);
		for (i = 0; i < NR_PUNCHED && !ret; i++)
			ret = guest_keep(FIRST_PUNCHED + i);
	}
	return ret;
}

/* And leaves it shared */
static uint64_t guest_share(uint64_t page, uint64_t value)
{
	if (guest_pvalidate(inside_gva(page), false))
		return FAILURE(GUEST_NOT_RESCINDED, page);
	if (guest_page_state(inside_gpa(page), false))
		return FAILURE(GUEST_NOT_SHARED, page);

	return guest_uses(INSIDE_SHARED_GVA + page * PAGE_SIZE, value) ?
	       GUEST_FINE : FAILURE(GUEST_SHARED_CONTENT, page);
}

static void expect_guest_fine(struct inside *in, int vcpu)
{
	uint64_t ret = inside_result(in, vcpu);

	TEST_ASSERT(!ret, "vCPU %d: failure %lu at page %lu", vcpu, ret >> 32, ret & 0xffffffff);
}

struct converter {
	struct inside *in;
	int vcpu;
};

static void *convert(void *arg)
{
	struct converter *c = arg;

	inside_tell(c->in, c->vcpu, guest_convert, c->vcpu * NR_CONVERTED, NR_ROUNDS);
	expect_guest_fine(c->in, c->vcpu);
	return NULL;
}

static void *punch(void *arg)
{
	FIXTURE_DATA(convert) *self = arg;
	size_t page = 0;

	while (!READ_ONCE(self->done)) {
		vm_guest_mem_punch_hole(self->in.guest.vm, inside_gpa(FIRST_PUNCHED + page),
					(1 + page % 2) * PAGE_SIZE);
		page = (page + 1) % (NR_PUNCHED - 1);
		usleep(1000);
	}
	return NULL;
}

static void *launch_others(void *arg)
{
	FIXTURE_DATA(convert) *self = arg;
	struct snp_guest other;

	while (!READ_ONCE(self->done)) {
		snp_guest_init(&other, OTHER_GPA, OTHER_PAGES);
		snp_guest_update(&other, 0, self->src, OTHER_PAGES, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
		snp_guest_free(&other);
	}
	return NULL;
}

static void expect_host_sees(struct kvm_vm *vm, size_t page, uint64_t value)
{
	uint64_t *words = addr_gpa2hva(vm, inside_gpa(page));
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		TEST_ASSERT(words[i] == value + i, "Shared page %lu: 0x%lx at %d, wanted 0x%lx",
			    page, words[i], i, value + i);
}

TEST_F_TIMEOUT(convert, alone, TIMEOUT)
{
	struct inside *in = &self->in;

	inside_tell(in, 0, guest_convert, 0, 2);
	expect_guest_fine(in, 0);
	inside_tell(in, 0, guest_share, 1, 0xbeef);
	expect_guest_fine(in, 0);
	expect_host_sees(in->guest.vm, 1, 0xbeef);
}

TEST_F_TIMEOUT(convert, under_load, TIMEOUT)
{
	struct converter converter[INSIDE_NR_VCPUS];
	pthread_t thread[INSIDE_NR_VCPUS], puncher, launcher;
	int i;

	TEST_ASSERT(!pthread_create(&puncher, NULL, punch, self) &&
		    !pthread_create(&launcher, NULL, launch_others, self), "pthread_create()");
	for (i = 0; i < INSIDE_NR_VCPUS; i++) {
		converter[i] = (struct converter) { .in = &self->in, .vcpu = i };
		TEST_ASSERT(!pthread_create(&thread[i], NULL, convert, &converter[i]),
			    "pthread_create()");
	}
	for (i = 0; i < INSIDE_NR_VCPUS; i++)
		pthread_join(thread[i], NULL);
	WRITE_ONCE(self->done, true);
	pthread_join(puncher, NULL);
	pthread_join(launcher, NULL);
	TEST_ASSERT(inside_call(&self->in, guest_nr_gone, 0, 0), "The guest has lost no page");
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
