// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: SEAMCALL and the leaves behind it.
 *
 * Written from the Intel TDX Module ABI Reference Specification, "Host-Side
 * (SEAMCALL) Interface Functions". Every leaf checks all of its operands
 * before it changes anything. All run under coco_emul_lock: a leaf is only busy
 * if a test has another one pause, see lock.c, or injects it.
 */
#include <asm/processor-flags.h>

#include "tdx.h"

/* Leaf number in RAX, beside SEAMCALL_VERSION. */
#define SEAMCALL_LEAF		GENMASK_ULL(15, 0)

/*
 * Injecting this makes SEAMCALL itself fail with VMfailInvalid, which is what
 * happens if there is no TDX module. It is in the reserved status class.
 */
#define SEAMCALL_VMFAILINVALID	0x8000ff00ffff0000ULL

static const struct tdx_leaf *const tdx_leaves[] = {
	tdx_emul_sys_leaves,
	tdx_emul_mng_leaves,
	tdx_emul_vp_leaves,
	tdx_emul_mem_leaves,
	tdx_emul_mr_leaves,
	tdx_emul_phymem_leaves,
};

static const struct tdx_leaf *leaf_find(u64 rax)
{
	const struct tdx_leaf *leaf;
	unsigned int i;

	if (rax & ~(SEAMCALL_LEAF | SEAMCALL_VERSION))
		return NULL;

	for (i = 0; i < ARRAY_SIZE(tdx_leaves); i++) {
		for (leaf = tdx_leaves[i]; leaf->fn; leaf++) {
			if (leaf->nr == (rax & SEAMCALL_LEAF) &&
			    leaf->max_version >= (rax & SEAMCALL_VERSION) >> 16)
				return leaf;
		}
	}

	return NULL;
}

static u64 leaf_call(const struct tdx_leaf *leaf, struct pt_regs *regs)
{
	u64 status;

	if (!leaf)
		return TDX_OPERAND_INVALID;
	if (!leaf->before_lp_init && !tdx_emul_sys_lp_is_ready())
		return TDX_SYS_LP_INIT_NOT_DONE;
	if (!leaf->before_ready && !tdx_emul_sys_is_ready())
		return TDX_SYS_NOT_READY;

	status = leaf->fn(regs);
	if ((status & TDX_STATUS) != TDX_OPERAND_BUSY)
		tdx_emul_pause(leaf->pauses, TDX_PAUSE_INSIDE);
	tdx_emul_unlock_all();
	return status;
}

static bool emulate_seamcall(const struct coco_emul_insn *e, struct pt_regs *regs,
			     struct insn *insn)
{
	const struct tdx_leaf *leaf = leaf_find(regs->ax);
	u64 status;

	if (!tdx_emul_vmx_root())
		return false;

	if (leaf)
		tdx_emul_pause(leaf->pauses, TDX_PAUSE_BEFORE);
	if (!coco_emul_hit(e->point, &status) && !(leaf && coco_emul_hit(leaf->point, &status)))
		status = leaf_call(leaf, regs);
	if (leaf)
		tdx_emul_pause(leaf->pauses, TDX_PAUSE_AFTER);

	if (status == SEAMCALL_VMFAILINVALID) {
		coco_emul_set_flags(regs, X86_EFLAGS_CF);
		return true;
	}

	regs->ax = status;
	coco_emul_set_flags(regs, 0);
	return true;
}

/* Intel SDM, chapter "SEAM" */
const struct coco_emul_insn tdx_emul_seamcall_insns[] = {
	TDX_INSN("SEAMCALL", emulate_seamcall, 0x66, 0xff, 0xcf, false, 0x0f, 0x01),
	{}
};

void __init tdx_emul_seamcall_init(void)
{
	const struct tdx_leaf *leaf;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tdx_leaves); i++) {
		for (leaf = tdx_leaves[i]; leaf->fn; leaf++) {
			coco_emul_point_add(leaf->point);
			tdx_emul_pauses_add(leaf->pauses, leaf->point->name);
		}
	}
}
