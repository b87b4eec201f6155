// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: physical pages and caches, the leaves TDH.PHYMEM.
 */
#include <linux/kprobes.h>

#include "tdx.h"

/* Only an injected fault interrupts this: nothing is done then, so resuming is starting. */
u64 leaf_phymem_cache_wb(struct pt_regs *regs)
{
	bool done = false;
	struct emul_td *td;

	if (regs->cx > 1)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	for (td = tdx_tds; td < tdx_tds + TDX_MAX_TDS; td++) {
		if (!td->tdr || td->lifecycle != TD_BLOCKED)
			continue;
		td->flushed |= tdx_this_package();
		done = true;
	}

	return done ? TDX_SUCCESS : TDX_NO_HKID_READY_TO_WBCACHE;
}
NOKPROBE_SYMBOL(leaf_phymem_cache_wb);

u64 leaf_phymem_page_reclaim(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct emul_td *td;
	u64 pa = regs->cx, err;

	regs->cx = 0;
	regs->dx = 0;
	regs->r8 = 0;

	err = tdx_find_page(pa, OPERAND_RCX, TDX_EXCLUSIVE, &pamt);
	if (err)
		return err;
	if (pamt->type == PT_NDA || pamt->type == PT_RSVD)
		return TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX;

	regs->cx = pamt->type;
	regs->dx = pamt->owner;

	if (pamt->type != PT_TDR) {
		err = tdx_lock_page(pamt->owner, TDX_SHARED, OPERAND_TDR);
		if (err)
			return err;
	}

	td = tdx_td_find(pamt->type == PT_TDR ? pa : pamt->owner);
	if (td->lifecycle != TD_TEARDOWN)
		return TDX_LIFECYCLE_STATE_INCORRECT;

	switch (pamt->type) {
	case PT_TDR:
		if (td->nr_children)
			return TDX_TD_ASSOCIATED_PAGES_EXIST;
		td->tdr = 0;
		break;
	case PT_TDVPR:
		tdx_vp_free(pa);
		fallthrough;
	default:
		td->nr_children--;
		break;
	}

	tdx_page_free(pa, pamt);
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_phymem_page_reclaim);

/* There is no cache to write back: only the operand is checked. */
u64 leaf_phymem_page_wbinvd(struct pt_regs *regs)
{
	unsigned int phys_bits = boot_cpu_data.x86_phys_bits;
	struct pamt_entry *pamt;

	if (regs->cx >> phys_bits >= TDX_FIRST_KEYID + TDX_NR_KEYIDS)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	return tdx_check_page(regs->cx & (BIT_ULL(phys_bits) - 1), OPERAND_RCX, TDX_SHARED,
			      PT_NDA, &pamt);
}
NOKPROBE_SYMBOL(leaf_phymem_page_wbinvd);

u64 leaf_phymem_page_rdmd(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	u64 err;

	err = tdx_find_page(regs->cx, OPERAND_RCX, TDX_SHARED, &pamt);
	if (err)
		return err;

	regs->cx = pamt->type;
	regs->dx = pamt->owner;
	regs->r8 = 0;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_phymem_page_rdmd);
