// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: SEAMCALL and the leaves behind it.
 *
 * Written from the Intel TDX Module ABI Reference Specification, "Host-Side
 * (SEAMCALL) Interface Functions". Every leaf checks all of its operands
 * before it changes anything. All run under coco_emul_lock: a leaf is only busy
 * if a test has another one pause, see lock.c, or injects it.
 */
#include <linux/kprobes.h>

#include "tdx.h"

/* Leaf number in RAX, beside SEAMCALL_VERSION. */
#define SEAMCALL_LEAF		GENMASK_ULL(15, 0)

/*
 * Injecting this makes SEAMCALL itself fail with VMfailInvalid, which is what
 * happens if there is no TDX module. It is in the reserved status class.
 */
#define SEAMCALL_VMFAILINVALID	0x8000ff00ffff0000ULL

/**
 * struct tdh_leaf - a SEAMCALL leaf
 * @name:	name in counters and for fault injection
 * @nr:		number, RAX[15:0]
 * @max_version: highest version, RAX[23:16]
 * @sys:	may be called before the module is ready
 * @fn:		carries it out, returns the completion status
 */
struct tdh_leaf {
	const char	*name;
	u16		nr;
	u8		max_version;
	bool		sys;
	u64		(*fn)(struct pt_regs *regs);
};

static const struct tdh_leaf tdh_leaves[] = {
	{ "TDH.SYS.INIT",		33, 0, true,  leaf_sys_init },
	{ "TDH.SYS.LP.INIT",		35, 0, true,  leaf_sys_lp_init },
	{ "TDH.SYS.RD",			34, 0, true,  leaf_sys_rd },
	{ "TDH.SYS.CONFIG",		45, 0, true,  leaf_sys_config },
	{ "TDH.SYS.KEY.CONFIG",		31, 0, true,  leaf_sys_key_config },
	{ "TDH.SYS.TDMR.INIT",		36, 0, false, leaf_sys_tdmr_init },
	{ "TDH.MNG.CREATE",		 9, 0, false, leaf_mng_create },
	{ "TDH.MNG.KEY.CONFIG",		 8, 0, false, leaf_mng_key_config },
	{ "TDH.MNG.ADDCX",		 1, 0, false, leaf_mng_addcx },
	{ "TDH.MNG.INIT",		21, 0, false, leaf_mng_init },
	{ "TDH.MNG.RD",			11, 0, false, leaf_mng_rd },
	{ "TDH.MNG.VPFLUSHDONE",	19, 0, false, leaf_mng_vpflushdone },
	{ "TDH.MNG.KEY.FREEID",		20, 0, false, leaf_mng_key_freeid },
	{ "TDH.VP.CREATE",		10, 0, false, leaf_vp_create },
	{ "TDH.VP.ADDCX",		 4, 0, false, leaf_vp_addcx },
	{ "TDH.VP.INIT",		22, 1, false, leaf_vp_init },
	{ "TDH.VP.WR",			43, 0, false, leaf_vp_wr },
	{ "TDH.VP.RD",			26, 0, false, leaf_vp_rd },
	{ "TDH.VP.FLUSH",		18, 0, false, leaf_vp_flush },
	{ "TDH.VP.ENTER",		 0, 0, false, leaf_vp_enter },
	{ "TDH.MEM.SEPT.ADD",		 3, 0, false, leaf_mem_sept_add },
	{ "TDH.MEM.PAGE.ADD",		 2, 0, false, leaf_mem_page_add },
	{ "TDH.MEM.PAGE.AUG",		 6, 0, false, leaf_mem_page_aug },
	{ "TDH.MEM.RANGE.BLOCK",	 7, 0, false, leaf_mem_range_block },
	{ "TDH.MEM.TRACK",		38, 0, false, leaf_mem_track },
	{ "TDH.MEM.PAGE.REMOVE",	29, 0, false, leaf_mem_page_remove },
	{ "TDH.MR.EXTEND",		16, 0, false, leaf_mr_extend },
	{ "TDH.MR.FINALIZE",		17, 0, false, leaf_mr_finalize },
	{ "TDH.PHYMEM.PAGE.RECLAIM",	28, 0, false, leaf_phymem_page_reclaim },
	{ "TDH.PHYMEM.PAGE.WBINVD",	41, 0, false, leaf_phymem_page_wbinvd },
	{ "TDH.PHYMEM.CACHE.WB",	40, 0, false, leaf_phymem_cache_wb },
	{ "TDH.PHYMEM.PAGE.RDMD",	24, 0, false, leaf_phymem_page_rdmd },
};

static const struct tdh_leaf *tdh_leaf_find(u64 rax)
{
	unsigned int i;

	if (rax & ~(SEAMCALL_LEAF | SEAMCALL_VERSION))
		return NULL;

	for (i = 0; i < ARRAY_SIZE(tdh_leaves); i++) {
		if (tdh_leaves[i].nr == (rax & SEAMCALL_LEAF) &&
		    tdh_leaves[i].max_version >= (rax & SEAMCALL_VERSION) >> 16)
			return &tdh_leaves[i];
	}

	return NULL;
}
NOKPROBE_SYMBOL(tdh_leaf_find);

/* How many the leaf is, from 0 on, for whoever counts or pauses it */
static unsigned int tdh_index(const struct tdh_leaf *leaf)
{
	return leaf - tdh_leaves;
}
NOKPROBE_SYMBOL(tdh_index);

static u64 tdh_call(const struct tdh_leaf *leaf, struct pt_regs *regs)
{
	u64 status;

	if (!leaf)
		return TDX_OPERAND_INVALID;
	if (leaf->fn != leaf_sys_init && leaf->fn != leaf_sys_lp_init && !tdx_sys_lp_ready())
		return TDX_SYS_LP_INIT_NOT_DONE;
	if (!leaf->sys && !tdx_sys_ready())
		return TDX_SYS_NOT_READY;

	status = leaf->fn(regs);
	if ((status & TDX_STATUS) != TDX_OPERAND_BUSY)
		tdx_pause(tdh_index(leaf), TDX_PAUSE_INSIDE);
	tdx_unlock_all();
	return status;
}
NOKPROBE_SYMBOL(tdh_call);

bool coco_emul_seamcall(struct pt_regs *regs, struct insn *insn)
{
	const struct tdh_leaf *leaf = tdh_leaf_find(regs->ax);
	u64 status;

	if (!coco_emul_vmx_root())
		return false;

	if (leaf)
		tdx_pause(tdh_index(leaf), TDX_PAUSE_BEFORE);
	if (!coco_emul_hit(&tdx_points[POINT_SEAMCALL], &status) &&
	    !(leaf && coco_emul_hit(&tdx_points[POINT_TDH + tdh_index(leaf)], &status)))
		status = tdh_call(leaf, regs);
	if (leaf)
		tdx_pause(tdh_index(leaf), TDX_PAUSE_AFTER);

	if (status == SEAMCALL_VMFAILINVALID) {
		coco_emul_set_flags(regs, X86_EFLAGS_CF);
		return true;
	}

	regs->ax = status;
	coco_emul_set_flags(regs, 0);
	return true;
}
NOKPROBE_SYMBOL(coco_emul_seamcall);

void __init tdx_seamcall_init(void)
{
	unsigned int i;

	BUILD_BUG_ON(ARRAY_SIZE(tdh_leaves) != NR_TDH_POINTS);

	for (i = 0; i < ARRAY_SIZE(tdh_leaves); i++)
		tdx_points[POINT_TDH + i].name = tdh_leaves[i].name;
}
