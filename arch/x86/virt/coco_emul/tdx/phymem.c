// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: physical pages and caches, the leaves TDH.PHYMEM.
 */
#include "tdx.h"

/* Only an injected fault interrupts this: nothing is done then, so resuming is starting. */
static u64 leaf_phymem_cache_wb(struct pt_regs *regs)
{
	if (regs->cx > 1)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	return tdx_emul_td_write_back() ? TDX_SUCCESS : TDX_NO_HKID_READY_TO_WBCACHE;
}

static u64 leaf_phymem_page_reclaim(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct tdx_emul_td *td;
	u64 pa = regs->cx, status;

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
		break;
	case PT_TDVPR:
		tdx_emul_vp_free(pa);
		fallthrough;
	default:
		td->nr_children--;
		break;
	}

	tdx_emul_page_free(pa, pamt);
	return TDX_SUCCESS;
}

/* There is no cache to write back: only the operand is checked. */
static u64 leaf_phymem_page_wbinvd(struct pt_regs *regs)
{
	unsigned int phys_bits = boot_cpu_data.x86_phys_bits;
	struct pamt_entry *pamt;

	if (regs->cx >> phys_bits >= TDX_FIRST_KEYID + TDX_NR_KEYIDS)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	return tdx_emul_page_check(regs->cx & (BIT_ULL(phys_bits) - 1), OPERAND_RCX, TDX_SHARED,
			      PT_NDA, &pamt);
}

static u64 leaf_phymem_page_rdmd(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	u64 status;

	status = tdx_emul_page_find(regs->cx, OPERAND_RCX, TDX_SHARED, &pamt);
	if (status)
		return status;

	regs->cx = pamt->type;
	regs->dx = pamt->owner;
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
