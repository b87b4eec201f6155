// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: vCPUs, the leaves TDH.VP.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/printk.h>

#include <asm/fpu/xcr.h>
#include <asm/vmx.h>

#include "vp.h"

#define TDX_MAX_VPS		256

/* What an address in memory of the host is until it is written */
#define NULL_PA			(~0ULL)

/* What the vector is until it is written, and the highest one that it can be */
#define POSTED_VECTOR_INIT	U16_MAX
#define POSTED_VECTOR_MAX	U8_MAX

/*
 * vCPU scope metadata that the host gets at: in which bits it may write, what
 * they begin with, and the size of what the field is the address of.
 */
static const struct {
	u64	id;
	u64	writable;
	u64	init;
	u64	size;
} vp_fields[NR_VP_FIELDS] = {
	/* VMCS */
	[VP_POSTED_VECTOR]	= { 0x0000000000000002, U16_MAX, POSTED_VECTOR_INIT, 0 },
	[VP_POSTED_DESC]	= { 0x0000000000002016, ~GENMASK_ULL(5, 0), NULL_PA, 64 },
	[VP_PIN_CONTROLS]	= { 0x0000000000004000, PIN_CONTROLS_POSTED, 0, 0 },
	[VP_SHARED_EPT]		= { 0x000000000000203c, GENMASK_ULL(51, 12), NULL_PA, PAGE_SIZE },
	/* management */
	[VP_PEND_NMI]		= { 0x200000000000000b, U8_MAX, 0, 0 },
	/* guest state */
	[VP_STATE_DETAILS]	= { 0x9100000000000100, 0, 0, 0 },
};

static struct tdx_emul_vp vps[TDX_MAX_VPS];

static struct tdx_emul_vp *vp_find(u64 tdvpr)
{
	struct tdx_emul_vp *vp;

	for (vp = vps; vp < vps + TDX_MAX_VPS; vp++) {
		if (vp->tdvpr == tdvpr)
			return vp;
	}

	return NULL;
}

/* A TDVPR operand, which also locks the TD. */
static u64 tdvpr_operand(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
			 struct tdx_emul_vp **vp)
{
	struct pamt_entry *pamt;
	u64 status;

	status = tdx_emul_page_check(pa, operand, mode, PT_TDVPR, &pamt);
	if (status)
		return status;

	*vp = vp_find(pa);
	return tdx_emul_lock_page((*vp)->td->tdr, TDX_SHARED, OPERAND_TDR);
}

/* The same, of a TD that is in one of @op_states. */
static u64 vp_operand(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
		      unsigned int op_states, struct tdx_emul_vp **vp)
{
	u64 status = tdvpr_operand(pa, operand, mode, vp);

	return status ?: tdx_emul_td_check_state((*vp)->td, op_states);
}

/* A vCPU of a TD with L2 VMs needs pages for them as well. */
static u64 vp_check_tdvps(const struct tdx_emul_vp *vp)
{
	unsigned int want = TDX_NR_TDVPS_PAGES + vp->td->nr_l2_vms * TDX_NR_L2_TDVPS_PAGES;

	return 1 + vp->nr_tdcx < want ? TDX_TDCX_NUM_INCORRECT : TDX_SUCCESS;
}

/* Every use of a vCPU associates it with the logical processor. */
static u64 vp_associate(struct tdx_emul_vp *vp)
{
	int lp = raw_smp_processor_id();

	u64 status = vp_check_tdvps(vp);

	if (status)
		return status;
	if (!vp->initialized)
		return TDX_VCPU_STATE_INCORRECT;
	if (vp->lp != VP_NOT_ASSOCIATED && vp->lp != lp)
		return TDX_VCPU_ASSOCIATED;

	if (vp->lp == VP_NOT_ASSOCIATED)
		vp->td->nr_assoc++;
	vp->lp = lp;
	return TDX_SUCCESS;
}

static u64 leaf_vp_create(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct tdx_emul_td *td;
	struct tdx_emul_vp *vp;
	u64 status;

	status = tdx_emul_td_operand(regs->dx, OPERAND_RDX, TDX_SHARED, OP_BUILD, &td);
	if (!status)
		status = tdx_emul_page_check(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (status)
		return status;

	vp = vp_find(0);
	if (!vp)
		return TDX_MAX_VCPUS_EXCEEDED;

	*vp = (struct tdx_emul_vp) {
		.tdvpr	= regs->cx,
		.td	= td,
		.lp	= VP_NOT_ASSOCIATED,
	};
	tdx_emul_td_take_page(td, regs->cx, pamt, PT_TDVPR);
	return TDX_SUCCESS;
}

static u64 leaf_vp_addcx(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct tdx_emul_vp *vp;
	u64 status;

	status = vp_operand(regs->dx, OPERAND_RDX, TDX_EXCLUSIVE, OP_BUILD, &vp);
	if (status)
		return status;
	if (vp->initialized)
		return TDX_VCPU_STATE_INCORRECT;
	if (vp->nr_tdcx == TDX_MAX_TDVPS_PAGES - 1)
		return TDX_TDCX_NUM_INCORRECT;
	status = tdx_emul_page_check(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (status)
		return status;

	vp->nr_tdcx++;
	tdx_emul_td_take_page(vp->td, regs->cx, pamt, PT_TDCX);
	return TDX_SUCCESS;
}

static u64 leaf_vp_init(struct pt_regs *regs)
{
	struct tdx_emul_vp *vp, *other;
	unsigned int i;
	u64 rcx = regs->dx, status;
	u32 x2apic_id;

	status = vp_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, OP_BUILD, &vp) ?:
		 vp_check_tdvps(vp);
	if (status)
		return status;
	if (vp->initialized)
		return TDX_VCPU_STATE_INCORRECT;
	if (vp->td->nr_vcpus == vp->td->max_vcpus)
		return TDX_MAX_VCPUS_EXCEEDED;
	status = tdx_emul_check_tsc_adjust();
	if (status)
		return status;

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

	for (i = 0; i < NR_VP_FIELDS; i++)
		vp->fields[i] = vp_fields[i].init;
	vp->x2apic_id = x2apic_id;
	vp->initialized = true;
	vp->index = vp->td->nr_vcpus++;
	tdx_emul_vp_reset(vp, rcx);
	return vp_associate(vp);
}

static u64 vp_field(u64 id, enum vp_field *field)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vp_fields); i++) {
		if (vp_fields[i].id == id) {
			*field = i;
			return TDX_SUCCESS;
		}
	}

	return TDX_METADATA_FIELD_ID_INCORRECT;
}

/* The values that make sense; which bits may be written has been checked. */
static u64 vp_check_value(const struct tdx_emul_vp *vp, enum vp_field field, u64 val)
{
	u64 size = vp_fields[field].size;

	if (size && !tdx_emul_is_shared(val, size))
		return TDX_METADATA_FIELD_VALUE_NOT_VALID;
	if (field == VP_POSTED_VECTOR && val > POSTED_VECTOR_MAX)
		return TDX_METADATA_FIELD_VALUE_NOT_VALID;
	if (field != VP_PIN_CONTROLS || !(val & PIN_CONTROLS_POSTED))
		return TDX_SUCCESS;

	/* Posted interrupts need both, and the status says which one is missing. */
	if (vp->fields[VP_POSTED_VECTOR] == POSTED_VECTOR_INIT)
		return TDX_TD_VMCS_FIELD_NOT_INITIALIZED | vp_fields[VP_POSTED_VECTOR].id;
	if (vp->fields[VP_POSTED_DESC] == NULL_PA)
		return TDX_TD_VMCS_FIELD_NOT_INITIALIZED | vp_fields[VP_POSTED_DESC].id;

	return TDX_SUCCESS;
}

static u64 leaf_vp_wr(struct pt_regs *regs)
{
	u64 val = regs->r8, mask = regs->r9, writable, old, status;
	struct tdx_emul_vp *vp;
	enum vp_field field;

	regs->r8 = 0;

	status = vp_operand(regs->cx, OPERAND_RCX, TDX_SHARED, OP_BUILD | OP_RUN, &vp) ?:
		 vp_associate(vp) ?:
		 vp_field(regs->dx, &field);
	if (status)
		return status;

	writable = vp_fields[field].writable;
	if (!(mask & writable))
		return TDX_METADATA_FIELD_NOT_WRITABLE;

	/* What a field begins with need not be a value that can be written. */
	old = vp->fields[field];
	if (old == NULL_PA)
		old &= writable;

	/* Bits that cannot be written may be in the mask if they stay what they are. */
	if ((old ^ val) & mask & ~writable)
		return TDX_METADATA_FIELD_VALUE_NOT_VALID;

	mask &= writable;
	val = (old & ~mask) | (val & mask);
	status = vp_check_value(vp, field, val);
	if (status)
		return status;

	regs->r8 = vp->fields[field];
	vp->fields[field] = val;
	return TDX_SUCCESS;
}

static u64 leaf_vp_rd(struct pt_regs *regs)
{
	struct tdx_emul_vp *vp;
	enum vp_field field;
	u64 status;

	regs->r8 = 0;

	status = vp_operand(regs->cx, OPERAND_RCX, TDX_SHARED, OP_BUILD | OP_RUN, &vp) ?:
		 vp_associate(vp) ?:
		 vp_field(regs->dx, &field);
	if (!status)
		regs->r8 = vp->fields[field];
	return status;
}

static u64 leaf_vp_flush(struct pt_regs *regs)
{
	struct tdx_emul_vp *vp;
	u64 status;

	status = tdvpr_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, &vp);
	if (status)
		return status;
	if (vp->td->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_TD_KEYS_NOT_CONFIGURED;
	status = vp_check_tdvps(vp);
	if (status)
		return status;
	if (vp->lp != raw_smp_processor_id())
		return TDX_VCPU_NOT_ASSOCIATED;

	vp->lp = VP_NOT_ASSOCIATED;
	vp->td->nr_assoc--;
	return TDX_SUCCESS;
}

/* Exit reason, in the low half of the status: VM entry has failed, invalid guest state */
#define EXIT_ENTRY_FAILED	(BIT_ULL(31) | EXIT_REASON_INVALID_STATE)

/* Does the CPU have what the TD needs? */
static bool can_run(const struct tdx_emul_td *td)
{
	/* XCR0 cannot be more than it is. */
	return tdx_emul_guest_runs() && td->shared_bit == 47 &&
	       !(td->xfam & ~xgetbv(XCR_XFEATURE_ENABLED_MASK));
}

/*
 * Where no TD can run, every VM entry fails. This is the status that lets KVM report
 * just that. On real hardware the vCPU could not be entered again after it; here it is
 * what it was, as nothing has happened to it.
 */
static u64 entry_fails(struct pt_regs *regs)
{
	printk_deferred_once(pr_fmt("TDH.VP.ENTER fails: this CPU cannot run the TD\n"));

	/* Exit qualification, extended one, GPA and interrupt information */
	regs->cx = 0;
	regs->dx = 0;
	regs->r8 = 0;
	regs->r9 = 0;
	return TDX_NON_RECOVERABLE_VCPU | EXIT_ENTRY_FAILED;
}

static u64 leaf_vp_enter(struct pt_regs *regs)
{
	struct tdx_emul_vp *vp;
	u64 status;

	status = vp_operand(regs->cx, OPERAND_RCX, TDX_SHARED, OP_RUN, &vp) ?:
		 vp_associate(vp) ?:
		 tdx_emul_check_tsc_adjust();
	if (status)
		return status;
	if (vp->disabled || vp->running)
		return TDX_VCPU_STATE_INCORRECT;

	return can_run(vp->td) ? tdx_emul_vp_enter(vp, regs) : entry_fails(regs);
}

/**
 * tdx_emul_vp_runs_before() - has a vCPU been inside since before an epoch?
 * @td:		the TD
 * @epoch:	the epoch
 */
bool tdx_emul_vp_runs_before(const struct tdx_emul_td *td, u32 epoch)
{
	struct tdx_emul_vp *vp;

	for (vp = vps; vp < vps + TDX_MAX_VPS; vp++) {
		if (vp->tdvpr && vp->td == td && vp->running && (s32)(vp->epoch - epoch) < 0)
			return true;
	}

	return false;
}

/**
 * tdx_emul_vp_free() - the TDVPR of a vCPU was reclaimed
 * @tdvpr:	its physical address
 */
void tdx_emul_vp_free(u64 tdvpr)
{
	struct tdx_emul_vp *vp = vp_find(tdvpr);

	tdx_emul_vp_put_pages(vp);
	vp->tdvpr = 0;
}

const struct tdx_leaf tdx_emul_vp_leaves[] = {
	TDX_LEAF("TDH.VP.CREATE",	10, leaf_vp_create),
	TDX_LEAF("TDH.VP.ADDCX",		 4, leaf_vp_addcx),
	TDX_LEAF("TDH.VP.INIT",		22, leaf_vp_init, .max_version = 1),
	TDX_LEAF("TDH.VP.WR",		43, leaf_vp_wr),
	TDX_LEAF("TDH.VP.RD",		26, leaf_vp_rd),
	TDX_LEAF("TDH.VP.FLUSH",		18, leaf_vp_flush),
	TDX_LEAF("TDH.VP.ENTER",		 0, leaf_vp_enter),
	{}
};
