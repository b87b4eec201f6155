// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: physical pages and caches, the leaves TDH.PHYMEM.
 */
#include <linux/topology.h>

#include <asm/apic.h>

#include "tdx.h"

/* A package's caches are written back in so many steps, after each of which it can stop. */
#define CACHE_WB_STEPS	8

enum cache_wb {
	CACHE_WB_START,
	CACHE_WB_RESUME,
	NR_CACHE_WB,
};

/* The step that comes next if a write-back was interrupted, by package, else 0 */
static unsigned int cache_wb_step[BITS_PER_TYPE(u64)];

/* Does an interrupt wait for the host? SEAMCALL has them off, as does the emulator. */
static bool interrupt_is_pending(void)
{
	unsigned int reg;

	for (reg = 0; reg < MAX_APIC_VECTOR / APIC_VECTORS_PER_REG; reg++) {
		if (apic_read(APIC_IRR + 0x10 * reg))
			return true;
	}

	return false;
}

static u64 leaf_phymem_cache_wb(struct pt_regs *regs)
{
	unsigned int *step = &cache_wb_step[topology_logical_package_id(raw_smp_processor_id())];
	u64 status;

	if (regs->cx >= NR_CACHE_WB)
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	status = tdx_emul_lock_wbcache() ?: tdx_emul_lock_kot(TDX_SHARED);
	if (status)
		return status;

	if (regs->cx == CACHE_WB_START) {
		*step = 0;
		if (!tdx_emul_td_write_back_start())
			return TDX_NO_HKID_READY_TO_WBCACHE;
	} else if (!*step) {
		return TDX_WBCACHE_RESUME_ERROR;
	}

	while (++*step < CACHE_WB_STEPS) {
		if (interrupt_is_pending())
			return TDX_INTERRUPTED_RESUMABLE;
	}

	*step = 0;
	tdx_emul_td_write_back_end();
	return TDX_SUCCESS;
}

static u64 leaf_phymem_page_reclaim(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct tdx_emul_td *td;
	u64 pa = regs->cx, status;
	u16 dirty_keyid = 0;

	regs->cx = 0;
	regs->dx = 0;
	regs->r8 = 0;

	status = tdx_emul_page_find(pa, OPERAND_RCX, TDX_EXCLUSIVE, &pamt);
	if (status)
		return status;
	if (pamt->type == PT_NDA || pamt->type == PT_RSVD)
		return TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX;

	regs->cx = pamt->type;
	regs->dx = pamt->owner;

	if (pamt->type != PT_TDR) {
		status = tdx_emul_lock_page(pamt->owner, TDX_SHARED, OPERAND_TDR);
		if (status)
			return status;
	}

	td = tdx_emul_td_find(pamt->type == PT_TDR ? pa : pamt->owner);
	if (td->lifecycle != TD_TEARDOWN)
		return TDX_LIFECYCLE_STATE_INCORRECT;

	switch (pamt->type) {
	case PT_TDR:
		if (td->nr_children)
			return TDX_TD_ASSOCIATED_PAGES_EXIST;
		td->tdr = 0;
		/* The module has used it until now, so that was after any write-back. */
		dirty_keyid = tdx_emul_global_keyid();
		break;
	case PT_TDVPR:
		tdx_emul_vp_free(pa);
		fallthrough;
	default:
		td->nr_children--;
		break;
	}

	tdx_emul_page_free(pa, pamt, dirty_keyid);
	return TDX_SUCCESS;
}

static u64 leaf_phymem_page_wbinvd(struct pt_regs *regs)
{
	unsigned int phys_bits = boot_cpu_data.x86_phys_bits;
	u64 pa = regs->cx & (BIT_ULL(phys_bits) - 1), status;
	u64 keyid = regs->cx >> phys_bits;
	struct pamt_entry *pamt;

	if (keyid >= TDX_FIRST_KEYID + TDX_NR_KEYIDS)
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	status = tdx_emul_page_check(pa, OPERAND_RCX, TDX_SHARED, PT_NDA, &pamt);
	if (status)
		return status;

	tdx_emul_page_write_back(pa, pamt, keyid);
	return TDX_SUCCESS;
}

static u64 leaf_phymem_page_rdmd(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	u64 status;

	status = tdx_emul_page_find(regs->cx, OPERAND_RCX, TDX_SHARED, &pamt);
	if (status)
		return status;

	regs->cx = pamt->type;
	regs->dx = pamt->type == PT_NDA ? 0 : pamt->owner;
	regs->r8 = 0;
	return TDX_SUCCESS;
}

const struct tdx_leaf tdx_emul_phymem_leaves[] = {
	TDX_LEAF("TDH.PHYMEM.PAGE.RECLAIM",	28, leaf_phymem_page_reclaim),
	TDX_LEAF("TDH.PHYMEM.PAGE.WBINVD",	41, leaf_phymem_page_wbinvd),
	TDX_LEAF("TDH.PHYMEM.CACHE.WB",		40, leaf_phymem_cache_wb),
	TDX_LEAF("TDH.PHYMEM.PAGE.RDMD",		24, leaf_phymem_page_rdmd),
	{}
};
