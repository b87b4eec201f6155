// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the emulated TDX module refuses: operands and orders that KVM never uses.
 * If it let them pass, the other tests would prove less.
 */
#include "coco_tdx_seamcall.h"

TEST_F(strict, leaves)
{
	expect(TDX_OPERAND_INVALID, NO_LEAF);
	expect(TDX_OPERAND_INVALID, MNG_CREATE | VERSION_1, self->pa[PAGE_TDR], KEYID);
	expect(TDX_OPERAND_INVALID, MNG_CREATE | BIT_ULL(24), self->pa[PAGE_TDR], KEYID);
	expect(TDX_OPERAND_INVALID, MNG_CREATE | BIT_ULL(62), self->pa[PAGE_TDR], KEYID);
}

TEST_F(strict, module_is_initialized_once)
{
	struct regs out;

	expect(TDX_SYS_INIT_NOT_PENDING, SYS_INIT);
	expect(TDX_SYS_LP_INIT_DONE, SYS_LP_INIT);
	expect(TDX_SYS_CONFIG_NOT_PENDING, SYS_CONFIG, self->pa[PAGE_PARAMS], 1, GLOBAL_KEYID);
	expect(TDX_SYS_KEY_CONFIG_NOT_PENDING, SYS_KEY_CONFIG);

	out = expect(TDX_SUCCESS, SYS_RD, 0, FIELD_MAX_TDMRS);
	TEST_ASSERT(out.r8, "The module has no TDMRs");
	out = expect(TDX_SUCCESS, SYS_RD, 0, FIELD_CPUID_LEAVES);
	TEST_ASSERT(out.r8, "The module has no CPUID leaves");
	expect(TDX_FIELD_ID_INCORRECT, SYS_RD, 0, FIELD_MAX_TDMRS + 100);
	expect(TDX_FIELD_ID_INCORRECT, SYS_RD, 0, FIELD_CPUID_LEAVES - 1);
	expect(TDX_FIELD_ID_INCORRECT, SYS_RD, 0, FIELD_CPUID_LEAVES | BIT_ULL(62));
	expect(TDX_FIELD_ID_INCORRECT, SYS_RD, 0, FIELD_CPUID_LEAVES + BIT_ULL(32));
}

/* TDH.MNG.CREATE; the KeyID comes first. */
TEST_F(strict, mng_create)
{
	uint64_t tdr = self->pa[PAGE_TDR];

	expect(TDX_OPERAND_INVALID | RDX, MNG_CREATE, tdr, 0);
	expect(TDX_OPERAND_INVALID | RDX, MNG_CREATE, tdr, NO_KEYID);
	expect(TDX_OPERAND_INVALID | RDX, MNG_CREATE, tdr, KEYID | BIT_ULL(32));
	expect(TDX_OPERAND_INVALID | RDX, MNG_CREATE, tdr + 8, 0);
	expect(TDX_OPERAND_INVALID | RCX, MNG_CREATE, tdr + 8, KEYID);
	expect(TDX_OPERAND_INVALID | RCX, MNG_CREATE, tdr | WITH_KEYID, KEYID);
	expect(TDX_OPERAND_INVALID | RCX, MNG_CREATE, tdr + 8, GLOBAL_KEYID);
	expect(TDX_ADDR_RANGE_ERROR | RCX, MNG_CREATE, NO_MEMORY, KEYID);
	expect(TDX_HKID_NOT_FREE, MNG_CREATE, tdr, GLOBAL_KEYID);

	create(self);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MNG_CREATE, tdr, KEYID - 1);
	expect(TDX_HKID_NOT_FREE, MNG_CREATE, self->pa[PAGE_FREE], KEYID);
	destroy(self);
}

/* TDH.MNG.KEY.CONFIG, ADDCX and INIT: one after the other */
TEST_F(strict, order_of_td)
{
	uint64_t tdr = self->pa[PAGE_TDR], params = self->pa[PAGE_PARAMS];
	uint64_t page = self->pa[PAGE_FREE];

	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MNG_KEY_CONFIG, tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RDX, MNG_ADDCX, page, tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MNG_INIT, tdr, params);

	create(self);
	expect(TDX_TD_KEYS_NOT_CONFIGURED, MNG_ADDCX, page, tdr);
	expect(TDX_TD_KEYS_NOT_CONFIGURED, MNG_INIT, tdr, params);
	/* The state of the TD comes before the address of TD_PARAMS. */
	expect(TDX_TD_KEYS_NOT_CONFIGURED, MNG_INIT, tdr, params + 8);
	expect(TDX_SUCCESS, MNG_KEY_CONFIG, tdr);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, MNG_KEY_CONFIG, tdr);

	add_tdcs(self, COCO_NR_TDCS - 1);
	expect(TDX_TDCS_NOT_ALLOCATED, MNG_INIT, tdr, params);
	expect(TDX_TDCS_NOT_ALLOCATED, MNG_INIT, tdr, params + 8);
	expect(TDX_TDCS_NOT_ALLOCATED, VP_CREATE, page, tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MNG_ADDCX, self->pa[PAGE_TDCS], tdr);
	expect(TDX_OPERAND_BUSY | RCX, MNG_ADDCX, tdr, tdr);
	expect(TDX_OPERAND_INVALID | RCX, MNG_ADDCX, page + 8, tdr);
	expect(TDX_SUCCESS, MNG_ADDCX, self->pa[PAGE_TDCS + COCO_NR_TDCS - 1], tdr);

	expect(TDX_OP_STATE_INCORRECT, VP_CREATE, page, tdr);
	expect(TDX_OP_STATE_INCORRECT, MEM_SEPT_ADD, 3, tdr, page);
	expect(TDX_OP_STATE_INCORRECT, MEM_PAGE_ADD, GPA, tdr, page, self->pa[PAGE_SOURCE]);
	expect(TDX_OP_STATE_INCORRECT, MR_EXTEND, GPA, tdr);
	expect(TDX_OP_STATE_INCORRECT, MR_FINALIZE, tdr);
	expect(TDX_OP_STATE_INCORRECT, MNG_RD, tdr, 0);

	expect(TDX_OPERAND_INVALID | RDX, MNG_INIT, tdr, params + 8);
	expect(TDX_OPERAND_INVALID | RDX, MNG_INIT, tdr, NO_MEMORY);
	expect(TDX_SUCCESS, MNG_INIT, tdr, params);
	expect(TDX_OP_STATE_INCORRECT, MNG_INIT, tdr, params);
	expect(TDX_OP_STATE_INCORRECT, MNG_INIT, tdr, params + 8);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MNG_ADDCX, self->pa[PAGE_TDCS], tdr);
	expect(TDX_OP_STATE_INCORRECT, MNG_ADDCX, page, tdr);
	expect(TDX_FIELD_ID_INCORRECT, MNG_RD, tdr, 0);
	destroy(self);
}

/* TDH.VP.CREATE, ADDCX and INIT: one after the other */
TEST_F(strict, order_of_vcpu)
{
	uint64_t tdr = self->pa[PAGE_TDR], page = self->pa[PAGE_FREE];
	uint64_t vp = self->pa[PAGE_TDVPR], vp2 = self->pa[PAGE_TDVPR_2];

	create_and_init(self);
	expect(TDX_PAGE_METADATA_INCORRECT | RDX, VP_CREATE, vp, page);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, VP_CREATE, self->pa[PAGE_TDCS], tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RDX, VP_ADDCX, page, vp);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, VP_INIT, vp);

	expect(TDX_SUCCESS, VP_CREATE, vp, tdr);
	expect(TDX_TDCX_NUM_INCORRECT, VP_INIT, vp);
	expect(TDX_TDCX_NUM_INCORRECT, VP_RD, vp, FIELD_POSTED_VECTOR);
	expect(TDX_TDCX_NUM_INCORRECT, VP_FLUSH, vp);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, VP_ADDCX, self->pa[PAGE_TDCS], vp);
	expect(TDX_OPERAND_BUSY | RCX, VP_ADDCX, vp, vp);
	destroy(self);

	create_and_init(self);
	add_vcpu(self, PAGE_TDVPR);
	expect(TDX_VCPU_STATE_INCORRECT, VP_RD, vp, FIELD_POSTED_VECTOR);
	expect(TDX_VCPU_STATE_INCORRECT, VP_WR, vp, FIELD_POSTED_VECTOR, 0xf2, 0xff);
	expect(TDX_VCPU_NOT_ASSOCIATED, VP_FLUSH, vp);
	expect(TDX_OPERAND_INVALID | R8, VP_INIT | VERSION_1, vp, 0, BIT_ULL(32));
	expect(TDX_SUCCESS, VP_INIT | VERSION_1, vp, 0, 5);
	expect(TDX_VCPU_STATE_INCORRECT, VP_INIT | VERSION_1, vp, 0, 6);
	expect(TDX_VCPU_STATE_INCORRECT, VP_ADDCX, page, vp);

	add_vcpu(self, PAGE_TDVPR_2);
	expect(TDX_X2APIC_ID_NOT_UNIQUE, VP_INIT | VERSION_1, vp2, 0, 5);
	expect(TDX_SUCCESS, VP_INIT | VERSION_1, vp2, 0, 6);
	expect(TDX_SUCCESS, VP_FLUSH, vp2);
	destroy(self);
}

TEST_F(strict, max_vcpus)
{
	struct td_params *params = (void *)(self->pages + PAGE_PARAMS * PAGE_SIZE);

	params->max_vcpus = 1;
	create_and_init(self);
	init_vcpu(self);
	add_vcpu(self, PAGE_TDVPR_2);
	expect(TDX_MAX_VCPUS_EXCEEDED, VP_INIT | VERSION_1, self->pa[PAGE_TDVPR_2], 0, 1);
	destroy(self);
}

/* TDH.VP.RD, WR and FLUSH: the vCPU is on one CPU at a time. */
TEST_F(strict, vcpu_is_associated)
{
	uint64_t vp = self->pa[PAGE_TDVPR];
	struct regs out;

	if (!coco_emul_has_cpus(2))
		SKIP(return, "this machine has one CPU");

	create_and_init(self);
	init_vcpu(self);

	expect(TDX_FIELD_ID_INCORRECT, VP_RD, vp, 1);
	expect(TDX_SUCCESS, VP_WR, vp, FIELD_POSTED_VECTOR, 0xf2, 0xffff);
	out = expect(TDX_SUCCESS, VP_RD, vp, FIELD_POSTED_VECTOR);
	TEST_ASSERT_EQ(out.r8, 0xf2);

	coco_set_cpu(1);
	/* Where the vCPU is comes before what is asked for. */
	expect(TDX_VCPU_ASSOCIATED, VP_RD, vp, 1);
	expect(TDX_VCPU_ASSOCIATED, VP_WR, vp, FIELD_STATE_DETAILS, 0, 1);
	expect(TDX_VCPU_ASSOCIATED, VP_RD, vp, FIELD_POSTED_VECTOR);
	expect(TDX_VCPU_ASSOCIATED, VP_WR, vp, FIELD_POSTED_VECTOR, 0, 0xff);
	expect(TDX_VCPU_NOT_ASSOCIATED, VP_FLUSH, vp);
	expect(TDX_FLUSHVP_NOT_DONE, MNG_VPFLUSHDONE, self->pa[PAGE_TDR]);

	coco_set_cpu(0);
	expect(TDX_SUCCESS, VP_FLUSH, vp);
	coco_set_cpu(1);
	expect(TDX_SUCCESS, VP_RD, vp, FIELD_POSTED_VECTOR);
	destroy(self);
}

/* TDH.MEM.SEPT.ADD */
TEST_F(strict, sept_add)
{
	uint64_t tdr = self->pa[PAGE_TDR], page = self->pa[PAGE_FREE];
	struct regs out;

	create_and_init(self);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, 0, tdr, page);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, 4, tdr, page);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, BIT(3) | 3, tdr, page);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, GPA | 3, tdr, page);
	expect(TDX_OPERAND_INVALID | RCX, MEM_SEPT_ADD, SHARED_GPA | 3, tdr, page);
	expect(TDX_PAGE_METADATA_INCORRECT | RDX, MEM_SEPT_ADD, 3, page, page);
	expect(TDX_PAGE_METADATA_INCORRECT | R8, MEM_SEPT_ADD, 3, tdr, self->pa[PAGE_TDCS]);
	expect(TDX_OPERAND_BUSY | R8, MEM_SEPT_ADD, 3, tdr, tdr);
	expect(TDX_OPERAND_INVALID | R8, MEM_SEPT_ADD, 3, tdr, page + 8);

	/* Level 2 needs a table at level 3; the entry there is free. */
	out = expect(TDX_EPT_WALK_FAILED | RCX, MEM_SEPT_ADD, 2, tdr, page);
	TEST_ASSERT(!out.rcx && out.rdx == 3, "Entry 0x%lx, level and state 0x%lx", out.rcx,
		    out.rdx);

	add_sept(self);
	out = expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_SEPT_ADD, 3, tdr, page);
	TEST_ASSERT((out.rcx & GENMASK_ULL(51, 12)) == self->pa[PAGE_SEPT],
		    "Entry 0x%lx, not of the table at 0x%lx", out.rcx, self->pa[PAGE_SEPT]);
	/* The entry comes before the page. */
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_SEPT_ADD, 3, tdr, tdr);
	destroy(self);
}

/* TDH.MEM.PAGE.ADD */
TEST_F(strict, page_add)
{
	uint64_t tdr = self->pa[PAGE_TDR], data = self->pa[PAGE_DATA];
	uint64_t page = self->pa[PAGE_FREE], source = self->pa[PAGE_SOURCE];

	create_and_init(self);
	expect(TDX_EPT_WALK_FAILED | RCX, MEM_PAGE_ADD, GPA, tdr, data, source);
	add_sept(self);

	expect(TDX_OPERAND_INVALID | RCX, MEM_PAGE_ADD, GPA | 1, tdr, data, source);
	expect(TDX_OPERAND_INVALID | RCX, MEM_PAGE_ADD, GPA | 8, tdr, data, source);
	expect(TDX_OPERAND_INVALID | RCX, MEM_PAGE_ADD, SHARED_GPA | GPA, tdr, data, source);
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA, tdr, data, source + 8);
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA, tdr, data, source | WITH_KEYID);
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA, tdr, data, NO_MEMORY);
	expect(TDX_OPERAND_INVALID | R8, MEM_PAGE_ADD, GPA, tdr, data + 8, source);
	expect(TDX_OPERAND_INVALID | R8, MEM_PAGE_ADD, GPA, tdr, data | WITH_KEYID, source);
	expect(TDX_ADDR_RANGE_ERROR | R8, MEM_PAGE_ADD, GPA, tdr, NO_MEMORY, source);
	expect(TDX_PAGE_METADATA_INCORRECT | R8, MEM_PAGE_ADD, GPA, tdr, self->pa[PAGE_TDCS],
	       source);
	expect(TDX_OPERAND_BUSY | R8, MEM_PAGE_ADD, GPA, tdr, tdr, source);
	/* The source comes before the page. */
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA, tdr, tdr, source + 8);

	add_page(self);
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_PAGE_ADD, GPA, tdr, page, source);
	expect(TDX_PAGE_METADATA_INCORRECT | R8, MEM_PAGE_ADD, GPA + PAGE_SIZE, tdr, data, source);
	expect(TDX_OPERAND_INVALID | R9, MEM_PAGE_ADD, GPA + PAGE_SIZE, tdr, page, data);
	destroy(self);
}

/* TDH.MR.EXTEND and FINALIZE */
TEST_F(strict, measurement)
{
	uint64_t tdr = self->pa[PAGE_TDR];

	create_and_init(self);
	expect(TDX_EPT_ENTRY_NOT_PRESENT | RCX, MR_EXTEND, GPA, tdr);
	add_sept(self);
	expect(TDX_EPT_ENTRY_NOT_PRESENT | RCX, MR_EXTEND, GPA, tdr);
	add_page(self);
	expect(TDX_OPERAND_INVALID | RCX, MR_EXTEND, GPA + EXTEND_SIZE / 2, tdr);
	expect(TDX_OPERAND_INVALID | RCX, MR_EXTEND, SHARED_GPA | GPA, tdr);
	expect(TDX_SUCCESS, MR_EXTEND, GPA + PAGE_SIZE - EXTEND_SIZE, tdr);
	expect(TDX_EPT_ENTRY_NOT_PRESENT | RCX, MR_EXTEND, GPA + PAGE_SIZE, tdr);

	expect(TDX_NO_VCPUS, MR_FINALIZE, tdr);
	init_vcpu(self);
	expect(TDX_SUCCESS, MR_FINALIZE, tdr);

	expect(TDX_OP_STATE_INCORRECT, MR_FINALIZE, tdr);
	expect(TDX_OP_STATE_INCORRECT, MR_EXTEND, GPA, tdr);
	expect(TDX_OP_STATE_INCORRECT, MEM_PAGE_ADD, GPA + PAGE_SIZE, tdr, self->pa[PAGE_FREE],
	       self->pa[PAGE_SOURCE]);
	expect(TDX_OP_STATE_INCORRECT, VP_CREATE, self->pa[PAGE_FREE], tdr);
	destroy(self);
}

/* TDH.MEM.RANGE.BLOCK, TRACK and PAGE.REMOVE */
TEST_F(strict, page_remove)
{
	uint64_t tdr = self->pa[PAGE_TDR];

	create_and_init(self);
	add_sept(self);
	init_vcpu(self);
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_RANGE_BLOCK, GPA, tdr);

	/* Before the TD can run no TLB has anything. */
	add_page(self);
	remove_page(self);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, PHYMEM_PAGE_RECLAIM, self->pa[PAGE_DATA]);

	add_page(self);
	expect(TDX_SUCCESS, MR_FINALIZE, tdr);
	expect(TDX_GPA_RANGE_NOT_BLOCKED | RCX, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_SUCCESS, MEM_TRACK, tdr);
	expect(TDX_GPA_RANGE_NOT_BLOCKED | RCX, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_SUCCESS, MEM_RANGE_BLOCK, GPA, tdr);
	expect(TDX_GPA_RANGE_ALREADY_BLOCKED | RCX, MEM_RANGE_BLOCK, GPA, tdr);
	expect(TDX_TLB_TRACKING_NOT_DONE | RCX, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_SUCCESS, MEM_TRACK, tdr);
	remove_page(self);
	expect(TDX_EPT_ENTRY_STATE_INCORRECT | RCX, MEM_PAGE_REMOVE, GPA, tdr);

	/* Below a blocked table nothing can be reached. */
	expect(TDX_SUCCESS, MEM_RANGE_BLOCK, GPA | 1, tdr);
	expect(TDX_EPT_WALK_FAILED | RCX, MEM_PAGE_AUG, GPA, tdr, self->pa[PAGE_FREE]);
	destroy(self);
}

/* From TDH.MNG.VPFLUSHDONE to TDH.PHYMEM.PAGE.RECLAIM */
TEST_F(strict, order_of_teardown)
{
	uint64_t tdr = self->pa[PAGE_TDR], data = self->pa[PAGE_DATA];

	create_and_init(self);
	add_sept(self);
	add_page(self);
	init_vcpu(self);

	expect(TDX_NO_HKID_READY_TO_WBCACHE, PHYMEM_CACHE_WB, 0);
	expect(TDX_OPERAND_INVALID | RCX, PHYMEM_CACHE_WB, 2);
	expect(TDX_WBCACHE_RESUME_ERROR, PHYMEM_CACHE_WB, 1);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, MNG_KEY_FREEID, tdr);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, PHYMEM_PAGE_RECLAIM, data);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, PHYMEM_PAGE_RECLAIM, tdr);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, PHYMEM_PAGE_WBINVD, data);
	expect(TDX_FLUSHVP_NOT_DONE, MNG_VPFLUSHDONE, tdr);

	expect(TDX_SUCCESS, VP_FLUSH, self->pa[PAGE_TDVPR]);
	expect(TDX_SUCCESS, MNG_VPFLUSHDONE, tdr);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, MNG_VPFLUSHDONE, tdr);
	expect(TDX_TD_KEYS_NOT_CONFIGURED, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_TD_KEYS_NOT_CONFIGURED, VP_FLUSH, self->pa[PAGE_TDVPR]);
	expect(TDX_WBCACHE_NOT_COMPLETE, MNG_KEY_FREEID, tdr);
	expect(TDX_HKID_NOT_FREE, MNG_CREATE, self->pa[PAGE_FREE], KEYID);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, PHYMEM_PAGE_RECLAIM, data);

	cache_wb();
	expect(TDX_SUCCESS, MNG_KEY_FREEID, tdr);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, MNG_KEY_FREEID, tdr);
	expect(TDX_TD_ASSOCIATED_PAGES_EXIST, PHYMEM_PAGE_RECLAIM, tdr);
	expect(TDX_OPERAND_INVALID | RCX, PHYMEM_PAGE_RECLAIM, data + 8);
	expect(TDX_ADDR_RANGE_ERROR | RCX, PHYMEM_PAGE_RECLAIM, NO_MEMORY);
	expect(TDX_SUCCESS, PHYMEM_PAGE_RECLAIM, data);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, PHYMEM_PAGE_RECLAIM, data);
	expect(TDX_SUCCESS, PHYMEM_PAGE_WBINVD, data);
	reclaim(self);
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, PHYMEM_PAGE_RECLAIM, tdr);
}

/* A write-back that an interrupt stops has to be resumed, once it has begun. */
TEST_F(strict, cache_wb_is_interrupted)
{
	uint64_t tdr = self->pa[PAGE_TDR];
	struct regs out;
	int resumed = 0;

	create_with_key(self);
	expect(TDX_SUCCESS, MNG_VPFLUSHDONE, tdr);
	expect(TDX_WBCACHE_RESUME_ERROR, PHYMEM_CACHE_WB, 1);

	/* The CPU has its interrupts off for so long that a timer is due. */
	coco_tdx_pause("TDH.PHYMEM.CACHE.WB", "before", 1, 200000);
	expect(TDX_INTERRUPTED_RESUMABLE, PHYMEM_CACHE_WB, 0);
	expect(TDX_WBCACHE_NOT_COMPLETE, MNG_KEY_FREEID, tdr);
	do {
		out = seamcall((struct regs) { PHYMEM_CACHE_WB, 1 });
		resumed++;
	} while (out.rax == TDX_INTERRUPTED_RESUMABLE && resumed < 100);
	TEST_ASSERT_EQ(out.rax, TDX_SUCCESS);
	expect(TDX_WBCACHE_RESUME_ERROR, PHYMEM_CACHE_WB, 1);
	expect(TDX_SUCCESS, MNG_KEY_FREEID, tdr);
	reclaim(self);
}

/* A page that the host has back is written back with the KeyID that it was used with. */
TEST_F(strict, write_back)
{
	uint64_t tdr = self->pa[PAGE_TDR], data = self->pa[PAGE_DATA];
	uint64_t keyid = with_keyid(0, KEYID), global = with_keyid(0, GLOBAL_KEYID);
	struct coco_emul_census want = self->census;

	create_and_init(self);
	add_sept(self);
	add_page(self);
	expect(TDX_SUCCESS, MEM_PAGE_REMOVE, GPA, tdr);
	TEST_ASSERT_EQ(coco_emul_value("pamt", "dirty"), want.value[COCO_PAMT_DIRTY] + 1);
	expect(TDX_SUCCESS, PHYMEM_PAGE_WBINVD, data);
	expect(TDX_SUCCESS, PHYMEM_PAGE_WBINVD, data | global);
	TEST_ASSERT_EQ(coco_emul_value("pamt", "dirty"), want.value[COCO_PAMT_DIRTY] + 1);
	expect(TDX_SUCCESS, PHYMEM_PAGE_WBINVD, data | keyid);
	TEST_ASSERT_EQ(coco_emul_value("pamt", "dirty"), want.value[COCO_PAMT_DIRTY]);
	TEST_ASSERT_EQ(coco_emul_value("pamt", "dirty-uses"), want.value[COCO_PAMT_DIRTY_USES]);

	/* Written to, or given to a TD again, before it was written back */
	add_page(self);
	expect(TDX_SUCCESS, MEM_PAGE_REMOVE, GPA, tdr);
	self->pages[PAGE_DATA * PAGE_SIZE]++;
	expect(TDX_SUCCESS, PHYMEM_PAGE_WBINVD, data | keyid);
	TEST_ASSERT_EQ(coco_emul_value("pamt", "dirty-uses"), want.value[COCO_PAMT_DIRTY_USES] + 1);
	add_page(self);
	expect(TDX_SUCCESS, MEM_PAGE_REMOVE, GPA, tdr);
	add_page(self);
	TEST_ASSERT_EQ(coco_emul_value("pamt", "dirty-uses"), want.value[COCO_PAMT_DIRTY_USES] + 2);
	self->census.value[COCO_PAMT_DIRTY_USES] += 2;

	/* All that is reclaimed has been written back with the KeyID, but for the TDR. */
	seamcall((struct regs) { VP_FLUSH, self->pa[PAGE_TDVPR] });
	free_key(self);
	expect(TDX_SUCCESS, PHYMEM_PAGE_RECLAIM, data);
	TEST_ASSERT_EQ(coco_emul_value("pamt", "dirty"), want.value[COCO_PAMT_DIRTY]);
	reclaim(self);
}

/* TDH.PHYMEM.PAGE.RDMD: of a page that the host has there is nothing to know. */
TEST_F(strict, page_rdmd)
{
	uint64_t tdr = self->pa[PAGE_TDR], data = self->pa[PAGE_DATA];
	struct regs out;

	create_and_init(self);
	add_sept(self);
	add_page(self);
	out = expect(TDX_SUCCESS, PHYMEM_PAGE_RDMD, data);
	TEST_ASSERT(out.rcx == 3 && out.rdx == tdr, "Type %lu, owner %lx", out.rcx, out.rdx);
	expect(TDX_SUCCESS, MEM_PAGE_REMOVE, GPA, tdr);
	out = expect(TDX_SUCCESS, PHYMEM_PAGE_RDMD, data);
	TEST_ASSERT(!out.rcx && !out.rdx, "Type %lu, owner %lx", out.rcx, out.rdx);
	expect(TDX_SUCCESS, PHYMEM_PAGE_WBINVD, with_keyid(data, KEYID));
	destroy(self);
}

static void lose(FIXTURE_DATA(strict) *self)
{
	uint64_t found;

	coco_emul_call(&found, 1, "LOSE_TD %#lx", self->pa[PAGE_TDR]);
	TEST_ASSERT(found, "There is no such TD");
}

/* A TD that is lost: nothing is possible but its teardown. */
TEST_F(strict, td_is_fatal)
{
	uint64_t tdr = self->pa[PAGE_TDR], vp = self->pa[PAGE_TDVPR], page = self->pa[PAGE_FREE];

	create(self);
	lose(self);
	expect(TDX_TD_FATAL, MNG_KEY_CONFIG, tdr);
	expect(TDX_TD_FATAL, MNG_ADDCX, page, tdr);
	expect(TDX_TD_FATAL, MNG_INIT, tdr, self->pa[PAGE_PARAMS]);
	destroy(self);

	create_and_init(self);
	add_sept(self);
	add_page(self);
	init_vcpu(self);
	lose(self);
	expect(TDX_TD_FATAL, MNG_RD, tdr, 0);
	expect(TDX_TD_FATAL, VP_CREATE, page, tdr);
	expect(TDX_TD_FATAL, VP_ADDCX, page, vp);
	expect(TDX_TD_FATAL, VP_INIT, vp);
	expect(TDX_TD_FATAL, VP_RD, vp, FIELD_POSTED_VECTOR);
	expect(TDX_TD_FATAL, VP_WR, vp, FIELD_POSTED_VECTOR, 0xf2, 0xffff);
	expect(TDX_TD_FATAL, VP_ENTER, vp);
	expect(TDX_TD_FATAL, MEM_SEPT_ADD, 3, tdr, page);
	expect(TDX_TD_FATAL, MEM_PAGE_ADD, GPA + PAGE_SIZE, tdr, page, self->pa[PAGE_SOURCE]);
	expect(TDX_TD_FATAL, MEM_PAGE_AUG, GPA + PAGE_SIZE, tdr, page);
	expect(TDX_TD_FATAL, MEM_RANGE_BLOCK, GPA, tdr);
	expect(TDX_TD_FATAL, MEM_TRACK, tdr);
	expect(TDX_TD_FATAL, MEM_PAGE_REMOVE, GPA, tdr);
	expect(TDX_TD_FATAL, MR_EXTEND, GPA, tdr);
	expect(TDX_TD_FATAL, MR_FINALIZE, tdr);
	/* The operand comes first, the rest of the state after. */
	expect(TDX_PAGE_METADATA_INCORRECT | RCX, MEM_TRACK, page);
	expect(TDX_LIFECYCLE_STATE_INCORRECT, PHYMEM_PAGE_RECLAIM, self->pa[PAGE_DATA]);
	expect(TDX_FLUSHVP_NOT_DONE, MNG_VPFLUSHDONE, tdr);
	expect(TDX_SUCCESS, VP_FLUSH, vp);
	destroy(self);
}

/* Where hardware has a machine check, the emulator counts: pages of any type. */
TEST_F(strict, host_writes)
{
	static const int pages[] = { PAGE_TDR, PAGE_TDCS, PAGE_TDVPR, PAGE_TDVPX, PAGE_DATA };
	int i;

	create_and_init(self);
	add_sept(self);
	add_page(self);
	init_vcpu(self);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		self->pages[pages[i] * PAGE_SIZE + 99]++;
	destroy(self);

	self->census.value[COCO_PAMT_HOST_WRITES] += ARRAY_SIZE(pages);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
