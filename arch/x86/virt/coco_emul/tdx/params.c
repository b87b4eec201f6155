// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: how a TD is to be, TD_PARAMS of TDH.MNG.INIT, and the
 * CPUID leaves that the host configures.
 *
 * What is checked, and in which order, is as in Intel's implementation; the order
 * decides only which of several faults is reported.
 */
#include <asm/cpufeatures.h>
#include <asm/cpuid/api.h>
#include <asm/msr-index.h>

#include "tdx.h"

/* TD_PARAMS */
struct td_params {
	u64	attributes;
	u64	xfam;
	u16	max_vcpus;
	u8	nr_l2_vms;
	u8	msr_config;
	u8	rsvd0[4];
	u64	eptp_controls;
	u64	config_flags;
	u16	tsc_frequency;		/* in units of 25 MHz */
	u8	rsvd1[38];
	u64	mrconfigid[6];
	u64	mrowner[6];
	u64	mrownerconfig[6];
	u64	arch_capabilities;
	u64	rsvd2[3];
	u32	cpuid[TDX_NR_CPUID_CONFIG][4];
	u32	rsvd3[48 - TDX_NR_CPUID_CONFIG][4];
};

#define EPTP_CONTROLS_4LEVEL	0x1eULL	/* write-back, 4-level walk */
#define EPTP_CONTROLS_5LEVEL	0x26ULL
#define CONFIG_FLAGS_GPAW	BIT_ULL(0)	/* the shared bit is 51, not 47 */
#define CONFIG_FLAGS_NO_RBP_MOD	BIT_ULL(2)
#define MSR_CONFIG_ARCH_CAPS	BIT(0)
#define TSC_25MHZ_MIN		4
#define TSC_25MHZ_MAX		400
#define TSC_25MHZ_KHZ		25000

/* IA32_ARCH_CAPABILITIES: SSB_NO, RRSBA, BHI_NO and PBRSB_NO are configurable. */
#define ARCH_CAPS_CONFIGURABLE	(BIT_ULL(4) | BIT_ULL(19) | BIT_ULL(20) | BIT_ULL(24))

enum cpuid_reg {
	CPUID_REG_EAX,
	CPUID_REG_EBX,
	CPUID_REG_ECX,
	CPUID_REG_EDX,
};

/* A level of the cache: all but the fields that are fixed */
#define CACHE_LEVEL	{ 0xffffc3ff, 0xfffff000, 0xffffffff, 0xfffffffb }

/*
 * The configurable leaves of Intel's module 1.5.01, in its order, which is that
 * of TD_PARAMS. Whether a bit is the host's to set or only to allow makes no
 * difference to what is refused.
 */
const struct tdx_cpuid_config tdx_emul_cpuid_configs[TDX_NR_CPUID_CONFIG] = {
	/* family, model, stepping; APIC IDs per package */
	{ 0x00000001, TDX_CPUID_NO_SUBLEAF, { 0x0fff3fff, 0x00ff0000, 0x31044d88, 0xb8440000 } },
	{ 0x00000004, 0, CACHE_LEVEL },
	{ 0x00000004, 1, CACHE_LEVEL },
	{ 0x00000004, 2, CACHE_LEVEL },
	{ 0x00000004, 3, { 0xffffc3ff, 0xfffff000, 0xffffffff, 0x00000007 } },
	{ 0x00000007, 0, { 0, 0xdc2b9b18, 0x02417f65, 0x0005411c } },
	{ 0x00000007, 1, { 0x00001d30, 0, 0, 0 } },
	/* performance monitoring: depends on the attributes only */
	{ 0x0000000a, TDX_CPUID_NO_SUBLEAF, { 0, 0, 0, 0 } },
	/* depths of the last branch record */
	{ 0x0000001c, TDX_CPUID_NO_SUBLEAF, { 0x000000ff, 0, 0, 0 } },
	/* WBNOINVD */
	{ 0x80000008, TDX_CPUID_NO_SUBLEAF, { 0, 0x00000200, 0, 0 } },
	{ 0x00000007, 2, { 0, 0, 0, 0x00000028 } },
	{ 0x00000023, 0, { 0x0000000f, 0, 0, 0 } },
};

#define CPUID_7_EBX_HLE		BIT(X86_FEATURE_HLE & 31)
#define CPUID_7_EBX_RTM		BIT(X86_FEATURE_RTM & 31)

static u64 check_leaf_1(const u32 cpuid[4])
{
	u32 eax = cpuid[CPUID_REG_EAX];

	/* 0 stands for what the CPU is; only a TD that can migrate may be another. */
	return !eax || eax == cpuid_eax(1) ? TDX_SUCCESS : TDX_OPERAND_INVALID;
}

/*
 * TSX is both or neither, and needs IA32_TSX_CTRL, which this CPU does not have.
 * Intel's module looks at what the TD would see, so that a CPU without TSX hides
 * a wrong value; this one does not.
 */
static u64 check_leaf_7(const u32 cpuid[4])
{
	u32 ebx = cpuid[CPUID_REG_EBX];

	if (!(ebx & CPUID_7_EBX_HLE) != !(ebx & CPUID_7_EBX_RTM))
		return TDX_OPERAND_INVALID | OPERAND_CPUID_CONFIG;
	if (ebx & CPUID_7_EBX_HLE)
		return TDX_INCORRECT_MSR_VALUE | MSR_IA32_ARCH_CAPABILITIES;

	return TDX_SUCCESS;
}

static u64 check_cpuid(const struct td_params *p, struct pt_regs *regs)
{
	const struct tdx_cpuid_config *config;
	unsigned int i, reg;
	u64 status;

	for (i = 0; i < TDX_NR_CPUID_CONFIG; i++) {
		const u32 *cpuid = p->cpuid[i];

		config = &tdx_emul_cpuid_configs[i];
		for (reg = CPUID_REG_EAX; reg <= CPUID_REG_EDX; reg++) {
			if (cpuid[reg] & ~config->mask[reg])
				goto blame;
		}

		if (config->leaf == 1 && check_leaf_1(cpuid))
			goto blame;
		if (config->leaf == 7 && !config->subleaf) {
			status = check_leaf_7(cpuid);
			if (status)
				return status;
		}
	}

	return TDX_SUCCESS;

blame:
	regs->cx = (u64)config->subleaf << 32 | config->leaf;
	return TDX_OPERAND_INVALID | OPERAND_CPUID_CONFIG;
}

static u64 check_ept(const struct td_params *p)
{
	if (p->eptp_controls != EPTP_CONTROLS_4LEVEL &&
	    (p->eptp_controls != EPTP_CONTROLS_5LEVEL || !tdx_emul_has_5level_ept()))
		return TDX_OPERAND_INVALID | OPERAND_EPTP_CONTROLS;
	if (p->config_flags & CONFIG_FLAGS_GPAW && p->eptp_controls != EPTP_CONTROLS_5LEVEL)
		return TDX_OPERAND_INVALID | OPERAND_EPTP_CONTROLS;

	return TDX_SUCCESS;
}

static u64 check_params(const struct tdx_emul_td *td, const struct td_params *p,
			struct pt_regs *regs)
{
	u64 status;

	if (p->attributes & ~TDX_ATTRIBUTES_FIXED0 ||
	    (p->attributes & TDX_ATTRIBUTES_FIXED1) != TDX_ATTRIBUTES_FIXED1)
		return TDX_OPERAND_INVALID | OPERAND_ATTRIBUTES;
	if (p->xfam & ~TDX_XFAM_FIXED0 || (p->xfam & TDX_XFAM_FIXED1) != TDX_XFAM_FIXED1)
		return TDX_OPERAND_INVALID | OPERAND_XFAM;
	if (!p->max_vcpus || p->max_vcpus > TDX_MAX_VCPUS_PER_TD)
		return TDX_OPERAND_INVALID | OPERAND_MAX_VCPUS;
	if (p->nr_l2_vms > TDX_MAX_L2_VMS)
		return TDX_OPERAND_INVALID | OPERAND_NUM_L2_VMS;
	if (td->nr_tdcx < TDX_NR_TDCS_PAGES + p->nr_l2_vms)
		return TDX_TDCS_NOT_ALLOCATED;
	if (memchr_inv(p->rsvd0, 0, sizeof(p->rsvd0)))
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	if (p->config_flags & ~(CONFIG_FLAGS_GPAW | CONFIG_FLAGS_NO_RBP_MOD))
		return TDX_OPERAND_INVALID | OPERAND_EXEC_CONTROLS;
	status = check_ept(p);
	if (status)
		return status;
	if (p->tsc_frequency < TSC_25MHZ_MIN || p->tsc_frequency > TSC_25MHZ_MAX)
		return TDX_OPERAND_INVALID | OPERAND_TSC_FREQUENCY;
	status = tdx_emul_check_tsc_adjust();
	if (status)
		return status;
	if (memchr_inv(p->rsvd1, 0, sizeof(p->rsvd1)) || p->msr_config & ~MSR_CONFIG_ARCH_CAPS ||
	    memchr_inv(p->rsvd2, 0, sizeof(p->rsvd2)))
		return TDX_OPERAND_INVALID | OPERAND_RDX;

	status = check_cpuid(p, regs);
	if (status)
		return status;
	if (memchr_inv(p->rsvd3, 0, sizeof(p->rsvd3)))
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	if (p->arch_capabilities & (p->msr_config ? ~ARCH_CAPS_CONFIGURABLE : ~0ULL))
		return TDX_OPERAND_INVALID | OPERAND_ARCH_CAPS;

	return TDX_SUCCESS;
}

/**
 * tdx_emul_td_params() - configure a TD
 * @td:		the TD, which has its TDCS
 * @pa:		operand RDX: physical address of TD_PARAMS
 * @regs:	RCX gets the CPUID leaf that is to blame, if one is
 */
u64 tdx_emul_td_params(struct tdx_emul_td *td, u64 pa, struct pt_regs *regs)
{
	const struct td_params *p;
	u64 status;

	BUILD_BUG_ON(sizeof(*p) != TDX_PARAMS_SIZE);

	p = coco_emul_ram(pa, sizeof(*p));
	if (!p || !tdx_emul_is_shared(pa, sizeof(*p)))
		return TDX_OPERAND_INVALID | OPERAND_RDX;

	status = check_params(td, p, regs);
	if (status)
		return status;

	td->attributes = p->attributes;
	td->xfam = p->xfam;
	td->max_vcpus = p->max_vcpus;
	td->nr_l2_vms = p->nr_l2_vms;
	td->tsc_khz = p->tsc_frequency * TSC_25MHZ_KHZ;
	td->mrconfigid = p->mrconfigid[0];
	memcpy(td->ids[TDX_MRCONFIGID], p->mrconfigid, SHA384_DIGEST_SIZE);
	memcpy(td->ids[TDX_MROWNER], p->mrowner, SHA384_DIGEST_SIZE);
	memcpy(td->ids[TDX_MROWNERCONFIG], p->mrownerconfig, SHA384_DIGEST_SIZE);
	td->root_level = p->eptp_controls == EPTP_CONTROLS_5LEVEL ? 4 : 3;
	td->shared_bit = p->config_flags & CONFIG_FLAGS_GPAW ? 51 : 47;
	td->no_rbp_mod = p->config_flags & CONFIG_FLAGS_NO_RBP_MOD;
	memcpy(td->cpuid, p->cpuid, sizeof(td->cpuid));
	if (!td->cpuid[0][CPUID_REG_EAX])
		td->cpuid[0][CPUID_REG_EAX] = cpuid_eax(1);
	/* Of what each TD has, this is what a VMM has to tell KVM. */
	td->cpuid[0][CPUID_REG_ECX] |= BIT(X86_FEATURE_X2APIC & 31);
	return TDX_SUCCESS;
}
