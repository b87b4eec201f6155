// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: TDs, their keys and control pages, the leaves TDH.MNG.
 *
 * debugfs, directory coco_emul:
 *   tds	per TD: physical address of the TDR, KeyID, states, "LOST" if nothing
 *		but its teardown is possible, vCPUs, number
 *		of pages, first word of MRCONFIGID, and MRTD (of what has been
 *		measured so far, until the measurement is final)
 *   sept	per TD: every entry of the Secure EPT, and how the page that it
 *		points to begins when the host reads it
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "tdx.h"

/* TD scope metadata. */
#define TD_FIELD_TSC_OFFSET	0x110000000000000aULL
#define TD_FIELD_TSC_MULTIPLIER	0x110000000000000bULL
#define TD_FIELD_CPUID		0x9410000300000000ULL
#define TD_FIELD_CPUID_MASK	GENMASK_ULL(16, 0)
#define TSC_MULTIPLIER_ONE	BIT_ULL(48)

#define TDX_MAX_TDS		64

static struct tdx_emul_td *tds;

/* What the module keeps to itself is scrambled with this. */
static u64 global_key;

static void scramble_zeroes(u64 key, u64 pa)
{
	coco_emul_scramble(key, pa, __va(pa), NULL, PAGE_SIZE);
}

/**
 * tdx_emul_td_own_page() - give a page to a TD, contents kept
 * @td:		the TD
 * @pa:		physical address of the page
 * @pamt:	its PAMT entry
 * @type:	what the page is from now on
 */
void tdx_emul_td_own_page(struct tdx_emul_td *td, u64 pa, struct pamt_entry *pamt,
			  enum tdx_page_type type)
{
	tdx_emul_page_take(pa, pamt, type, td->tdr);
	td->nr_children++;
}

/**
 * tdx_emul_td_take_page() - give a page to a TD, zeroed
 * @td:		the TD
 * @pa:		physical address of the page
 * @pamt:	its PAMT entry
 * @type:	what the page is from now on
 */
void tdx_emul_td_take_page(struct tdx_emul_td *td, u64 pa, struct pamt_entry *pamt,
			   enum tdx_page_type type)
{
	scramble_zeroes(td->key, pa);
	tdx_emul_td_own_page(td, pa, pamt, type);
}

/**
 * tdx_emul_td_find() - look up a TD
 * @tdr:	physical address of the TDR, 0 for a free slot
 *
 * Return: NULL if there is none.
 */
struct tdx_emul_td *tdx_emul_td_find(u64 tdr)
{
	struct tdx_emul_td *td;

	for (td = tds; td < tds + TDX_MAX_TDS; td++) {
		if (td->tdr == tdr)
			return td;
	}

	return NULL;
}

/* A TDR operand, in whatever state. */
static u64 tdr_operand(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
		       struct tdx_emul_td **td)
{
	struct pamt_entry *pamt;
	u64 status;

	status = tdx_emul_page_check(pa, operand, mode, PT_TDR, &pamt);
	if (!status)
		*td = tdx_emul_td_find(pa);
	return status;
}

/**
 * tdx_emul_td_lose() - from now on nothing but the teardown of a TD is possible
 * @td:		the TD
 * @why:	what has happened to it
 */
void tdx_emul_td_lose(struct tdx_emul_td *td, const char *why)
{
	if (!td->fatal)
		printk_deferred(pr_fmt("TD %#llx is lost: %s\n"), td->tdr, why);
	td->fatal = true;
}

/**
 * tdx_emul_td_check_state() - check that a TD has its key and its TDCS
 * @td:		the TD
 * @op_states:	bits of the enum tdx_op_state that it may be in
 */
u64 tdx_emul_td_check_state(struct tdx_emul_td *td, unsigned int op_states)
{
	if (td->fatal)
		return TDX_TD_FATAL;
	if (td->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_TD_KEYS_NOT_CONFIGURED;
	if (td->nr_tdcx < TDX_NR_TDCS_PAGES)
		return TDX_TDCS_NOT_ALLOCATED;
	if (!(op_states & BIT(td->op_state)))
		return TDX_OP_STATE_INCORRECT;

	return TDX_SUCCESS;
}

/**
 * tdx_emul_td_operand() - check and lock an operand that is the TDR of a working TD
 * @pa:		the operand
 * @operand:	which operand, for the status
 * @mode:	how to lock it
 * @op_states:	as for tdx_emul_td_check_state()
 * @td:		where to put the TD
 */
u64 tdx_emul_td_operand(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
			unsigned int op_states, struct tdx_emul_td **td)
{
	u64 status = tdr_operand(pa, operand, mode, td);

	return status ?: tdx_emul_td_check_state(*td, op_states);
}

static u64 leaf_mng_create(struct pt_regs *regs)
{
	u64 hkid = regs->dx, status;
	struct pamt_entry *pamt;
	struct tdx_emul_td *td;

	if (hkid < TDX_FIRST_KEYID || hkid >= TDX_FIRST_KEYID + TDX_NR_KEYIDS)
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	status = tdx_emul_page_check(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, PT_NDA, &pamt) ?:
		 tdx_emul_lock_kot(TDX_EXCLUSIVE);
	if (status)
		return status;

	if (hkid == tdx_emul_global_keyid())
		return TDX_HKID_NOT_FREE;
	for (td = tds; td < tds + TDX_MAX_TDS; td++) {
		if (td->tdr && td->lifecycle != TD_TEARDOWN && td->hkid == hkid)
			return TDX_HKID_NOT_FREE;
	}

	/* Torn-down TDs keep their slot until the TDR is reclaimed. */
	td = tdx_emul_td_find(0);
	if (!td)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	*td = (struct tdx_emul_td) {
		.tdr		= regs->cx,
		.lifecycle	= TD_HKID_ASSIGNED,
		.hkid		= hkid,
	};
	scramble_zeroes(global_key, regs->cx);
	tdx_emul_page_take(regs->cx, pamt, PT_TDR, 0);
	return TDX_SUCCESS;
}

static u64 leaf_mng_key_config(struct pt_regs *regs)
{
	struct tdx_emul_td *td;
	u64 status;

	status = tdr_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, &td);
	if (status)
		return status;
	if (td->fatal)
		return TDX_TD_FATAL;
	if (td->lifecycle != TD_HKID_ASSIGNED)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	if (td->keyed & tdx_emul_this_package())
		return TDX_KEY_CONFIGURED;

	if (!td->keyed)
		td->key = coco_emul_new_key();
	td->keyed |= tdx_emul_this_package();
	if (tdx_emul_all_packages(td->keyed))
		td->lifecycle = TD_KEYS_CONFIGURED;
	return TDX_SUCCESS;
}

static u64 leaf_mng_addcx(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct tdx_emul_td *td;
	u64 status;

	status = tdr_operand(regs->dx, OPERAND_RDX, TDX_EXCLUSIVE, &td);
	if (status)
		return status;
	if (td->fatal)
		return TDX_TD_FATAL;
	if (td->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_TD_KEYS_NOT_CONFIGURED;
	if (td->nr_tdcx == TDX_MAX_TDCS_PAGES)
		return TDX_TDCX_NUM_INCORRECT;
	status = tdx_emul_page_check(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (status)
		return status;
	/* The state is in the TDCS, so it can be known only now. */
	if (td->nr_tdcx >= TDX_NR_TDCS_PAGES && td->op_state != OP_UNINITIALIZED)
		return TDX_OP_STATE_INCORRECT;

	td->tdcs[td->nr_tdcx++] = regs->cx;
	tdx_emul_td_take_page(td, regs->cx, pamt, PT_TDCX);
	return TDX_SUCCESS;
}

static u64 leaf_mng_init(struct pt_regs *regs)
{
	struct tdx_emul_td *td;
	u64 tdr = regs->cx;
	u64 status;

	regs->cx = 0;

	status = tdx_emul_td_operand(tdr, OPERAND_RCX, TDX_EXCLUSIVE, BIT(OP_UNINITIALIZED), &td);
	if (!status)
		status = tdx_emul_td_params(td, regs->dx, regs);
	if (status)
		return status;

	sha384_init(&td->measured);
	td->op_state = OP_INITIALIZED;
	return TDX_SUCCESS;
}

/* The field number holds leaf, subleaf, and which half of the registers. */
static u64 td_read_cpuid(struct tdx_emul_td *td, u64 id, u64 *val)
{
	u32 leaf = (id & BIT(16) ? BIT(31) : 0) | (id >> 9 & 0x7f);
	u32 subleaf = id & BIT(8) ? TDX_CPUID_NO_SUBLEAF : id >> 1 & 0x7f;
	bool high = id & BIT(0);
	unsigned int i;

	for (i = 0; i < TDX_NR_CPUID_CONFIG; i++) {
		const struct tdx_cpuid_config *config = &tdx_emul_cpuid_configs[i];

		if (config->leaf == leaf && config->subleaf == subleaf) {
			*val = (u64)td->cpuid[i][high * 2 + 1] << 32 | td->cpuid[i][high * 2];
			return TDX_SUCCESS;
		}
	}

	if (subleaf != TDX_CPUID_NO_SUBLEAF)
		return TDX_METADATA_FIELD_NOT_READABLE;

	switch (leaf) {
	case 0:
		/* highest leaf, "GenuineIntel" */
		*val = high ? 0x49656e696c65746eULL : 0x756e654700000007ULL;
		return TDX_SUCCESS;
	case 0x80000000:
		*val = high ? 0 : 0x80000008;
		return TDX_SUCCESS;
	default:
		return TDX_METADATA_FIELD_NOT_READABLE;
	}
}

static u64 leaf_mng_rd(struct pt_regs *regs)
{
	u64 field = regs->dx, status, val = 0;
	struct tdx_emul_td *td;

	regs->r8 = 0;

	status = tdx_emul_td_operand(regs->cx, OPERAND_RCX, TDX_SHARED,
				     OP_BUILD | OP_RUN, &td);
	if (status)
		return status;

	if (field == TD_FIELD_TSC_MULTIPLIER)
		val = TSC_MULTIPLIER_ONE;
	else if ((field & ~TD_FIELD_CPUID_MASK) == TD_FIELD_CPUID)
		status = td_read_cpuid(td, field & TD_FIELD_CPUID_MASK, &val);
	else if (field != TD_FIELD_TSC_OFFSET)
		status = TDX_METADATA_FIELD_ID_INCORRECT;

	if (!status)
		regs->r8 = val;
	return status;
}

static u64 leaf_mng_vpflushdone(struct pt_regs *regs)
{
	struct tdx_emul_td *td;
	u64 status;

	status = tdr_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, &td) ?:
		 tdx_emul_lock_kot(TDX_EXCLUSIVE);
	if (status)
		return status;
	if (td->lifecycle != TD_HKID_ASSIGNED && td->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	if (td->nr_assoc)
		return TDX_FLUSHVP_NOT_DONE;

	td->lifecycle = TD_BLOCKED;
	td->flushing = 0;
	td->flushed = 0;
	return TDX_SUCCESS;
}

static u64 leaf_mng_key_freeid(struct pt_regs *regs)
{
	struct tdx_emul_td *td;
	u64 status;

	status = tdr_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, &td);
	if (status)
		return status;
	if (td->lifecycle != TD_BLOCKED)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	status = tdx_emul_lock_kot(TDX_EXCLUSIVE);
	if (status)
		return status;
	if (!tdx_emul_all_packages(td->flushed))
		return TDX_WBCACHE_NOT_COMPLETE;

	td->lifecycle = TD_TEARDOWN;
	tdx_emul_td_free_memory(td);
	return TDX_SUCCESS;
}

const struct tdx_leaf tdx_emul_mng_leaves[] = {
	TDX_LEAF("TDH.MNG.CREATE",	 9, leaf_mng_create),
	TDX_LEAF("TDH.MNG.KEY.CONFIG",	 8, leaf_mng_key_config),
	TDX_LEAF("TDH.MNG.ADDCX",	 1, leaf_mng_addcx),
	TDX_LEAF("TDH.MNG.INIT",	21, leaf_mng_init),
	TDX_LEAF("TDH.MNG.RD",		11, leaf_mng_rd),
	TDX_LEAF("TDH.MNG.VPFLUSHDONE",	19, leaf_mng_vpflushdone),
	TDX_LEAF("TDH.MNG.KEY.FREEID",	20, leaf_mng_key_freeid),
	{}
};

/**
 * tdx_emul_td_invalidate() - INVEPT: what is known of the host's EPT is not to be used
 */
void tdx_emul_td_invalidate(void)
{
	struct tdx_emul_td *td;

	for (td = tds; td < tds + TDX_MAX_TDS; td++)
		tdx_emul_td_unmap_shared(td);
}

/**
 * tdx_emul_td_write_back_start() - a cache write-back of this package begins
 *
 * Return: false if no TD waits for it.
 */
bool tdx_emul_td_write_back_start(void)
{
	u64 package = tdx_emul_this_package();
	struct tdx_emul_td *td;
	bool any = false;

	for (td = tds; td < tds + TDX_MAX_TDS; td++) {
		td->flushing &= ~package;
		if (!td->tdr || td->lifecycle != TD_BLOCKED)
			continue;
		td->flushing |= package;
		any = true;
	}

	return any;
}

/**
 * tdx_emul_td_write_back_end() - it is done, for the TDs that waited at its start
 */
void tdx_emul_td_write_back_end(void)
{
	struct tdx_emul_td *td;

	for (td = tds; td < tds + TDX_MAX_TDS; td++)
		td->flushed |= td->flushing & tdx_emul_this_package();
}

static const char *const lifecycle_names[] = {
	[TD_HKID_ASSIGNED]	= "HKID_ASSIGNED",
	[TD_KEYS_CONFIGURED]	= "KEYS_CONFIGURED",
	[TD_BLOCKED]		= "BLOCKED",
	[TD_TEARDOWN]		= "TEARDOWN",
};

static const char *const op_state_names[] = {
	[OP_UNINITIALIZED]	= "UNINITIALIZED",
	[OP_INITIALIZED]	= "INITIALIZED",
	[OP_RUNNABLE]		= "RUNNABLE",
};

/* The measurement as it stands, final or not */
static void td_mrtd(const struct tdx_emul_td *td, u8 mrtd[SHA384_DIGEST_SIZE])
{
	struct sha384_ctx ctx = td->measured;

	if (td->op_state == OP_RUNNABLE)
		memcpy(mrtd, td->mrtd, SHA384_DIGEST_SIZE);
	else
		sha384_final(&ctx, mrtd);
}

static void td_show(struct seq_file *m, struct tdx_emul_td *td)
{
	u8 mrtd[SHA384_DIGEST_SIZE] = {};

	if (td->op_state != OP_UNINITIALIZED)
		td_mrtd(td, mrtd);

	seq_printf(m, "tdr %#llx hkid %u %s %s%s vcpus %u pages %llu mrconfigid %#llx mrtd %*phN\n",
		   td->tdr, td->hkid, lifecycle_names[td->lifecycle],
		   op_state_names[td->op_state], td->fatal ? " LOST" : "", td->nr_vcpus,
		   td->nr_children, td->mrconfigid, SHA384_DIGEST_SIZE, mrtd);
}

static int tds_show(struct seq_file *m, void *v)
{
	struct tdx_emul_td *td;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	for (td = tds; td < tds + TDX_MAX_TDS; td++) {
		if (td->tdr)
			td_show(m, td);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(tds);

static int sept_show(struct seq_file *m, void *v)
{
	struct tdx_emul_td *td;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	for (td = tds; td < tds + TDX_MAX_TDS; td++) {
		if (td->tdr)
			tdx_emul_sept_show(m, td);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sept);

int __init tdx_emul_td_init(struct dentry *debugfs)
{
	tds = kvcalloc(TDX_MAX_TDS, sizeof(*tds), GFP_KERNEL);
	if (!tds)
		return -ENOMEM;

	scoped_guard(raw_spinlock_irqsave, &coco_emul_lock)
		global_key = coco_emul_new_key();

	debugfs_create_file("tds", 0400, debugfs, NULL, &tds_fops);
	debugfs_create_file("sept", 0400, debugfs, NULL, &sept_fops);
	return 0;
}
