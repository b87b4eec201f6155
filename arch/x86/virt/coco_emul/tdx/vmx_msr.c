// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX non-root operation: MSRs that the guest reads and writes without a VM exit.
 * Intel SDM, "MSR-Bitmap Address" and "Virtualizing MSR-Based APIC Accesses".
 */
#include <asm/apicdef.h>
#include <asm/msr.h>

#include "tdx.h"
#include "vmx.h"

#define MSR_INSN_LENGTH		2

#define X2APIC_FIRST		0x800
#define X2APIC_LAST		0x8ff
#define X2APIC_OFFSET(msr)	(((msr) & 0xff) << 4)

/* "MSR-Bitmap Address": two ranges, and write bits behind those for reads */
#define BITMAP_LOW_LAST		0x1fff
#define BITMAP_HIGH_FIRST	0xc0000000
#define BITMAP_HIGH_LAST	0xc0001fff
#define BITMAP_HIGH		0x400
#define BITMAP_WRITE		0x800

static bool is_intercepted(struct vmx_run *run, u32 msr, bool write)
{
	u32 at = write ? BITMAP_WRITE : 0;
	u8 *bitmap;

	if (!(run->proc & CPU_BASED_USE_MSR_BITMAPS))
		return true;

	bitmap = coco_emul_ram(vmx_get(run->vmcs, MSR_BITMAP), PAGE_SIZE);
	if (msr >= BITMAP_HIGH_FIRST && msr <= BITMAP_HIGH_LAST)
		at += BITMAP_HIGH;
	else if (msr > BITMAP_LOW_LAST)
		return true;

	msr &= BITMAP_LOW_LAST;
	return !bitmap || bitmap[at + msr / 8] & BIT(msr % 8);
}

static bool is_canonical(u64 val)
{
	unsigned int bits = boot_cpu_has(X86_FEATURE_LA57) ? 57 : 48;

	return sign_extend64(val, bits - 1) == val;
}

/* Where VMLOAD has them; NULL for all others */
static u64 *area_msr(struct vmx_run *run, u32 msr)
{
	struct vmcb_save_area *area = coco_emul_svm_guest_area();

	switch (msr) {
	case MSR_FS_BASE:
		return &area->fs.base;
	case MSR_GS_BASE:
		return &area->gs.base;
	case MSR_KERNEL_GS_BASE:
		return &area->kernel_gs_base;
	case MSR_IA32_SYSENTER_CS:
		return &area->sysenter_cs;
	case MSR_IA32_SYSENTER_ESP:
		return &area->sysenter_esp;
	case MSR_IA32_SYSENTER_EIP:
		return &area->sysenter_eip;
	default:
		return NULL;
	}
}

static bool is_virtual_x2apic(const struct vmx_run *run, u32 msr)
{
	return msr >= X2APIC_FIRST && msr <= X2APIC_LAST && run->g.vapic.page &&
	       run->proc2 & SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE;
}

static bool x2apic_read(struct vmx_run *run, u32 msr, u64 *val)
{
	u32 offset = X2APIC_OFFSET(msr);

	if (offset != APIC_TASKPRI && !(run->proc2 & SECONDARY_EXEC_APIC_REGISTER_VIRT))
		return false;

	*val = *tdx_emul_vapic_reg(&run->g.vapic, offset);
	if (offset == APIC_ICR)
		*val = *(u64 *)tdx_emul_vapic_reg(&run->g.vapic, offset);
	return true;
}

/* Return: false for a general protection fault; @exits says whether there is a VM exit */
static bool x2apic_write(struct vmx_run *run, u32 msr, u64 val, bool *exits)
{
	u32 offset = X2APIC_OFFSET(msr);
	bool vid = run->proc2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY;

	if (offset == APIC_TASKPRI && val <= U8_MAX) {
		*tdx_emul_vapic_reg(&run->g.vapic, offset) = val;
		*exits = tdx_emul_vmx_tpr_changed(run);
		return true;
	}
	if (offset == APIC_EOI && vid && !val) {
		*exits = tdx_emul_vmx_eoi(run);
		return true;
	}
	if (offset == APIC_SELF_IPI && vid && val <= U8_MAX && val >= 16) {
		*tdx_emul_vapic_reg(&run->g.vapic, offset) = val;
		tdx_emul_vapic_request(&run->g.vapic, val);
		return true;
	}

	return false;
}

static bool msr_read(struct vmx_run *run, u32 msr)
{
	u64 *area = area_msr(run, msr), val;

	/* QEMU has it with RDTSC only. */
	if (msr == MSR_IA32_TSC)
		val = rdtsc() + run->g.vmcb->control.tsc_offset;
	else if (area)
		val = *area;
	else if (is_virtual_x2apic(run, msr) ? !x2apic_read(run, msr, &val) :
					       native_read_msr_safe(msr, &val))
		return vmx_raise(run, X86_TRAP_GP, true, 0);

	*vmx_gpr(run, GPR_RAX) = (u32)val;
	*vmx_gpr(run, GPR_RDX) = val >> 32;
	return vmx_goes_on(run, MSR_INSN_LENGTH);
}

static bool msr_write(struct vmx_run *run, u32 msr)
{
	u64 val = (u32)*vmx_gpr(run, GPR_RAX) | *vmx_gpr(run, GPR_RDX) << 32;
	u64 *area = area_msr(run, msr);
	bool exits = false, fine;

	if (area) {
		fine = msr == MSR_IA32_SYSENTER_CS || is_canonical(val);
		if (fine)
			*area = val;
	} else if (is_virtual_x2apic(run, msr)) {
		fine = x2apic_write(run, msr, val, &exits);
	} else {
		fine = !native_write_msr_safe(msr, val);
	}
	if (!fine)
		return vmx_raise(run, X86_TRAP_GP, true, 0);

	vmx_goes_on(run, MSR_INSN_LENGTH);
	return exits;
}

/**
 * tdx_emul_vmx_msr_access() - RDMSR or WRMSR
 * @run:	the guest
 *
 * Return: true if that is a VM exit.
 */
bool tdx_emul_vmx_msr_access(struct vmx_run *run)
{
	bool write = run->g.vmcb->control.exit_info_1;
	u32 msr = *vmx_gpr(run, GPR_RCX);

	if (is_intercepted(run, msr, write))
		return vmx_exits(run, write ? EXIT_REASON_MSR_WRITE : EXIT_REASON_MSR_READ, 0,
				 MSR_INSN_LENGTH);

	return write ? msr_write(run, msr) : msr_read(run, msr);
}
