// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two CPUs in the TDX module: the locks of the module do not wait, so the second
 * one is told that it is busy. KVM has to keep them apart where that would be
 * the end of the VM, and of the page.
 *
 * A leaf that takes long is what brings them together; see "pause" in
 * Documentation/virt/kvm/coco-emul.rst.
 */
#include <pthread.h>

#include "coco_tdx.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define MEASURE			KVM_TDX_MEASURE_MEMORY_REGION

/* Long enough for the other CPU to come, on a machine that has other work as well */
#define PAUSE_US		400000ul

/* Two slots, and so two files */
#define GPA			COCO_TD_GPA
#define GPA_2			(COCO_TD_GPA + 16 * PAGE_SIZE)

#define TDX_FIELD_ID_INCORRECT	0xc0000c0000000000ul
#define TDX_NO_HKID_READY_TO_WBCACHE	0x0000082100000000ul
#define RCX			1
#define RDX			2
#define SEPT_TREE		146
#define KOT			186
#define WBCACHE			188

enum {
	MEM_RANGE_BLOCK		= 7,
	MNG_CREATE		= 9,
	MNG_RD			= 11,
	MR_EXTEND		= 16,
	MR_FINALIZE		= 17,
	PHYMEM_PAGE_RDMD	= 24,
	MEM_PAGE_REMOVE		= 29,
	MEM_TRACK		= 38,
	PHYMEM_CACHE_WB		= 40,
};

static uint8_t page[PAGE_SIZE] __aligned(PAGE_SIZE);

FIXTURE(busy) {
	struct coco_emul_census census;
	struct coco_td td;
	pthread_t other_cpu;
	void (*fn)(struct coco_td *td);
};

FIXTURE_SETUP(busy)
{
	if (!coco_emul_has_cpus(2))
		SKIP(return, "this machine has one CPU");

	coco_set_cpu(0);
	coco_tdx_pause_clear();
	coco_pamt_census(&self->census);

	coco_td_create(&self->td, 8);
	coco_td_add_slot(&self->td, GPA_2, 8);
	coco_td_add(&self->td, MEASURE, page, GPA, 1);
	coco_td_add(&self->td, MEASURE, page, GPA_2, 1);
}

/* Whatever a case did, the TD is in good health, and leaves no page behind. */
FIXTURE_TEARDOWN(busy)
{
	TEST_ASSERT(!coco_tdx_pause_is_pending(), "There was no pause");
	TEST_ASSERT(!coco_td_is_dead(&self->td), "The VM is dead");
	coco_td_check_mrtd(&self->td);
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

static void *call_fn(void *data)
{
	FIXTURE_DATA(busy) *self = data;

	coco_set_cpu(1);
	self->fn(&self->td);
	return NULL;
}

/* Have the other CPU do something, and wait for the pause that it makes there. */
static void start(FIXTURE_DATA(busy) *self, void (*fn)(struct coco_td *td), const char *leaf,
		  const char *where, uint64_t us)
{
	coco_tdx_pause(leaf, where, 1, us);
	self->fn = fn;
	TEST_ASSERT(!pthread_create(&self->other_cpu, NULL, call_fn, self), "No thread");
	coco_tdx_wait_for_pause(leaf, where);
}

static void finish(FIXTURE_DATA(busy) *self)
{
	pthread_join(self->other_cpu, NULL);
}

static void add(struct coco_td *td)
{
	coco_td_add(td, MEASURE, page, GPA + PAGE_SIZE, 1);
}

static void punch_hole(struct coco_td *td)
{
	vm_guest_mem_punch_hole(td->vm, GPA, PAGE_SIZE);
}

static void punch_hole_2(struct coco_td *td)
{
	vm_guest_mem_punch_hole(td->vm, GPA_2, PAGE_SIZE);
}

static struct coco_td other_td;

static void free_other(struct coco_td *td)
{
	coco_td_free(&other_td);
}

static void check_hole(struct coco_td *td, uint64_t gpa)
{
	TEST_ASSERT(!coco_td_hpa(td, gpa, NULL), "The page at %lx is still mapped", gpa);
}

/* A page is measured, the other file loses one: TDH.MEM.RANGE.BLOCK comes second, */
TEST_F(busy, punch_hole_while_measuring)
{
	start(self, add, "TDH.MR.EXTEND", "inside", PAUSE_US);
	punch_hole_2(&self->td);
	finish(self);

	check_hole(&self->td, GPA_2);
	coco_td_add(&self->td, MEASURE, page, GPA_2, 1);
	coco_td_finalize(&self->td);
}

/* and here it is the next TDH.MR.EXTEND. */
TEST_F(busy, measure_while_punching_hole)
{
	coco_tdx_pause("TDH.MEM.RANGE.BLOCK", "inside", 1, 2 * PAUSE_US);
	start(self, add, "TDH.MR.EXTEND", "after", PAUSE_US);
	punch_hole_2(&self->td);
	finish(self);

	check_hole(&self->td, GPA_2);
	coco_td_finalize(&self->td);
}

/* The TD becomes final while one of its pages goes away: in the module, */
TEST_F(busy, punch_hole_in_finalize)
{
	start(self, coco_td_finalize, "TDH.MR.FINALIZE", "inside", PAUSE_US);
	punch_hole(&self->td);
	finish(self);

	check_hole(&self->td, GPA);
}

/* before KVM knows, so that it sees no need for TLB tracking, */
TEST_F(busy, punch_hole_after_finalize)
{
	start(self, coco_td_finalize, "TDH.MR.FINALIZE", "after", PAUSE_US);
	punch_hole(&self->td);
	finish(self);

	check_hole(&self->td, GPA);
}

/* and after KVM has found that there is none. */
TEST_F(busy, finalize_before_page_remove)
{
	start(self, punch_hole, "TDH.MEM.PAGE.REMOVE", "before", PAUSE_US);
	coco_td_finalize(&self->td);
	finish(self);

	check_hole(&self->td, GPA);
}

/* One TD gives its KeyID back, another one takes one. */
TEST_F(busy, create_while_freeing)
{
	struct coco_td td;

	coco_td_create(&other_td, 1);
	start(self, free_other, "TDH.MNG.KEY.FREEID", "inside", PAUSE_US);
	coco_td_create(&td, 1);
	finish(self);

	coco_td_finalize(&td);
	coco_td_free(&td);
}

/*
 * The module itself. Only what is refused, or does nothing, can be called: KVM
 * would not know of the rest.
 */
static void expect(uint64_t want, uint64_t leaf, uint64_t rcx, uint64_t rdx)
{
	uint64_t v[5];

	coco_emul_call(v, 5, "SEAMCALL 0x%lx 0x%lx 0x%lx 0 0", leaf, rcx, rdx);
	TEST_ASSERT(v[0] == want, "Leaf %lu: 0x%lx, not 0x%lx", leaf, v[0], want);
}

/* Who has the TD for itself locks out everybody else, but not from other TDs. */
TEST_F(busy, td_is_locked_exclusive)
{
	uint64_t tdr = coco_td_tdr(&self->td);
	struct coco_td td;

	coco_td_create(&td, 1);
	start(self, add, "TDH.MR.EXTEND", "inside", PAUSE_US);
	expect(TDX_OPERAND_BUSY | RCX, MNG_RD, tdr, 0);
	expect(TDX_OPERAND_BUSY | RCX, MEM_TRACK, tdr, 0);
	expect(TDX_OPERAND_BUSY | RCX, MR_FINALIZE, tdr, 0);
	expect(TDX_OPERAND_BUSY | RCX, PHYMEM_PAGE_RDMD, tdr, 0);
	expect(TDX_OPERAND_BUSY | RDX, MR_EXTEND, GPA, tdr);
	expect(TDX_OPERAND_BUSY | RDX, MEM_RANGE_BLOCK, GPA, tdr);
	expect(TDX_FIELD_ID_INCORRECT, MNG_RD, coco_td_tdr(&td), 0);
	TEST_ASSERT(coco_tdx_pause_is_pending(), "The pause was too short");
	finish(self);

	expect(TDX_FIELD_ID_INCORRECT, MNG_RD, tdr, 0);
	coco_td_free(&td);
}

/* TDH.MEM.RANGE.BLOCK has the Secure EPT for itself and shares the TD. */
TEST_F(busy, sept_is_locked_exclusive)
{
	uint64_t tdr = coco_td_tdr(&self->td);

	start(self, punch_hole, "TDH.MEM.RANGE.BLOCK", "inside", PAUSE_US);
	expect(TDX_FIELD_ID_INCORRECT, MNG_RD, tdr, 0);
	expect(TDX_OPERAND_BUSY | RCX, MR_FINALIZE, tdr, 0);
	expect(TDX_OPERAND_BUSY | RDX, MR_EXTEND, GPA_2, tdr);
	expect(TDX_OPERAND_BUSY | SEPT_TREE, MEM_PAGE_REMOVE, GPA_2, tdr);
	expect(TDX_OPERAND_BUSY | SEPT_TREE, MEM_RANGE_BLOCK, GPA_2, tdr);
	TEST_ASSERT(coco_tdx_pause_is_pending(), "The pause was too short");
	finish(self);
}

/* TDH.MEM.PAGE.REMOVE shares both, and has the page for itself. */
TEST_F(busy, page_is_locked_exclusive)
{
	uint64_t tdr = coco_td_tdr(&self->td), hpa = coco_td_hpa(&self->td, GPA, NULL);

	start(self, punch_hole, "TDH.MEM.PAGE.REMOVE", "inside", PAUSE_US);
	expect(TDX_FIELD_ID_INCORRECT, MNG_RD, tdr, 0);
	expect(TDX_OPERAND_BUSY | RCX, PHYMEM_PAGE_RDMD, hpa, 0);
	expect(TDX_OPERAND_BUSY | RCX, MR_FINALIZE, tdr, 0);
	expect(TDX_OPERAND_BUSY | SEPT_TREE, MEM_RANGE_BLOCK, GPA_2, tdr);
	TEST_ASSERT(coco_tdx_pause_is_pending(), "The pause was too short");
	finish(self);
}

static void write_back(struct coco_td *td)
{
	expect(TDX_NO_HKID_READY_TO_WBCACHE, PHYMEM_CACHE_WB, 0, 0);
}

/*
 * The table of KeyIDs, and the cache write-back, which shares it. The caches of each
 * package have a lock of their own.
 */
TEST_F(busy, keyids_are_locked)
{
	uint8_t *tdr = coco_emul_locked_pages(1);
	bool same = coco_emul_package(0) == coco_emul_package(1);

	start(self, write_back, "TDH.PHYMEM.CACHE.WB", "inside", PAUSE_US);
	expect(same ? TDX_OPERAND_BUSY | WBCACHE : TDX_NO_HKID_READY_TO_WBCACHE,
	       PHYMEM_CACHE_WB, 0, 0);
	expect(TDX_OPERAND_BUSY | KOT, MNG_CREATE, coco_emul_pa(tdr), 16);
	TEST_ASSERT(coco_tdx_pause_is_pending(), "The pause was too short");
	finish(self);

	coco_td_create(&other_td, 1);
	start(self, free_other, "TDH.MNG.KEY.FREEID", "inside", PAUSE_US);
	expect(TDX_OPERAND_BUSY | KOT, PHYMEM_CACHE_WB, 0, 0);
	expect(TDX_OPERAND_BUSY | KOT, MNG_CREATE, coco_emul_pa(tdr), 16);
	TEST_ASSERT(coco_tdx_pause_is_pending(), "The pause was too short");
	finish(self);
	kvm_munmap(tdr, PAGE_SIZE);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
