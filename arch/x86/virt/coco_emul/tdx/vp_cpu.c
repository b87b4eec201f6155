// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: control and debug registers and MSRs of a TD. Intel TDX Module Base
 * Architecture Specification, "CPU Virtualization".
 */
#include <asm/apicdef.h>
#include <asm/cpufeatures.h>
#include <asm/cpuid/types.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "vp.h"

/* Bits of the module: a TD that writes anything else there gets #GP, or #VE for CR4.MCE. */
#define CR0_FIXED		(X86_CR0_PE | X86_CR0_NE | X86_CR0_NW | X86_CR0_CD)
#define CR4_FIXED		(X86_CR4_VMXE | X86_CR4_SMXE)
#define CR0_VALID		(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | \
				 X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | \
				 X86_CR0_PG)

#define LMSW_BITS		(X86_CR0_MP | X86_CR0_EM | X86_CR0_TS)

static bool general_protection(struct tdx_emul_vp *vp)
{
	return vp_raise(vp, X86_TRAP_GP, true, 0);
}

static bool cr0_write(struct tdx_emul_vp *vp, u64 val, u32 len)
{
	u64 *efer = &vp_save(vp)->efer;

	val |= X86_CR0_ET;
	if ((val ^ vp->cr0) & CR0_FIXED || val & ~CR0_VALID)
		return general_protection(vp);
	if (val & X86_CR0_PG && !(vp->cr4 & X86_CR4_PAE))
		return general_protection(vp);

	/* EFER.LME is 1 for the life of a TD. */
	*efer = val & X86_CR0_PG ? *efer | EFER_LMA : *efer & ~(u64)EFER_LMA;
	vp->cr0 = val;
	return vp_goes_on(vp, len);
}

/* Bits of CR4 that come with a feature: where CPUID has it */
static const struct {
	u64	cr4;
	u32	leaf;
	u8	reg;
	u8	bit;
} cr4_bits[] = {
	{ X86_CR4_VME | X86_CR4_PVI,	1, CPUID_EDX, X86_FEATURE_VME & 31 },
	{ X86_CR4_TSD,			1, CPUID_EDX, X86_FEATURE_TSC & 31 },
	{ X86_CR4_DE,			1, CPUID_EDX, X86_FEATURE_DE & 31 },
	{ X86_CR4_PSE,			1, CPUID_EDX, X86_FEATURE_PSE & 31 },
	{ X86_CR4_PAE,			1, CPUID_EDX, X86_FEATURE_PAE & 31 },
	{ X86_CR4_MCE,			1, CPUID_EDX, X86_FEATURE_MCE & 31 },
	{ X86_CR4_PGE,			1, CPUID_EDX, X86_FEATURE_PGE & 31 },
	{ X86_CR4_OSFXSR,		1, CPUID_EDX, X86_FEATURE_FXSR & 31 },
	{ X86_CR4_OSXMMEXCPT,		1, CPUID_EDX, X86_FEATURE_XMM & 31 },
	{ X86_CR4_PCIDE,		1, CPUID_ECX, X86_FEATURE_PCID & 31 },
	{ X86_CR4_OSXSAVE,		1, CPUID_ECX, X86_FEATURE_XSAVE & 31 },
	{ X86_CR4_FSGSBASE,		7, CPUID_EBX, X86_FEATURE_FSGSBASE & 31 },
	{ X86_CR4_SMEP,			7, CPUID_EBX, X86_FEATURE_SMEP & 31 },
	{ X86_CR4_SMAP,			7, CPUID_EBX, X86_FEATURE_SMAP & 31 },
	{ X86_CR4_UMIP,			7, CPUID_ECX, X86_FEATURE_UMIP & 31 },
	{ X86_CR4_PKE,			7, CPUID_ECX, X86_FEATURE_PKU & 31 },
};

/* What the TD may set, as its own CPUID says */
static u64 cr4_features(struct tdx_emul_vp *vp)
{
	u32 leaf_1[4], leaf_7[4], *regs;
	u64 cr4 = X86_CR4_PCE;
	unsigned int i;

	tdx_emul_vp_cpuid_values(vp, 1, 0, leaf_1);
	tdx_emul_vp_cpuid_values(vp, 7, 0, leaf_7);
	for (i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
		regs = cr4_bits[i].leaf == 1 ? leaf_1 : leaf_7;
		if (regs[cr4_bits[i].reg] & BIT(cr4_bits[i].bit))
			cr4 |= cr4_bits[i].cr4;
	}

	return cr4;
}

static bool cr4_write(struct tdx_emul_vp *vp, u64 val, u32 len)
{
	/* VMXE reads as 0. */
	val |= X86_CR4_VMXE;
	if ((val ^ vp->cr4) & CR4_FIXED)
		return general_protection(vp);
	if (!(val & X86_CR4_MCE))
		return tdx_emul_ve(vp, EXIT_REASON_CR_ACCESS, 4, 0, len);
	if (vp->cr0 & X86_CR0_PG && !(val & X86_CR4_PAE))
		return general_protection(vp);
	if (val & ~(cr4_features(vp) | CR4_FIXED))
		return general_protection(vp);

	vp->cr4 = val;
	return vp_goes_on(vp, len);
}

static bool cr8_write(struct tdx_emul_vp *vp, u64 val, u32 len)
{
	if (val & ~0xfULL)
		return general_protection(vp);

	*tdx_emul_vapic_reg(&vp->g.vapic, APIC_TASKPRI) = val << 4;
	tdx_emul_vapic_update_ppr(&vp->g.vapic);
	return vp_goes_on(vp, len);
}

/* It cannot clear CR0.PE. */
static bool lmsw(struct tdx_emul_vp *vp, u64 val, u32 len)
{
	return cr0_write(vp, (vp->cr0 & ~LMSW_BITS) | (val & LMSW_BITS), len);
}

static bool mov_to_cr(struct tdx_emul_vp *vp, const struct tdx_cr_insn *insn)
{
	u64 val = *vp_gpr(vp, insn->rm);

	switch (insn->reg) {
	case 0:
		return cr0_write(vp, val, insn->len);
	case 4:
		return cr4_write(vp, val, insn->len);
	case 8:
		return cr8_write(vp, val, insn->len);
	default:
		return vp_raise(vp, X86_TRAP_UD, false, 0);
	}
}

/**
 * tdx_emul_vp_cr_access() - an instruction that reads or writes a control register
 * @vp:		the vCPU
 *
 * Return: false, as the TD goes on.
 */
bool tdx_emul_vp_cr_access(struct tdx_emul_vp *vp)
{
	struct tdx_cr_insn insn;

	if (!tdx_emul_insn_decode_cr(&vp->g, &insn))
		return false;

	switch (insn.opcode) {
	case OPCODE_MOV_TO_CR:
		return mov_to_cr(vp, &insn);
	case OPCODE_MOV_FROM_CR:
		*vp_gpr(vp, insn.rm) = insn.reg == 4 ? vp->cr4 & ~X86_CR4_VMXE : vp->cr0;
		return vp_goes_on(vp, insn.len);
	case OPCODE_CLTS:
		return cr0_write(vp, vp->cr0 & ~X86_CR0_TS, insn.len);
	case OPCODE_GROUP7:
		/* Nobody has calculated the address of an operand in memory. */
		if (insn.reg == REG_LMSW && insn.mod == 3)
			return lmsw(vp, *vp_gpr(vp, insn.rm), insn.len);
		fallthrough;
	default:
		return vp_raise(vp, X86_TRAP_UD, false, 0);
	}
}

/**
 * tdx_emul_vp_dr_write() - an instruction that writes a debug register
 * @vp:		the vCPU
 *
 * Return: false, as the TD goes on.
 */
bool tdx_emul_vp_dr_write(struct tdx_emul_vp *vp)
{
	struct tdx_cr_insn insn;

	if (tdx_emul_insn_decode_cr(&vp->g, &insn))
		tdx_emul_guest_write_dr(&vp->g, &insn, vp->db);
	return false;
}

#define MSR_INSN_LENGTH		2
#define X2APIC_OFFSET(msr)	(((msr) & 0xff) << 4)
#define MSR_X2APIC(reg)		(APIC_BASE_MSR + ((reg) >> 4))

/* MSRs that the TD has for itself */
static u64 *own_msr(struct tdx_emul_vp *vp, u32 msr)
{
	struct vmcb_save_area *area = coco_emul_svm_guest_area();

	switch (msr) {
	case MSR_FS_BASE:
		return &area->fs.base;
	case MSR_GS_BASE:
		return &area->gs.base;
	case MSR_KERNEL_GS_BASE:
		return &area->kernel_gs_base;
	case MSR_STAR:
		return &area->star;
	case MSR_LSTAR:
		return &area->lstar;
	case MSR_CSTAR:
		return &area->cstar;
	case MSR_SYSCALL_MASK:
		return &area->sfmask;
	case MSR_IA32_SYSENTER_CS:
		return &area->sysenter_cs;
	case MSR_IA32_SYSENTER_ESP:
		return &area->sysenter_esp;
	case MSR_IA32_SYSENTER_EIP:
		return &area->sysenter_eip;
	case MSR_IA32_CR_PAT:
		return &vp_save(vp)->g_pat;
	case MSR_TSC_AUX:
		return &vp->tsc_aux;
	default:
		return NULL;
	}
}

#define PAT_TYPE_MAX		7	/* UC-; 2 and 3 are reserved */

static bool holds_address(u32 msr)
{
	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
	case MSR_LSTAR:
	case MSR_CSTAR:
	case MSR_IA32_SYSENTER_ESP:
	case MSR_IA32_SYSENTER_EIP:
		return true;
	default:
		return false;
	}
}

/* "Interrupt Handling": those that the virtual APIC has without the host */
static u64 *vapic_msr(struct tdx_emul_vp *vp, u32 msr)
{
	switch (msr) {
	case MSR_X2APIC(APIC_TASKPRI):
	case MSR_X2APIC(APIC_PROCPRI):
	case MSR_X2APIC(APIC_ISR) ... MSR_X2APIC(APIC_IRR) + 7:
		return (void *)tdx_emul_vapic_reg(&vp->g.vapic, X2APIC_OFFSET(msr));
	default:
		return NULL;
	}
}

/* The CPU's, as no TD has ATTRIBUTES.PERFMON */
static u64 misc_enable(void)
{
	return (native_read_msr(MSR_IA32_MISC_ENABLE) & ~(u64)MSR_IA32_MISC_ENABLE_EMON) |
	       MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL;
}

static bool msr_read(struct tdx_emul_vp *vp, u32 msr)
{
	u64 *own = own_msr(vp, msr), val;

	if (own)
		val = *own;
	else if (vapic_msr(vp, msr))
		val = *(u32 *)vapic_msr(vp, msr);
	else if (msr == MSR_EFER)
		val = vp_save(vp)->efer & ~(u64)EFER_SVME;
	else if (msr == MSR_IA32_TSC)
		val = rdtsc();
	else if (msr == MSR_IA32_MISC_ENABLE)
		val = misc_enable();
	else if (msr == MSR_IA32_PERF_CAPABILITIES)
		val = 0;
	else
		return tdx_emul_ve(vp, EXIT_REASON_MSR_READ, 0, 0, MSR_INSN_LENGTH);

	*vp_gpr(vp, GPR_RAX) = (u32)val;
	*vp_gpr(vp, GPR_RDX) = val >> 32;
	return vp_goes_on(vp, MSR_INSN_LENGTH);
}

static bool efer_write(struct tdx_emul_vp *vp, u64 val)
{
	u64 *efer = &vp_save(vp)->efer;

	/* The rest is the module's. */
	if ((val ^ *efer) & ~(u64)(EFER_SCE | EFER_SVME))
		return tdx_emul_ve(vp, EXIT_REASON_MSR_WRITE, 0, 0, MSR_INSN_LENGTH);

	*efer = val | EFER_SVME;
	return vp_goes_on(vp, MSR_INSN_LENGTH);
}

static bool x2apic_write(struct tdx_emul_vp *vp, u32 msr, u64 val)
{
	struct tdx_vapic *vapic = &vp->g.vapic;

	switch (msr) {
	case MSR_X2APIC(APIC_TASKPRI):
		if (val > U8_MAX)
			return general_protection(vp);
		*tdx_emul_vapic_reg(vapic, APIC_TASKPRI) = val;
		tdx_emul_vapic_update_ppr(vapic);
		break;
	case MSR_X2APIC(APIC_EOI):
		if (val)
			return general_protection(vp);
		tdx_emul_vapic_eoi(vapic);
		break;
	case MSR_X2APIC(APIC_SELF_IPI):
		if (val > U8_MAX || val < 16)
			return general_protection(vp);
		tdx_emul_vapic_request(vapic, val);
		break;
	default:
		return general_protection(vp);
	}

	return vp_goes_on(vp, MSR_INSN_LENGTH);
}

static bool is_vapic_write(u32 msr)
{
	return msr == MSR_X2APIC(APIC_TASKPRI) || msr == MSR_X2APIC(APIC_EOI) ||
	       msr == MSR_X2APIC(APIC_SELF_IPI);
}

/* What WRMSR itself refuses, with the values that the CPU gets in the end */
static bool is_legal(u32 msr, u64 val)
{
	unsigned int i;

	if (holds_address(msr))
		return sign_extend64(val, 47) == val;
	if (msr == MSR_TSC_AUX)
		return !(val >> 32);
	if (msr != MSR_IA32_CR_PAT)
		return true;

	for (i = 0; i < 8; i++) {
		u8 type = val >> 8 * i;

		if (type > PAT_TYPE_MAX || type == 2 || type == 3)
			return false;
	}

	return true;
}

static bool msr_write(struct tdx_emul_vp *vp, u32 msr)
{
	u64 val = (u32)*vp_gpr(vp, GPR_RAX) | *vp_gpr(vp, GPR_RDX) << 32;
	u64 *own = own_msr(vp, msr);

	if (msr == MSR_EFER)
		return efer_write(vp, val);
	if (is_vapic_write(msr) || vapic_msr(vp, msr))
		return x2apic_write(vp, msr, val);
	if (!own)
		return tdx_emul_ve(vp, EXIT_REASON_MSR_WRITE, 0, 0, MSR_INSN_LENGTH);
	if (!is_legal(msr, val))
		return general_protection(vp);

	*own = val;
	return vp_goes_on(vp, MSR_INSN_LENGTH);
}

/**
 * tdx_emul_vp_msr_access() - RDMSR or WRMSR
 * @vp:		the vCPU
 *
 * Return: false, as the TD goes on.
 */
bool tdx_emul_vp_msr_access(struct tdx_emul_vp *vp)
{
	u32 msr = *vp_gpr(vp, GPR_RCX);

	return vp->g.vmcb->control.exit_info_1 ? msr_write(vp, msr) : msr_read(vp, msr);
}
