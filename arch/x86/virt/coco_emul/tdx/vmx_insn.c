// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX non-root operation: accesses to control and debug registers, and instructions that
 * QEMU's CPU does not have.
 */
#include <asm/apicdef.h>
#include <asm/processor-flags.h>

#include "tdx.h"
#include "vmx.h"

/* "Exit Qualification for Control-Register Accesses" */
#define CR_QUAL_MOV_TO		0x00
#define CR_QUAL_MOV_FROM	0x10
#define CR_QUAL_CLTS		0x20
#define CR_QUAL_LMSW		0x30
#define CR_QUAL_LMSW_MEM	BIT(6)
#define CR_QUAL_GPR_SHIFT	8
#define CR_QUAL_LMSW_SHIFT	16

#define LMSW_BITS		(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS)

static bool cr_exits(struct vmx_run *run, u64 qual, u32 len)
{
	return vmx_exits(run, EXIT_REASON_CR_ACCESS, qual, len);
}

static u64 guest_reads(u64 real, u64 shadow, u64 mask)
{
	return (real & ~mask) | (shadow & mask);
}

/* "MOV to CR0": an exit if a bit of the host would be other than in the shadow */
static bool cr0_write(struct vmx_run *run, u64 val, u64 relevant, u64 qual, u32 len)
{
	u64 mask = vmx_get(run->vmcs, CR0_GUEST_HOST_MASK);
	u64 own = relevant & ~mask;

	if ((val ^ vmx_get(run->vmcs, CR0_READ_SHADOW)) & mask & relevant)
		return cr_exits(run, qual, len);

	run->cr0 = (run->cr0 & ~own) | (val & own);
	vmx_save(run)->cr0 = run->cr0;
	return vmx_goes_on(run, len);
}

static bool cr4_write(struct vmx_run *run, u64 val, u64 qual, u32 len)
{
	u64 mask = vmx_get(run->vmcs, CR4_GUEST_HOST_MASK) | X86_CR4_VMXE;

	if ((val ^ vmx_get(run->vmcs, CR4_READ_SHADOW)) & mask)
		return cr_exits(run, qual, len);

	run->cr4 = (run->cr4 & mask) | (val & ~mask);
	vmx_save(run)->cr4 = (vmx_save(run)->cr4 & mask) | (val & ~mask);
	return vmx_goes_on(run, len);
}

/* "MOV to CR8" and "Virtualizing CR8-Based TPR Accesses" */
static bool cr8_write(struct vmx_run *run, u64 val, u64 qual, u32 len)
{
	if (run->proc & CPU_BASED_CR8_LOAD_EXITING || !run->g.vapic.page)
		return cr_exits(run, qual, len);
	if (val & ~0xfULL)
		return vmx_raise(run, X86_TRAP_GP, true, 0);

	*tdx_emul_vapic_reg(&run->g.vapic, APIC_TASKPRI) = val << 4;
	vmx_goes_on(run, len);
	return tdx_emul_vmx_tpr_changed(run);
}

static bool lmsw(struct vmx_run *run, const struct tdx_cr_insn *insn)
{
	u64 qual = CR_QUAL_LMSW, val;

	/* LMSW from memory needs its address, which nobody has calculated. */
	if (insn->mod != 3)
		return cr_exits(run, qual | CR_QUAL_LMSW_MEM, insn->len);

	val = *vmx_gpr(run, insn->rm) & LMSW_BITS;
	qual |= (u64)(u16)*vmx_gpr(run, insn->rm) << CR_QUAL_LMSW_SHIFT;
	/* It cannot clear CR0.PE. */
	return cr0_write(run, val, val & X86_CR0_PE ? LMSW_BITS : LMSW_BITS & ~X86_CR0_PE, qual,
			 insn->len);
}

static bool mov_to_cr(struct vmx_run *run, const struct tdx_cr_insn *insn)
{
	u64 qual = insn->reg | CR_QUAL_MOV_TO | insn->rm << CR_QUAL_GPR_SHIFT;
	u64 val = *vmx_gpr(run, insn->rm);

	switch (insn->reg) {
	case 0:
		return cr0_write(run, val, ~0ULL, qual, insn->len);
	case 4:
		return cr4_write(run, val, qual, insn->len);
	case 8:
		return cr8_write(run, val, qual, insn->len);
	default:
		return cr_exits(run, qual, insn->len);
	}
}

static bool mov_from_cr(struct vmx_run *run, const struct tdx_cr_insn *insn)
{
	u64 qual = insn->reg | CR_QUAL_MOV_FROM | insn->rm << CR_QUAL_GPR_SHIFT, val;

	switch (insn->reg) {
	case 0:
		val = guest_reads(run->cr0, vmx_get(run->vmcs, CR0_READ_SHADOW),
				  vmx_get(run->vmcs, CR0_GUEST_HOST_MASK));
		break;
	case 4:
		val = guest_reads(run->cr4, vmx_get(run->vmcs, CR4_READ_SHADOW),
				  vmx_get(run->vmcs, CR4_GUEST_HOST_MASK));
		break;
	default:
		return cr_exits(run, qual, insn->len);
	}

	*vmx_gpr(run, insn->rm) = val;
	return vmx_goes_on(run, insn->len);
}

/**
 * tdx_emul_vmx_cr_access() - an instruction that reads or writes a control register
 * @run:	the guest
 *
 * Return: true if that is a VM exit.
 */
bool tdx_emul_vmx_cr_access(struct vmx_run *run)
{
	struct tdx_cr_insn insn;
	u64 val;

	if (!tdx_emul_insn_decode_cr(&run->g, &insn))
		return false;

	switch (insn.opcode) {
	case OPCODE_MOV_TO_CR:
		return mov_to_cr(run, &insn);
	case OPCODE_MOV_FROM_CR:
		return mov_from_cr(run, &insn);
	case OPCODE_CLTS:
		return cr0_write(run, 0, X86_CR0_TS, CR_QUAL_CLTS, insn.len);
	case OPCODE_GROUP7:
		break;
	default:
		return false;
	}

	if (insn.reg == REG_LMSW)
		return lmsw(run, &insn);
	if (insn.reg != REG_SMSW || insn.mod != 3)
		return vmx_raise(run, X86_TRAP_UD, false, 0);

	val = guest_reads(run->cr0, vmx_get(run->vmcs, CR0_READ_SHADOW),
			  vmx_get(run->vmcs, CR0_GUEST_HOST_MASK));
	*vmx_gpr(run, insn.rm) = val;
	return vmx_goes_on(run, insn.len);
}

/* "Exit Qualification for MOV DR" */
#define DR_QUAL_FROM		BIT(4)
#define DR_QUAL_GPR_SHIFT	8

/**
 * tdx_emul_vmx_dr_access() - an instruction that reads or writes a debug register
 * @run:	the guest
 *
 * Return: true if that is a VM exit.
 */
bool tdx_emul_vmx_dr_access(struct vmx_run *run)
{
	struct tdx_cr_insn insn;

	if (!tdx_emul_insn_decode_cr(&run->g, &insn))
		return false;

	if (!(run->proc & CPU_BASED_MOV_DR_EXITING)) {
		tdx_emul_guest_write_dr(&run->g, &insn, NULL);
		return false;
	}

	return vmx_exits(run, EXIT_REASON_DR_ACCESS,
			 insn.reg | (insn.opcode == OPCODE_MOV_FROM_DR ? DR_QUAL_FROM : 0) |
			 insn.rm << DR_QUAL_GPR_SHIFT, insn.len);
}

/**
 * tdx_emul_vmx_invalid_opcode() - an instruction that QEMU's CPU does not have
 * @run:	the guest
 *
 * Return: true if it is one of VMX: "Instructions That Cause VM Exits Unconditionally".
 *	   All but VMCALL are #UD to a guest, whose CR4.VMXE no host sets here.
 */
bool tdx_emul_vmx_invalid_opcode(struct vmx_run *run)
{
	u8 bytes[MAX_INSN_SIZE];
	unsigned int nr = tdx_emul_insn_fetch(&run->g, bytes);

	if (nr < 3 || bytes[0] != 0x0f || bytes[1] != 0x01 || bytes[2] != 0xc1)
		return false;

	return vmx_exits(run, EXIT_REASON_VMCALL, 0, 3);
}
