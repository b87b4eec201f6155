// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: CPUID of a TD. Intel TDX Module Base Architecture Specification,
 * "CPUID Virtualization".
 */
#include <asm/cpufeatures.h>
#include <asm/cpuid/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/processor-flags.h>
#include <asm/shared/tdx.h>

#include "vp.h"

#define CPUID_INSN_LENGTH	2
#define CPUID_VE_SUPERVISOR	BIT(0)
#define CPUID_VE_USER		BIT(1)

/* Of leaf 1, EBX */
#define CPUID_APIC_ID_SHIFT	24

static const struct tdx_cpuid_config *cpuid_config(u32 leaf, u32 subleaf)
{
	const struct tdx_cpuid_config *config = tdx_emul_cpuid_configs;
	unsigned int i;

	for (i = 0; i < TDX_NR_CPUID_CONFIG; i++, config++) {
		if (config->leaf == leaf &&
		    (config->subleaf == TDX_CPUID_NO_SUBLEAF || config->subleaf == subleaf))
			return config;
	}

	return NULL;
}

/* What the host has configured, even if the CPU has it not */
static void apply_config(struct tdx_emul_vp *vp, u32 leaf, u32 subleaf, u32 out[4])
{
	const struct tdx_cpuid_config *config = cpuid_config(leaf, subleaf);
	unsigned int i;
	const u32 *val;

	if (!config)
		return;

	val = vp->td->cpuid[config - tdx_emul_cpuid_configs];
	for (i = 0; i < 4; i++)
		out[i] = (out[i] & ~config->mask[i]) | (val[i] & config->mask[i]);
}

/* What the CPU says while XCR0 is this: sizes of the XSAVE area depend on it. */
static void cpuid_with(u64 xcr0, u32 leaf, u32 subleaf, u32 out[4])
{
	u64 host = xgetbv(XCR_XFEATURE_ENABLED_MASK);

	xsetbv(XCR_XFEATURE_ENABLED_MASK, xcr0);
	cpuid_count(leaf, subleaf, &out[0], &out[1], &out[2], &out[3]);
	xsetbv(XCR_XFEATURE_ENABLED_MASK, host);
}

/* Leaf 0xd, subleaf 0: EBX is for XCR0 as it is, ECX for all that it could be. */
static void xsave_size(u64 xfam, u32 out[4])
{
	u32 all[4];

	cpuid_with(xfam, 0xd, 0, all);
	out[0] &= (u32)xfam;
	out[2] = all[1];
	out[3] = 0;
}

/* Leaf 7, subleaf 0, ECX: they are extended state. */
static void protection_keys(struct tdx_emul_vp *vp, u32 *ecx)
{
	*ecx &= ~BIT(X86_FEATURE_OSPKE & 31);
	if (!(vp->td->xfam & XFEATURE_MASK_PKRU))
		*ecx &= ~BIT(X86_FEATURE_PKU & 31);
	else if (vp->cr4 & X86_CR4_PKE)
		*ecx |= BIT(X86_FEATURE_OSPKE & 31);
}

/**
 * tdx_emul_vp_cpuid_values() - what CPUID says to a TD
 * @vp:		the vCPU
 * @leaf:	EAX
 * @subleaf:	ECX
 * @out:	EAX to EDX
 *
 * Return: false for a leaf that the module does not know, which is a #VE.
 */
bool tdx_emul_vp_cpuid_values(struct tdx_emul_vp *vp, u32 leaf, u32 subleaf, u32 out[4])
{
	u64 xfam = vp->td->xfam;

	cpuid_with(vp->xcr0, leaf, subleaf, out);
	switch (leaf) {
	case 0:
		out[0] = max(out[0], TDX_CPUID_LEAF_ID);
		return true;
	case 1:
		apply_config(vp, leaf, subleaf, out);
		out[0] = vp->td->cpuid[0][0];
		out[1] = (out[1] & ~GENMASK(31, 24)) | vp->x2apic_id << CPUID_APIC_ID_SHIFT;
		out[2] &= ~(BIT(X86_FEATURE_VMX & 31) | BIT(X86_FEATURE_MWAIT & 31) |
			    BIT(X86_FEATURE_OSXSAVE & 31));
		out[2] |= BIT(X86_FEATURE_X2APIC & 31) | BIT(X86_FEATURE_HYPERVISOR & 31) |
			  BIT(X86_FEATURE_TSC_DEADLINE_TIMER & 31);
		if (vp->cr4 & X86_CR4_OSXSAVE)
			out[2] |= BIT(X86_FEATURE_OSXSAVE & 31);
		return true;
	case 4:
		apply_config(vp, leaf, subleaf, out);
		return true;
	case 7:
		apply_config(vp, leaf, subleaf, out);
		if (!subleaf)
			protection_keys(vp, &out[2]);
		return true;
	case 0xd:
		if (subleaf == 0) {
			xsave_size(xfam, out);
		} else if (subleaf == 1) {
			out[2] = 0;
			out[3] = 0;
		} else if (subleaf > 63 || !(xfam & BIT_ULL(subleaf))) {
			memset(out, 0, 4 * sizeof(*out));
		}
		return true;
	case 0x15:
		/* TSC in units of the 25 MHz crystal */
		out[0] = 1;
		out[1] = vp->td->tsc_khz / 25000;
		out[2] = 25000000;
		out[3] = 0;
		return true;
	case TDX_CPUID_LEAF_ID:
		out[0] = 0;
		memcpy(&out[1], TDX_IDENT, 4);
		memcpy(&out[3], TDX_IDENT + 4, 4);
		memcpy(&out[2], TDX_IDENT + 8, 4);
		return true;
	case 0x80000001:
		out[2] &= ~BIT(X86_FEATURE_SVM & 31);
		return true;
	case 0x80000008:
		apply_config(vp, leaf, subleaf, out);
		return true;
	case 0x80000000:
	case 0x80000002 ... 0x80000004:
	case 0x80000006 ... 0x80000007:
		return true;
	default:
		return false;
	}
}

/**
 * tdx_emul_vp_cpuid() - CPUID
 * @vp:		the vCPU
 *
 * Return: false, as the TD goes on.
 */
bool tdx_emul_vp_cpuid(struct tdx_emul_vp *vp)
{
	u32 leaf = *vp_gpr(vp, GPR_RAX), subleaf = *vp_gpr(vp, GPR_RCX), out[4];
	u8 ve = vp_save(vp)->cpl ? CPUID_VE_USER : CPUID_VE_SUPERVISOR;

	if (vp->cpuid_ve & ve || !tdx_emul_vp_cpuid_values(vp, leaf, subleaf, out))
		return tdx_emul_ve(vp, EXIT_REASON_CPUID, 0, 0, CPUID_INSN_LENGTH);

	*vp_gpr(vp, GPR_RAX) = out[0];
	*vp_gpr(vp, GPR_RBX) = out[1];
	*vp_gpr(vp, GPR_RCX) = out[2];
	*vp_gpr(vp, GPR_RDX) = out[3];
	return vp_goes_on(vp, CPUID_INSN_LENGTH);
}
