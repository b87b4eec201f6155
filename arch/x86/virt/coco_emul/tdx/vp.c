// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: vCPUs.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/kprobes.h>
#include <linux/printk.h>

#include "tdx.h"

#define TDX_MAX_VPS		256

#define VP_NOT_ASSOCIATED	(-1)

/**
 * struct emul_vp - a vCPU: what the real module keeps in TDVPR and TDCX
 * @tdvpr:	physical address of the TDVPR, 0 if the slot is free
 * @td:		the TD
 * @nr_tdcx:	pages added with TDH.VP.ADDCX
 * @initialized: TDH.VP.INIT done
 * @lp:		logical processor that it is associated with
 * @x2apic_id:	as given to TDH.VP.INIT
 * @fields:	values of vp_fields[]
 */
struct emul_vp {
	u64		tdvpr;
	struct emul_td	*td;
	unsigned int	nr_tdcx;
	bool		initialized;
	int		lp;
	u32		x2apic_id;
	u64		fields[6];
};

/* vCPU scope metadata that the host gets at, and which bits it may write. */
static const struct {
	u64	id;
	u64	writable;
} vp_fields[] = {
	{ 0x0000000000000002, U16_MAX },	/* VMCS: posted-interrupt vector */
	{ 0x0000000000002016, U64_MAX },	/* VMCS: posted-interrupt descriptor */
	{ 0x0000000000004000, BIT_ULL(7) },	/* VMCS: pin-based controls */
	{ 0x000000000000203c, U64_MAX },	/* VMCS: shared EPT pointer */
	{ 0x200000000000000b, BIT_ULL(0) },	/* management: pending NMI */
	{ 0x9100000000000100, 0 },		/* guest state details */
};

static struct emul_vp vps[TDX_MAX_VPS];

static struct emul_vp *vp_find(u64 tdvpr)
{
	struct emul_vp *vp;

	for (vp = vps; vp < vps + TDX_MAX_VPS; vp++) {
		if (vp->tdvpr == tdvpr)
			return vp;
	}

	return NULL;
}
NOKPROBE_SYMBOL(vp_find);

/* A TDVPR operand, which also locks the TD. */
static u64 tdvpr_operand(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
			 struct emul_vp **vp)
{
	struct pamt_entry *pamt;
	u64 err;

	err = tdx_check_page(pa, operand, mode, PT_TDVPR, &pamt);
	if (err)
		return err;

	*vp = vp_find(pa);
	return tdx_lock_page((*vp)->td->tdr, TDX_SHARED, OPERAND_TDR);
}
NOKPROBE_SYMBOL(tdvpr_operand);

/* The same, of a TD that is in one of @op_states. */
static u64 vp_operand(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
		      unsigned int op_states, struct emul_vp **vp)
{
	u64 err = tdvpr_operand(pa, operand, mode, vp);

	return err ?: tdx_td_check_state((*vp)->td, op_states);
}
NOKPROBE_SYMBOL(vp_operand);

/* Every use of a vCPU associates it with the logical processor. */
static u64 vp_associate(struct emul_vp *vp)
{
	int lp = raw_smp_processor_id();

	if (!vp->initialized)
		return TDX_VCPU_STATE_INCORRECT;
	if (vp->lp != VP_NOT_ASSOCIATED && vp->lp != lp)
		return TDX_VCPU_ASSOCIATED;

	if (vp->lp == VP_NOT_ASSOCIATED)
		vp->td->nr_assoc++;
	vp->lp = lp;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(vp_associate);

u64 leaf_vp_create(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct emul_td *td;
	struct emul_vp *vp;
	u64 err;

	err = tdx_td_operand(regs->dx, OPERAND_RDX, TDX_SHARED, BIT(OP_INITIALIZED), &td);
	if (!err)
		err = tdx_check_page(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (err)
		return err;

	vp = vp_find(0);
	if (!vp)
		return TDX_MAX_VCPUS_EXCEEDED;

	*vp = (struct emul_vp) {
		.tdvpr	= regs->cx,
		.td	= td,
		.lp	= VP_NOT_ASSOCIATED,
	};
	tdx_td_take_page(td, regs->cx, pamt, PT_TDVPR);
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_vp_create);

u64 leaf_vp_addcx(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct emul_vp *vp;
	u64 err;

	err = vp_operand(regs->dx, OPERAND_RDX, TDX_EXCLUSIVE, BIT(OP_INITIALIZED), &vp);
	if (err)
		return err;
	if (vp->initialized)
		return TDX_VCPU_STATE_INCORRECT;
	if (vp->nr_tdcx == TDX_NR_TDVPS_PAGES - 1)
		return TDX_TDCX_NUM_INCORRECT;
	err = tdx_check_page(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (err)
		return err;

	vp->nr_tdcx++;
	tdx_td_take_page(vp->td, regs->cx, pamt, PT_TDCX);
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_vp_addcx);

u64 leaf_vp_init(struct pt_regs *regs)
{
	struct emul_vp *vp, *other;
	u32 x2apic_id;
	u64 err;

	err = vp_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, BIT(OP_INITIALIZED), &vp);
	if (err)
		return err;
	if (vp->initialized)
		return TDX_VCPU_STATE_INCORRECT;
	if (vp->nr_tdcx != TDX_NR_TDVPS_PAGES - 1)
		return TDX_TDCX_NUM_INCORRECT;
	if (vp->td->nr_vcpus == vp->td->max_vcpus)
		return TDX_MAX_VCPUS_EXCEEDED;

	/* Version 0 numbers the vCPUs, version 1 takes the ID from the host. */
	x2apic_id = vp->td->nr_vcpus;
	if (regs->ax & SEAMCALL_VERSION) {
		if (regs->r8 >> 32)
			return TDX_OPERAND_INVALID | OPERAND_R8;
		x2apic_id = regs->r8;
	}

	for (other = vps; other < vps + TDX_MAX_VPS; other++) {
		if (other->tdvpr && other->td == vp->td && other->initialized &&
		    other->x2apic_id == x2apic_id)
			return TDX_X2APIC_ID_NOT_UNIQUE;
	}

	vp->x2apic_id = x2apic_id;
	vp->initialized = true;
	vp->td->nr_vcpus++;
	return vp_associate(vp);
}
NOKPROBE_SYMBOL(leaf_vp_init);

static u64 vp_field(u64 id, unsigned int *field)
{
	unsigned int i;

	BUILD_BUG_ON(ARRAY_SIZE(vp_fields) != ARRAY_SIZE(vps->fields));

	for (i = 0; i < ARRAY_SIZE(vp_fields); i++) {
		if (vp_fields[i].id == id) {
			*field = i;
			return TDX_SUCCESS;
		}
	}

	return TDX_METADATA_FIELD_ID_INCORRECT;
}
NOKPROBE_SYMBOL(vp_field);

u64 leaf_vp_wr(struct pt_regs *regs)
{
	u64 val = regs->r8, mask = regs->r9, err;
	unsigned int field;
	struct emul_vp *vp;

	err = vp_operand(regs->cx, OPERAND_RCX, TDX_SHARED,
			 BIT(OP_INITIALIZED) | BIT(OP_RUNNABLE), &vp) ?:
	      vp_field(regs->dx, &field);
	if (err)
		return err;
	if (mask & ~vp_fields[field].writable)
		return TDX_METADATA_FIELD_NOT_WRITABLE;

	err = vp_associate(vp);
	if (err)
		return err;

	regs->r8 = vp->fields[field];
	vp->fields[field] = (vp->fields[field] & ~mask) | (val & mask);
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_vp_wr);

u64 leaf_vp_rd(struct pt_regs *regs)
{
	unsigned int field;
	struct emul_vp *vp;
	u64 err;

	regs->r8 = 0;

	err = vp_operand(regs->cx, OPERAND_RCX, TDX_SHARED,
			 BIT(OP_INITIALIZED) | BIT(OP_RUNNABLE), &vp) ?:
	      vp_field(regs->dx, &field) ?:
	      vp_associate(vp);
	if (!err)
		regs->r8 = vp->fields[field];
	return err;
}
NOKPROBE_SYMBOL(leaf_vp_rd);

u64 leaf_vp_flush(struct pt_regs *regs)
{
	struct emul_vp *vp;
	u64 err;

	err = tdvpr_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, &vp);
	if (err)
		return err;
	if (vp->td->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_TD_KEYS_NOT_CONFIGURED;
	if (vp->lp != raw_smp_processor_id())
		return TDX_VCPU_NOT_ASSOCIATED;

	vp->lp = VP_NOT_ASSOCIATED;
	vp->td->nr_assoc--;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_vp_flush);

/* There is nothing to run a guest on: the vCPU is lost, the TD is not. */
u64 leaf_vp_enter(struct pt_regs *regs)
{
	struct emul_vp *vp;
	u64 err;

	err = vp_operand(regs->cx, OPERAND_RCX, TDX_SHARED, BIT(OP_RUNNABLE), &vp) ?:
	      vp_associate(vp);
	if (err)
		return err;

	printk_deferred_once(pr_fmt("TDH.VP.ENTER fails: only the host side of TDX is emulated\n"));
	return TDX_NON_RECOVERABLE_VCPU;
}
NOKPROBE_SYMBOL(leaf_vp_enter);

/* The TDVPR was reclaimed. */
void tdx_vp_free(u64 tdvpr)
{
	vp_find(tdvpr)->tdvpr = 0;
}
NOKPROBE_SYMBOL(tdx_vp_free);
