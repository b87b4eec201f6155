// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: its own bring-up, TDMRs, and the PAMT in them.
 *
 * The PAMT stands in the memory that the host donates for its 4 KiB level, so
 * the module needs none of its own. Pages are tracked at that level only.
 */
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/topology.h>

#include <asm/msr.h>

#include "tdx.h"

#define TDMR_INFO_ALIGN		512
#define TDMR_ALIGN		BIT_ULL(30)

/* A TDMR is initialised in steps of this size. */
#define TDMR_INIT_STEP		SZ_64M

/* Bytes of a PAMT to count at a time. */
#define TDMR_CENSUS_STEP	SZ_256K

/* Where the PAMT is for pages of one size: 1 GiB, 2 MiB or 4 KiB */
#define TDMR_NR_PAMTS		3
struct tdmr_pamt {
	u64	base;
	u64	size;
};

/* TDMR_INFO, as the host passes it to TDH.SYS.CONFIG. */
struct tdmr_info {
	u64	base;
	u64	size;
	struct tdmr_pamt	pamt[TDMR_NR_PAMTS];
	struct {
		u64	offset;
		u64	size;
	} reserved[TDX_MAX_RESERVED];
};

/* What is left of it; @next is the first address not initialised yet. */
struct tdmr {
	struct tdmr_info	info;
	u64			next;
};

static enum {
	SYS_UNINITIALIZED,
	SYS_LP_INIT,		/* TDH.SYS.INIT done, CPUs and TDH.SYS.CONFIG pending */
	SYS_CONFIGURED,		/* TDH.SYS.KEY.CONFIG pending */
	SYS_READY,
} sys_state;

static cpumask_t sys_lps;	/* TDH.SYS.LP.INIT done */
static u64 sys_keyed;		/* packages that have the global key */
static u16 sys_keyid;		/* of the global key */
static u64 sys_tsc_adjust;	/* IA32_TSC_ADJUST at TDH.SYS.INIT */
static struct tdmr tdmrs[TDX_MAX_TDMRS];
static unsigned int nr_tdmrs;

static const struct tdmr_pamt *nth_pamt(unsigned int i)
{
	return &tdmrs[i / TDMR_NR_PAMTS].info.pamt[i % TDMR_NR_PAMTS];
}

/* Global metadata, "TDX Module ABI Reference Tables: Global Scope Metadata". */
static const struct {
	u64	id;
	u64	val;
} sys_fields[] = {
	/* minor, major and update version */
	{ 0x0800000100000003, 5 },
	{ 0x0800000100000004, 1 },
	{ 0x0800000100000005, 0 },
	/* TDX_FEATURES0: RBP is left alone, topology enumeration */
	{ 0x0a00000300000008, BIT_ULL(18) | BIT_ULL(20) },
	{ 0x9100000100000008, TDX_MAX_TDMRS },
	{ 0x9100000100000009, TDX_MAX_RESERVED },
	{ 0x9100000100000010, TDX_PAMT_ENTRY_SIZE },
	{ 0x9100000100000011, TDX_PAMT_ENTRY_SIZE },
	{ 0x9100000100000012, TDX_PAMT_ENTRY_SIZE },
	/* sizes of TDR, TDCS and TDVPS */
	{ 0x9800000100000000, PAGE_SIZE },
	{ 0x9800000100000100, TDX_NR_TDCS_PAGES * PAGE_SIZE },
	{ 0x9800000100000200, TDX_NR_TDVPS_PAGES * PAGE_SIZE },
	{ 0x1900000300000000, TDX_ATTRIBUTES_FIXED0 },
	{ 0x1900000300000001, TDX_ATTRIBUTES_FIXED1 },
	{ 0x1900000300000002, TDX_XFAM_FIXED0 },
	{ 0x1900000300000003, TDX_XFAM_FIXED1 },
	{ 0x9900000100000004, TDX_NR_CPUID_CONFIG },
	{ 0x9900000100000008, TDX_MAX_VCPUS_PER_TD },
};

#define SYS_FIELD_CPUID_LEAVES	0x9900000300000400ULL
#define SYS_FIELD_CPUID_VALUES	0x9900000300000500ULL

/**
 * tdx_emul_this_package() - the package that this CPU is in, as a bit
 */
u64 tdx_emul_this_package(void)
{
	return BIT_ULL(topology_logical_package_id(raw_smp_processor_id()));
}

/**
 * tdx_emul_all_packages() - is that all the packages of the machine?
 * @packages:	a bit for each package
 */
bool tdx_emul_all_packages(u64 packages)
{
	return hweight64(packages) == topology_max_packages();
}

/**
 * tdx_emul_sys_is_ready() - is the module configured, so that there can be TDs?
 */
bool tdx_emul_sys_is_ready(void)
{
	return sys_state == SYS_READY;
}

/**
 * tdx_emul_sys_lp_is_ready() - has TDH.SYS.LP.INIT been done on this CPU?
 */
bool tdx_emul_sys_lp_is_ready(void)
{
	return cpumask_test_cpu(raw_smp_processor_id(), &sys_lps);
}

/**
 * tdx_emul_global_keyid() - the KeyID of what the module keeps to itself
 */
u16 tdx_emul_global_keyid(void)
{
	return sys_keyid;
}

/**
 * tdx_emul_check_tsc_adjust() - has the host left the time stamp counter alone?
 */
u64 tdx_emul_check_tsc_adjust(void)
{
	u64 adjust;

	rdmsrq(MSR_IA32_TSC_ADJUST, adjust);
	return adjust == sys_tsc_adjust ? TDX_SUCCESS : TDX_INCONSISTENT_MSR | MSR_IA32_TSC_ADJUST;
}

static u64 leaf_sys_init(struct pt_regs *regs)
{
	if (sys_state != SYS_UNINITIALIZED)
		return TDX_SYS_INIT_NOT_PENDING;
	if (regs->cx)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	rdmsrq(MSR_IA32_TSC_ADJUST, sys_tsc_adjust);
	sys_state = SYS_LP_INIT;
	return TDX_SUCCESS;
}

static u64 leaf_sys_lp_init(struct pt_regs *regs)
{
	if (sys_state == SYS_UNINITIALIZED)
		return TDX_SYS_LP_INIT_NOT_PENDING;
	if (tdx_emul_sys_lp_is_ready())
		return TDX_SYS_LP_INIT_DONE;

	cpumask_set_cpu(raw_smp_processor_id(), &sys_lps);
	return TDX_SUCCESS;
}

/**
 * tdx_emul_sys_field() - read a metadata field of the module
 * @id:		its identifier
 * @val:	where to put it
 */
u64 tdx_emul_sys_field(u64 id, u64 *val)
{
	u64 i;

	for (i = 0; i < ARRAY_SIZE(sys_fields); i++) {
		if (sys_fields[i].id == id) {
			*val = sys_fields[i].val;
			return TDX_SUCCESS;
		}
	}

	i = id - SYS_FIELD_CPUID_LEAVES;
	if (i < TDX_NR_CPUID_CONFIG) {
		const struct tdx_cpuid_config *config = &tdx_emul_cpuid_configs[i];

		*val = (u64)config->subleaf << 32 | config->leaf;
		return TDX_SUCCESS;
	}

	i = id - SYS_FIELD_CPUID_VALUES;
	if (i < 2 * TDX_NR_CPUID_CONFIG) {
		const u32 *mask = &tdx_emul_cpuid_configs[i / 2].mask[i % 2 * 2];

		*val = (u64)mask[1] << 32 | mask[0];
		return TDX_SUCCESS;
	}

	return TDX_METADATA_FIELD_ID_INCORRECT;
}

static u64 leaf_sys_rd(struct pt_regs *regs)
{
	u64 val = 0, status = tdx_emul_sys_field(regs->dx, &val);

	regs->r8 = val;
	return status;
}

/* A reserved area holds nothing that a TD could use, a PAMT for example. */
static bool tdmr_is_reserved(const struct tdmr_info *tdmr, u64 start, u64 end)
{
	unsigned int i;

	for (i = 0; i < TDX_MAX_RESERVED && tdmr->reserved[i].size; i++) {
		u64 base = tdmr->base + tdmr->reserved[i].offset;

		if (start >= base && end <= base + tdmr->reserved[i].size)
			return true;
	}

	return false;
}

static u64 tdmr_check_reserved(const struct tdmr_info *tdmr)
{
	bool last = false;
	unsigned int i;
	u64 end = 0;

	for (i = 0; i < TDX_MAX_RESERVED; i++) {
		u64 offset = tdmr->reserved[i].offset, size = tdmr->reserved[i].size;

		if (!size) {
			last = true;
			continue;
		}
		if ((offset | size) & ~PAGE_MASK || offset > tdmr->size ||
		    size > tdmr->size - offset)
			return TDX_INVALID_RESERVED_IN_TDMR;
		if (last || offset < end)
			return TDX_NON_ORDERED_RESERVED_IN_TDMR;
		end = offset + size;
	}

	return TDX_SUCCESS;
}

static u64 tdmr_check(const struct tdmr_info *tdmr, const struct tdmr_info *prev)
{
	u64 limit = BIT_ULL(boot_cpu_data.x86_phys_bits), page_size;
	unsigned int i;

	if ((tdmr->base | tdmr->size) & (TDMR_ALIGN - 1) || !tdmr->size ||
	    tdmr->size > limit || tdmr->base > limit - tdmr->size)
		return TDX_INVALID_TDMR;
	if (prev && tdmr->base < prev->base + prev->size)
		return TDX_NON_ORDERED_TDMR;

	for (i = 0, page_size = TDMR_ALIGN; i < ARRAY_SIZE(tdmr->pamt); i++, page_size >>= 9) {
		u64 base = tdmr->pamt[i].base, size = tdmr->pamt[i].size;

		if ((base | size) & ~PAGE_MASK || size > limit || base > limit - size ||
		    size < tdmr->size / page_size * TDX_PAMT_ENTRY_SIZE ||
		    !pfn_valid(PHYS_PFN(base)) || !pfn_valid(PHYS_PFN(base + size - 1)))
			return TDX_INVALID_PAMT;
	}

	return tdmr_check_reserved(tdmr);
}

/* No TD may be given a page of a PAMT, and none may be in two of them. */
static bool pamt_overlaps(unsigned int index, unsigned int nr)
{
	const struct tdmr_pamt *pamt = nth_pamt(index), *other;
	u64 end = pamt->base + pamt->size;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct tdmr_info *tdmr = &tdmrs[i].info;
		u64 s = max(pamt->base, tdmr->base), e = min(end, tdmr->base + tdmr->size);

		if (s < e && !tdmr_is_reserved(tdmr, s, e))
			return true;
	}

	for (i = 0; i < index; i++) {
		other = nth_pamt(i);
		if (pamt->base < other->base + other->size && other->base < end)
			return true;
	}

	return false;
}

static u64 leaf_sys_config(struct pt_regs *regs)
{
	u64 nr = regs->dx, status;
	unsigned int i;
	u64 *pas;

	if (sys_state != SYS_LP_INIT)
		return TDX_SYS_CONFIG_NOT_PENDING;
	if (!cpumask_subset(cpu_online_mask, &sys_lps))
		return TDX_SYS_LP_INIT_NOT_DONE;

	if (!nr || nr > TDX_MAX_TDMRS)
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	pas = coco_emul_ram(regs->cx, nr * sizeof(*pas));
	if (!pas || regs->cx % TDMR_INFO_ALIGN)
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	if (regs->r8 < TDX_FIRST_KEYID || regs->r8 >= TDX_FIRST_KEYID + TDX_NR_KEYIDS)
		return TDX_OPERAND_INVALID | OPERAND_R8;

	for (i = 0; i < nr; i++) {
		struct tdmr_info *info = coco_emul_ram(pas[i], sizeof(*info));

		if (!info || pas[i] % TDMR_INFO_ALIGN)
			return TDX_OPERAND_INVALID | OPERAND_TDMR_INFO_PA;

		status = tdmr_check(info, i ? &tdmrs[i - 1].info : NULL);
		if (status)
			return status | i;

		tdmrs[i].info = *info;
		tdmrs[i].next = info->base;
	}

	for (i = 0; i < nr * TDMR_NR_PAMTS; i++) {
		if (pamt_overlaps(i, nr))
			return TDX_PAMT_OVERLAP | i / TDMR_NR_PAMTS;
	}

	nr_tdmrs = nr;
	sys_keyid = regs->r8;
	sys_state = SYS_CONFIGURED;
	return TDX_SUCCESS;
}

static u64 leaf_sys_key_config(struct pt_regs *regs)
{
	if (sys_state != SYS_CONFIGURED || sys_keyed & tdx_emul_this_package())
		return TDX_SYS_KEY_CONFIG_NOT_PENDING;

	sys_keyed |= tdx_emul_this_package();
	if (tdx_emul_all_packages(sys_keyed))
		sys_state = SYS_READY;
	return TDX_SUCCESS;
}

static struct pamt_entry *tdmr_pamt(const struct tdmr *tdmr, u64 pa)
{
	struct pamt_entry *pamt = __va(tdmr->info.pamt[2].base);

	BUILD_BUG_ON(sizeof(*pamt) != TDX_PAMT_ENTRY_SIZE);

	return &pamt[(pa - tdmr->info.base) >> PAGE_SHIFT];
}

static void tdmr_reserve(struct tdmr *tdmr, u64 start, u64 end)
{
	unsigned int i;
	u64 pa;

	for (i = 0; i < TDX_MAX_RESERVED && tdmr->info.reserved[i].size; i++) {
		u64 base = tdmr->info.base + tdmr->info.reserved[i].offset;

		for (pa = max(start, base); pa < min(end, base + tdmr->info.reserved[i].size);
		     pa += PAGE_SIZE)
			tdmr_pamt(tdmr, pa)->type = PT_RSVD;
	}
}

static u64 leaf_sys_tdmr_init(struct pt_regs *regs)
{
	struct tdmr *tdmr;
	u64 end;

	regs->dx = 0;

	for (tdmr = tdmrs; tdmr < tdmrs + nr_tdmrs; tdmr++) {
		if (tdmr->info.base == regs->cx)
			break;
	}
	if (tdmr == tdmrs + nr_tdmrs)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	end = tdmr->info.base + tdmr->info.size;
	if (tdmr->next == end)
		return TDX_TDMR_ALREADY_INITIALIZED;

	end = min(end, tdmr->next + TDMR_INIT_STEP);
	memset(tdmr_pamt(tdmr, tdmr->next), 0,
	       (end - tdmr->next) / PAGE_SIZE * sizeof(struct pamt_entry));
	tdmr_reserve(tdmr, tdmr->next, end);

	tdmr->next = end;
	regs->dx = round_down(end, TDMR_ALIGN);
	return TDX_SUCCESS;
}

/* Those that bring the module up can be called before it is. */
const struct tdx_leaf tdx_emul_sys_leaves[] = {
	TDX_LEAF("TDH.SYS.INIT",	33, leaf_sys_init, .before_ready = true,
		 .before_lp_init = true),
	TDX_LEAF("TDH.SYS.LP.INIT",	35, leaf_sys_lp_init, .before_ready = true,
		 .before_lp_init = true),
	TDX_LEAF("TDH.SYS.RD",		34, leaf_sys_rd, .before_ready = true),
	TDX_LEAF("TDH.SYS.CONFIG",	45, leaf_sys_config, .before_ready = true),
	TDX_LEAF("TDH.SYS.KEY.CONFIG",	31, leaf_sys_key_config, .before_ready = true),
	TDX_LEAF("TDH.SYS.TDMR.INIT",	36, leaf_sys_tdmr_init),
	{}
};

/**
 * tdx_emul_pamt() - what the module knows of a page
 * @pa:		physical address
 *
 * Return: the PAMT entry, NULL if no initialised TDMR has the page.
 */
struct pamt_entry *tdx_emul_pamt(u64 pa)
{
	struct tdmr *tdmr;

	for (tdmr = tdmrs; tdmr < tdmrs + nr_tdmrs; tdmr++) {
		if (pa >= tdmr->info.base && pa < tdmr->next)
			return tdmr_pamt(tdmr, pa);
	}

	return NULL;
}

/**
 * tdx_emul_pamt_census() - how many pages there are of each type
 * @count:	number of pages, by enum tdx_page_type
 *
 * Counts what is there, not what was counted: lockless, exact if all is quiet.
 */
void tdx_emul_pamt_census(u64 count[NR_PT])
{
	const struct pamt_entry *pamt, *end;
	struct tdmr *tdmr;

	memset(count, 0, NR_PT * sizeof(count[0]));

	for (tdmr = tdmrs; tdmr < tdmrs + nr_tdmrs; tdmr++) {
		end = tdmr_pamt(tdmr, tdmr->next);
		for (pamt = tdmr_pamt(tdmr, tdmr->info.base); pamt < end; pamt++) {
			if (pamt->type < NR_PT)
				count[pamt->type]++;
			if (IS_ALIGNED((unsigned long)pamt, TDMR_CENSUS_STEP))
				cond_resched();
		}
	}
}
