// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: TDs, their keys and control pages.
 */
#include <linux/kprobes.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "tdx.h"

/* TD_PARAMS, as the host passes it to TDH.MNG.INIT. */
struct td_params {
	u64	attributes;
	u64	xfam;
	u16	max_vcpus;
	u8	rsvd0[6];
	u64	eptp_controls;
	u64	config_flags;
	u16	tsc_frequency;		/* in units of 25 MHz */
	u8	rsvd1[38];
	u64	mrconfigid[6];
	u64	mrowner[6];
	u64	mrownerconfig[6];
	u64	rsvd2[4];
	u32	cpuid[48][4];
};

#define EPTP_CONTROLS_4LEVEL	0x1eULL	/* write-back, 4-level walk */
#define EPTP_CONTROLS_5LEVEL	0x26ULL
#define CONFIG_FLAGS_GPAW	BIT_ULL(0)	/* the shared bit is 51, not 47 */
#define CONFIG_FLAGS_NO_RBP_MOD	BIT_ULL(2)
#define TSC_25MHZ_MIN		4
#define TSC_25MHZ_MAX		400
#define TSC_25MHZ_KHZ		25000

/* TD scope metadata. */
#define TD_FIELD_TSC_OFFSET	0x110000000000000aULL
#define TD_FIELD_TSC_MULTIPLIER	0x110000000000000bULL
#define TD_FIELD_CPUID		0x9410000300000000ULL
#define TD_FIELD_CPUID_MASK	GENMASK_ULL(16, 0)
#define TSC_MULTIPLIER_ONE	BIT_ULL(48)

struct emul_td *tdx_tds;

static u64 global_key, nr_keys;

/* A page of the host becomes one of a TD, with what is in it. */
void tdx_td_own_page(struct emul_td *td, u64 pa, struct pamt_entry *pamt,
		     enum tdx_page_type type)
{
	tdx_page_take(pa, pamt, type, td->tdr);
	td->nr_children++;
}
NOKPROBE_SYMBOL(tdx_td_own_page);

/* The same, with zeroes in it. */
void tdx_td_take_page(struct emul_td *td, u64 pa, struct pamt_entry *pamt,
		      enum tdx_page_type type)
{
	tdx_scramble_zeroes(td->key, pa);
	tdx_td_own_page(td, pa, pamt, type);
}
NOKPROBE_SYMBOL(tdx_td_take_page);

struct emul_td *tdx_td_find(u64 tdr)
{
	struct emul_td *td;

	for (td = tdx_tds; td < tdx_tds + TDX_MAX_TDS; td++) {
		if (td->tdr == tdr)
			return td;
	}

	return NULL;
}
NOKPROBE_SYMBOL(tdx_td_find);

/* A TDR operand, in whatever state. */
static u64 tdr_operand(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
		       struct emul_td **td)
{
	struct pamt_entry *pamt;
	u64 err;

	err = tdx_check_page(pa, operand, mode, PT_TDR, &pamt);
	if (!err)
		*td = tdx_td_find(pa);
	return err;
}
NOKPROBE_SYMBOL(tdr_operand);

u64 tdx_td_check_state(struct emul_td *td, unsigned int op_states)
{
	if (td->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_TD_KEYS_NOT_CONFIGURED;
	if (td->nr_tdcx != TDX_NR_TDCS_PAGES)
		return TDX_TDCS_NOT_ALLOCATED;
	if (!(op_states & BIT(td->op_state)))
		return TDX_OP_STATE_INCORRECT;

	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(tdx_td_check_state);

/* A TDR operand of a TD that has its key and TDCS and is in one of @op_states. */
u64 tdx_td_operand(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
		   unsigned int op_states, struct emul_td **td)
{
	u64 err = tdr_operand(pa, operand, mode, td);

	return err ?: tdx_td_check_state(*td, op_states);
}
NOKPROBE_SYMBOL(tdx_td_operand);

u64 leaf_mng_create(struct pt_regs *regs)
{
	u64 hkid = regs->dx, err;
	struct pamt_entry *pamt;
	struct emul_td *td;

	if (hkid <= TDX_FIRST_KEYID || hkid >= TDX_FIRST_KEYID + TDX_NR_KEYIDS)
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	err = tdx_check_page(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (err)
		return err;

	for (td = tdx_tds; td < tdx_tds + TDX_MAX_TDS; td++) {
		if (td->tdr && td->lifecycle != TD_TEARDOWN && td->hkid == hkid)
			return TDX_HKID_NOT_FREE;
	}

	/* Torn-down TDs keep their slot until the TDR is reclaimed. */
	td = tdx_td_find(0);
	if (!td)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	*td = (struct emul_td) {
		.tdr		= regs->cx,
		.lifecycle	= TD_HKID_ASSIGNED,
		.hkid		= hkid,
	};
	tdx_scramble_zeroes(global_key, regs->cx);
	tdx_page_take(regs->cx, pamt, PT_TDR, 0);
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mng_create);

u64 leaf_mng_key_config(struct pt_regs *regs)
{
	struct emul_td *td;
	u64 err;

	err = tdr_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, &td);
	if (err)
		return err;
	if (td->lifecycle != TD_HKID_ASSIGNED)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	if (td->keyed & tdx_this_package())
		return TDX_KEY_CONFIGURED;

	/* No random numbers in this context: only the first key is random. */
	if (!td->keyed)
		td->key = global_key + ++nr_keys * 0xd1342543de82ef95ULL;
	td->keyed |= tdx_this_package();
	if (tdx_all_packages(td->keyed))
		td->lifecycle = TD_KEYS_CONFIGURED;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mng_key_config);

u64 leaf_mng_addcx(struct pt_regs *regs)
{
	struct pamt_entry *pamt;
	struct emul_td *td;
	u64 err;

	err = tdr_operand(regs->dx, OPERAND_RDX, TDX_EXCLUSIVE, &td);
	if (err)
		return err;
	if (td->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_TD_KEYS_NOT_CONFIGURED;
	if (td->nr_tdcx == TDX_NR_TDCS_PAGES)
		return TDX_TDCX_NUM_INCORRECT;
	err = tdx_check_page(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, PT_NDA, &pamt);
	if (err)
		return err;

	td->tdcs[td->nr_tdcx++] = regs->cx;
	tdx_td_take_page(td, regs->cx, pamt, PT_TDCX);
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mng_addcx);

static u64 td_params_check(const struct td_params *p)
{
	unsigned int i, j;

	if (p->attributes & ~TDX_ATTRIBUTES_FIXED0 ||
	    (p->attributes & TDX_ATTRIBUTES_FIXED1) != TDX_ATTRIBUTES_FIXED1)
		return TDX_OPERAND_INVALID | OPERAND_ATTRIBUTES;
	if (p->xfam & ~TDX_XFAM_FIXED0 || (p->xfam & TDX_XFAM_FIXED1) != TDX_XFAM_FIXED1)
		return TDX_OPERAND_INVALID | OPERAND_XFAM;
	if (!p->max_vcpus || p->max_vcpus > TDX_MAX_VCPUS_PER_TD)
		return TDX_OPERAND_INVALID | OPERAND_MAX_VCPUS;
	if (p->eptp_controls != EPTP_CONTROLS_4LEVEL &&
	    (p->eptp_controls != EPTP_CONTROLS_5LEVEL || !tdx_has_5level_ept()))
		return TDX_OPERAND_INVALID | OPERAND_EPTP_CONTROLS;
	if (p->config_flags & CONFIG_FLAGS_GPAW && p->eptp_controls != EPTP_CONTROLS_5LEVEL)
		return TDX_OPERAND_INVALID | OPERAND_EPTP_CONTROLS;
	if (p->config_flags & ~(CONFIG_FLAGS_GPAW | CONFIG_FLAGS_NO_RBP_MOD))
		return TDX_OPERAND_INVALID | OPERAND_EXEC_CONTROLS;
	if (p->tsc_frequency < TSC_25MHZ_MIN || p->tsc_frequency > TSC_25MHZ_MAX)
		return TDX_OPERAND_INVALID | OPERAND_TSC_FREQUENCY;
	if (memchr_inv(p->rsvd0, 0, sizeof(p->rsvd0)) ||
	    memchr_inv(p->rsvd1, 0, sizeof(p->rsvd1)) ||
	    memchr_inv(p->rsvd2, 0, sizeof(p->rsvd2)))
		return TDX_OPERAND_INVALID | OPERAND_RDX;

	for (i = 0; i < ARRAY_SIZE(p->cpuid); i++) {
		for (j = 0; j < ARRAY_SIZE(p->cpuid[i]); j++) {
			u32 mask = i < TDX_NR_CPUID_CONFIG ? tdx_cpuid_configs[i].mask[j] : 0;

			if (p->cpuid[i][j] & ~mask)
				return TDX_OPERAND_INVALID | OPERAND_CPUID_CONFIG;
		}
	}

	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(td_params_check);

u64 leaf_mng_init(struct pt_regs *regs)
{
	struct td_params *p;
	struct emul_td *td;
	u64 tdr = regs->cx;
	u64 err;

	BUILD_BUG_ON(sizeof(*p) != 1024);

	regs->cx = 0;

	err = tdr_operand(tdr, OPERAND_RCX, TDX_EXCLUSIVE, &td);
	if (err)
		return err;

	p = coco_emul_ram(regs->dx, sizeof(*p));
	if (!p || regs->dx % sizeof(*p))
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	if (td->lifecycle == TD_KEYS_CONFIGURED && td->nr_tdcx != TDX_NR_TDCS_PAGES)
		return TDX_TDCX_NUM_INCORRECT;

	err = tdx_td_check_state(td, BIT(OP_UNINITIALIZED)) ?: td_params_check(p);
	if (err)
		return err;

	td->attributes = p->attributes;
	td->xfam = p->xfam;
	td->max_vcpus = p->max_vcpus;
	td->tsc_khz = p->tsc_frequency * TSC_25MHZ_KHZ;
	td->mrconfigid = p->mrconfigid[0];
	td->root_level = p->eptp_controls == EPTP_CONTROLS_5LEVEL ? 4 : 3;
	td->shared_bit = p->config_flags & CONFIG_FLAGS_GPAW ? 51 : 47;
	memcpy(td->cpuid, p->cpuid, sizeof(td->cpuid));
	tdx_mrtd_init(td);
	td->op_state = OP_INITIALIZED;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mng_init);

/* The field number holds leaf, subleaf, and which half of the registers. */
static u64 td_read_cpuid(struct emul_td *td, u64 id, u64 *val)
{
	u32 leaf = (id & BIT(16) ? BIT(31) : 0) | (id >> 9 & 0x7f);
	u32 subleaf = id & BIT(8) ? TDX_CPUID_NO_SUBLEAF : id >> 1 & 0x7f;
	bool high = id & BIT(0);
	unsigned int i;

	for (i = 0; i < TDX_NR_CPUID_CONFIG; i++) {
		if (tdx_cpuid_configs[i].leaf == leaf && tdx_cpuid_configs[i].subleaf == subleaf) {
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
NOKPROBE_SYMBOL(td_read_cpuid);

u64 leaf_mng_rd(struct pt_regs *regs)
{
	u64 field = regs->dx, err, val = 0;
	struct emul_td *td;

	regs->r8 = 0;

	err = tdx_td_operand(regs->cx, OPERAND_RCX, TDX_SHARED,
			     BIT(OP_INITIALIZED) | BIT(OP_RUNNABLE), &td);
	if (err)
		return err;

	if (field == TD_FIELD_TSC_MULTIPLIER)
		val = TSC_MULTIPLIER_ONE;
	else if ((field & ~TD_FIELD_CPUID_MASK) == TD_FIELD_CPUID)
		err = td_read_cpuid(td, field & TD_FIELD_CPUID_MASK, &val);
	else if (field != TD_FIELD_TSC_OFFSET)
		err = TDX_METADATA_FIELD_ID_INCORRECT;

	if (!err)
		regs->r8 = val;
	return err;
}
NOKPROBE_SYMBOL(leaf_mng_rd);

u64 leaf_mng_vpflushdone(struct pt_regs *regs)
{
	struct emul_td *td;
	u64 err;

	err = tdr_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, &td);
	if (err)
		return err;
	if (td->lifecycle != TD_HKID_ASSIGNED && td->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	if (td->nr_assoc)
		return TDX_FLUSHVP_NOT_DONE;

	td->lifecycle = TD_BLOCKED;
	td->flushed = 0;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mng_vpflushdone);

u64 leaf_mng_key_freeid(struct pt_regs *regs)
{
	struct emul_td *td;
	u64 err;

	err = tdr_operand(regs->cx, OPERAND_RCX, TDX_EXCLUSIVE, &td);
	if (err)
		return err;
	if (td->lifecycle != TD_BLOCKED)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	if (!tdx_all_packages(td->flushed))
		return TDX_WBCACHE_NOT_COMPLETE;

	td->lifecycle = TD_TEARDOWN;
	return TDX_SUCCESS;
}
NOKPROBE_SYMBOL(leaf_mng_key_freeid);

int __init tdx_td_init(void)
{
	tdx_tds = kvcalloc(TDX_MAX_TDS, sizeof(*tdx_tds), GFP_KERNEL);
	if (!tdx_tds)
		return -ENOMEM;

	global_key = get_random_u64();
	return 0;
}
