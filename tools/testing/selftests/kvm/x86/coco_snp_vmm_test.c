// SPDX-License-Identifier: GPL-2.0-only
/*
 * SNP launches as public VMMs make them: the order and size of their updates,
 * where the source is, and what they do when a command comes back half done or
 * the firmware refuses the CPUID page. Each ends with the digest that belongs to
 * it, or where that VMM gives up, and every page comes back.
 *
 * All of them copy what is to be measured to the guest's shared memory first, and
 * give its address there as the source, also for pages that need none.
 */
#include <errno.h>
#include <string.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define NORMAL		KVM_SEV_SNP_PAGE_TYPE_NORMAL
#define ZERO		KVM_SEV_SNP_PAGE_TYPE_ZERO
#define UNMEASURED	KVM_SEV_SNP_PAGE_TYPE_UNMEASURED
#define SECRETS		KVM_SEV_SNP_PAGE_TYPE_SECRETS
#define CPUID		KVM_SEV_SNP_PAGE_TYPE_CPUID

#define NR_PAGES	1100ul
#define MAX_UPDATES	8

struct update {
	uint16_t page, nr;
	uint8_t type;
};

FIXTURE(vmm) {
	struct coco_emul_census census;
	struct snp_guest guest;
	uint8_t *memory;
};

/*
 * @registers:	all of the guest's memory is registered as encrypted before
 * @single:	a page for each call
 * @loops:	goes on with what is left, and after EAGAIN
 * @again:	gives the firmware the CPUID page that it has corrected
 */
FIXTURE_VARIANT(vmm) {
	bool registers, single, loops, again;
	uint64_t gpa;
	struct update updates[MAX_UPDATES];
};

/* The firmware below 4 GiB, then what its metadata asks for. */
FIXTURE_VARIANT_ADD(vmm, qemu) {
	.loops = true,
	.gpa = BIT_ULL(32) - NR_PAGES * PAGE_SIZE,
	.updates = {
		{ 76, 1024, NORMAL }, { 0, 9, ZERO }, { 10, 3, ZERO }, { 13, 1, SECRETS },
		{ 14, 1, CPUID }, { 15, 1, ZERO }, { 17, 31, ZERO }, { 16, 1, ZERO },
	},
};

/* Its launch library loops. Kernel, initrd and command line are measured as well. */
FIXTURE_VARIANT_ADD(vmm, libkrun) {
	.registers = true,
	.loops = true,
	.again = true,
	.updates = {
		{ 256, 512, NORMAL }, { 16, 100, NORMAL }, { 800, 200, NORMAL }, { 7, 1, NORMAL },
		{ 4, 1, ZERO }, { 5, 1, SECRETS }, { 6, 1, CPUID }, { 8, 8, ZERO },
	},
};

/* In the order of an IGVM file */
FIXTURE_VARIANT_ADD(vmm, cloud_hypervisor) {
	.single = true,
	.again = true,
	.updates = {
		{ 2, 1, CPUID }, { 1, 1, SECRETS }, { 16, 64, NORMAL }, { 3, 4, UNMEASURED },
		{ 100, 16, ZERO },
	},
};

FIXTURE_VARIANT_ADD(vmm, openvmm) {
	.loops = true,
	.updates = {
		{ 16, 64, NORMAL }, { 3, 4, UNMEASURED }, { 2, 1, CPUID }, { 1, 1, SECRETS },
		{ 100, 300, NORMAL },
	},
};

/* Takes a command that returns for one that is done */
FIXTURE_VARIANT_ADD(vmm, alioth) {
	.registers = true,
	.gpa = BIT_ULL(32) - NR_PAGES * PAGE_SIZE,
	.updates = {
		{ 588, 512, NORMAL }, { 0, 9, ZERO }, { 13, 1, SECRETS }, { 14, 1, CPUID },
	},
};

FIXTURE_SETUP(vmm)
{
	struct kvm_enc_region region = { .size = NR_PAGES * PAGE_SIZE };
	uint32_t *word;
	size_t i;

	coco_emul_inject_clear();
	snp_census_read(&self->census);
	snp_guest_create(&self->guest, variant->gpa, NR_PAGES);
	self->memory = addr_gpa2hva(self->guest.vm, variant->gpa);
	if (variant->registers) {
		region.addr = (uint64_t)self->memory;
		vm_ioctl(self->guest.vm, KVM_MEMORY_ENCRYPT_REG_REGION, &region);
	}
	snp_guest_start(&self->guest);

	word = (uint32_t *)self->memory;
	for (i = 0; i < NR_PAGES * PAGE_SIZE / sizeof(*word); i++)
		word[i] = i * 2654435761u;
	for (i = 0; i < MAX_UPDATES; i++) {
		if (variant->updates[i].type == CPUID)
			snp_init_cpuid_page(self->memory +
					    variant->updates[i].page * PAGE_SIZE);
	}
}

FIXTURE_TEARDOWN(vmm)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	snp_guest_free(&self->guest);
	coco_emul_census_expect(&self->census);
}

/* One call of the VMM's, and what it makes of the result. What is done is measured. */
static int update_pages(struct snp_guest *g, uint8_t *memory, size_t page, size_t nr,
			uint8_t type, bool loops, uint32_t *fw_error)
{
	size_t i;
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = g->gpa / PAGE_SIZE + page,
		.uaddr = (uint64_t)memory + page * PAGE_SIZE,
		.len = nr * PAGE_SIZE,
		.type = type,
	};
	int ret;

	do {
		ret = __snp_launch_update(g->vm, &args, fw_error);
	} while (loops && (ret ? errno == EAGAIN : args.len));
	for (i = page; i < page + nr - args.len / PAGE_SIZE; i++)
		snp_guest_measure(g, i, memory + i * PAGE_SIZE, type);
	return ret;
}

static int run_update(struct snp_guest *g, uint8_t *memory, const struct update *u, bool single,
		      bool loops, uint32_t *fw_error)
{
	size_t step = single ? 1 : u->nr, i;
	int ret;

	for (i = 0; i < u->nr; i += step) {
		ret = update_pages(g, memory, u->page + i, step, u->type, loops, fw_error);
		if (ret)
			return ret;
	}
	return 0;
}

static size_t nr_pages(const FIXTURE_VARIANT(vmm) *variant)
{
	size_t i, nr = 0;

	for (i = 0; i < MAX_UPDATES; i++)
		nr += variant->updates[i].nr;
	return nr;
}

static void finish_and_expect(struct snp_guest *g, const FIXTURE_VARIANT(vmm) *variant)
{
	TEST_ASSERT(g->updated == nr_pages(variant), "%lu pages of %lu were measured", g->updated,
		    nr_pages(variant));
	snp_guest_expect_digest(g);
	snp_vm_launch_finish(g->vm);
	snp_guest_expect_digest(g);
}

/* Returns where it has failed, if it has. */
static const struct update *launch(struct snp_guest *g, uint8_t *memory,
				   const FIXTURE_VARIANT(vmm) *variant, uint32_t *fw_error)
{
	const struct update *u;

	for (u = variant->updates; u < variant->updates + MAX_UPDATES && u->nr; u++) {
		if (run_update(g, memory, u, variant->single, variant->loops, fw_error))
			return u;
	}
	return NULL;
}

TEST_F(vmm, launch)
{
	const struct update *failed;
	uint32_t fw_error;

	failed = launch(&self->guest, self->memory, variant, &fw_error);
	if (failed)
		TEST_FAIL("Page %u, type %u: errno %d, firmware 0x%x", failed->page, failed->type,
			  errno, fw_error);
	finish_and_expect(&self->guest, variant);
}

/*
 * Signals all the time, as of a VMM's timers. Only who goes on gets the whole
 * launch. The others have what the commands said that they got done.
 */
TEST_F_TIMEOUT(vmm, signals, 120)
{
	const struct update *failed;
	uint32_t fw_error;
	int error;

	coco_emul_signals(1000);
	failed = launch(&self->guest, self->memory, variant, &fw_error);
	error = errno;
	coco_emul_signals(0);
	if (failed && (variant->loops || error != EAGAIN))
		TEST_FAIL("Page %u, type %u: errno %d, firmware 0x%x", failed->page, failed->type,
			  error, fw_error);
	if (variant->loops)
		finish_and_expect(&self->guest, variant);
	else
		snp_guest_expect_digest(&self->guest);
}

/*
 * The firmware refuses the CPUID page. It has left in the source what it would
 * accept: some VMMs give it that, the others show it and give up.
 */
TEST_F(vmm, cpuid_refused)
{
	const struct update *u;
	uint32_t fw_error;
	uint8_t *page;
	int ret;

	for (u = variant->updates; u < variant->updates + MAX_UPDATES && u->nr; u++) {
		page = self->memory + u->page * PAGE_SIZE;
		if (u->type == CPUID)
			snp_spoil_cpuid_page(page);
		ret = run_update(&self->guest, self->memory, u, variant->single, variant->loops,
				 &fw_error);
		if (u->type == CPUID) {
			uint8_t want[PAGE_SIZE];

			TEST_ASSERT(ret == -1 && errno == EIO && fw_error == SEV_RET_INVALID_PARAM,
				    "CPUID page: ret %d, errno %d, firmware 0x%x", ret, errno,
				    fw_error);
			snp_init_cpuid_page(want);
			TEST_ASSERT(!memcmp(page, want, PAGE_SIZE), "The table is not as wanted");
			if (!variant->again)
				return;
			ret = run_update(&self->guest, self->memory, u, variant->single,
					 variant->loops, &fw_error);
		}
		TEST_ASSERT(!ret, "Page %u, type %u: errno %d, firmware 0x%x", u->page, u->type,
			    errno, fw_error);
	}
	finish_and_expect(&self->guest, variant);
}

/* The firmware fails in the middle of the first update, and the VMM gives up. */
TEST_F(vmm, gives_up)
{
	uint32_t fw_error;
	int ret;

	coco_emul_inject("SNP_LAUNCH_UPDATE", variant->updates[0].nr / 2 + 1,
			 SEV_RET_HWSEV_RET_UNSAFE);
	ret = run_update(&self->guest, self->memory, &variant->updates[0], variant->single, false,
			 &fw_error);
	if (variant->updates[0].nr > 1 && !variant->single)
		TEST_ASSERT(!ret && fw_error == SEV_RET_HWSEV_RET_UNSAFE,
			    "ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	else
		TEST_ASSERT(ret == -1 && errno == EIO && fw_error == SEV_RET_HWSEV_RET_UNSAFE,
			    "ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	TEST_ASSERT(self->guest.updated == variant->updates[0].nr / 2, "%lu pages were measured",
		    self->guest.updated);
	snp_guest_expect_digest(&self->guest);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
