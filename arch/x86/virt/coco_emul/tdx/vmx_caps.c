// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX capabilities, Intel SDM, appendix "VMX Capability Reporting Facility": what
 * kvm-intel and TDX require, and what the emulator does of the rest. No controls are
 * reported that have no effect.
 */
#include <linux/kprobes.h>

#include <asm/msr-index.h>
#include <asm/vmx.h>

#include "tdx.h"
#include "vmx.h"

/* "Reserved Controls and Default Settings": the class that has to be 1 without TRUE MSRs */
#define PIN_DEFAULT1		0x00000016u
#define PROC_DEFAULT1		0x0401e172u
#define EXIT_DEFAULT1		0x00036dffu
#define ENTRY_DEFAULT1		0x000011ffu

/* And those of them that may be 0 all the same, as the TRUE MSRs say */
#define PROC_DEFAULT1_FREE	(CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING)
#define EXIT_DEFAULT1_FREE	VM_EXIT_SAVE_DEBUG_CONTROLS
#define ENTRY_DEFAULT1_FREE	VM_ENTRY_LOAD_DEBUG_CONTROLS

#define PIN_CONTROLS	(PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING |			\
			 PIN_BASED_VIRTUAL_NMIS | PIN_BASED_POSTED_INTR)
#define PROC_CONTROLS	(CPU_BASED_INTR_WINDOW_EXITING | CPU_BASED_USE_TSC_OFFSETTING |		\
			 CPU_BASED_HLT_EXITING | CPU_BASED_INVLPG_EXITING |			\
			 CPU_BASED_MWAIT_EXITING | CPU_BASED_RDPMC_EXITING |			\
			 CPU_BASED_RDTSC_EXITING | CPU_BASED_CR3_LOAD_EXITING |			\
			 CPU_BASED_CR3_STORE_EXITING | CPU_BASED_CR8_LOAD_EXITING |		\
			 CPU_BASED_CR8_STORE_EXITING | CPU_BASED_TPR_SHADOW |			\
			 CPU_BASED_NMI_WINDOW_EXITING | CPU_BASED_MOV_DR_EXITING |		\
			 CPU_BASED_UNCOND_IO_EXITING | CPU_BASED_USE_MSR_BITMAPS |		\
			 CPU_BASED_MONITOR_EXITING | CPU_BASED_PAUSE_EXITING |			\
			 CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
#define PROC2_CONTROLS	(SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES | SECONDARY_EXEC_ENABLE_EPT |	\
			 SECONDARY_EXEC_ENABLE_RDTSCP | SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE |	\
			 SECONDARY_EXEC_ENABLE_VPID | SECONDARY_EXEC_UNRESTRICTED_GUEST |	\
			 SECONDARY_EXEC_APIC_REGISTER_VIRT |					\
			 SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY | SECONDARY_EXEC_ENABLE_INVPCID)
#define EXIT_CONTROLS	(VM_EXIT_SAVE_DEBUG_CONTROLS | VM_EXIT_HOST_ADDR_SPACE_SIZE |		\
			 VM_EXIT_ACK_INTR_ON_EXIT | VM_EXIT_SAVE_IA32_PAT |			\
			 VM_EXIT_LOAD_IA32_PAT | VM_EXIT_SAVE_IA32_EFER | VM_EXIT_LOAD_IA32_EFER)
#define ENTRY_CONTROLS	(VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_IA32E_MODE |			\
			 VM_ENTRY_LOAD_IA32_PAT | VM_ENTRY_LOAD_IA32_EFER)

/* High half: what may be 1, which includes what has to be. Low half: what has to be. */
#define CONTROLS(must, may)	((u64)(may) << 32 | (must) * 0x100000001ULL)

static const struct {
	u32	msr;
	u64	val;
} vmx_msrs[] = {
	/* revision 1, 4096 bytes, write-back, TRUE MSRs */
	{ MSR_IA32_VMX_BASIC,			0x0098100000000001 },
	{ MSR_IA32_VMX_PINBASED_CTLS,		CONTROLS(PIN_DEFAULT1, PIN_CONTROLS) },
	{ MSR_IA32_VMX_PROCBASED_CTLS,		CONTROLS(PROC_DEFAULT1, PROC_CONTROLS) },
	{ MSR_IA32_VMX_EXIT_CTLS,		CONTROLS(EXIT_DEFAULT1, EXIT_CONTROLS) },
	{ MSR_IA32_VMX_ENTRY_CTLS,		CONTROLS(ENTRY_DEFAULT1, ENTRY_CONTROLS) },
	{ MSR_IA32_VMX_TRUE_PINBASED_CTLS,	CONTROLS(PIN_DEFAULT1, PIN_CONTROLS) },
	{ MSR_IA32_VMX_TRUE_PROCBASED_CTLS,	CONTROLS(PROC_DEFAULT1 & ~PROC_DEFAULT1_FREE,
							 PROC_CONTROLS) },
	{ MSR_IA32_VMX_TRUE_EXIT_CTLS,		CONTROLS(EXIT_DEFAULT1 & ~EXIT_DEFAULT1_FREE,
							 EXIT_CONTROLS) },
	{ MSR_IA32_VMX_TRUE_ENTRY_CTLS,		CONTROLS(ENTRY_DEFAULT1 & ~ENTRY_DEFAULT1_FREE,
							 ENTRY_CONTROLS) },
	/* no activity state but active, no CR3 targets */
	{ MSR_IA32_VMX_MISC,			0 },
	{ MSR_IA32_VMX_PROCBASED_CTLS2,		CONTROLS(0, PROC2_CONTROLS) },
	/* 4-level walk, write-back, 2 MiB pages, accessed and dirty bits */
	{ MSR_IA32_VMX_EPT_VPID_CAP,		0x00000f0106314040 },
	{ MSR_IA32_VMX_VMFUNC,			0 },
	{ MSR_IA32_VMX_PROCBASED_CTLS3,		0 },
};

/**
 * tdx_emul_vmx_read_msr() - is this a VMX capability?
 * @msr:	number of the MSR
 * @val:	where to put its value
 *
 * They are read-only: a write is left to the real CPU.
 */
bool tdx_emul_vmx_read_msr(u32 msr, u64 *val)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vmx_msrs); i++) {
		if (vmx_msrs[i].msr == msr) {
			*val = vmx_msrs[i].val;
			if (msr == MSR_IA32_VMX_EPT_VPID_CAP && tdx_emul_has_5level_ept())
				*val |= VMX_EPT_PAGE_WALK_5_BIT;
			return true;
		}
	}

	return false;
}
NOKPROBE_SYMBOL(tdx_emul_vmx_read_msr);

static bool is_allowed(u64 vmcs, u32 field, u32 msr)
{
	u32 controls = vmx_get(vmcs, field);
	u64 caps = 0;

	tdx_emul_vmx_read_msr(msr, &caps);
	return (controls & (u32)caps) == (u32)caps && !(controls & ~(caps >> 32));
}

/**
 * tdx_emul_vmx_controls_are_allowed() - "Checks on VMX Controls": do the capabilities allow all?
 * @vmcs:	physical address of the VMCS
 */
bool tdx_emul_vmx_controls_are_allowed(u64 vmcs)
{
	u32 proc = vmx_get(vmcs, CPU_BASED_VM_EXEC_CONTROL);

	return is_allowed(vmcs, PIN_BASED_VM_EXEC_CONTROL, MSR_IA32_VMX_TRUE_PINBASED_CTLS) &&
	       is_allowed(vmcs, CPU_BASED_VM_EXEC_CONTROL, MSR_IA32_VMX_TRUE_PROCBASED_CTLS) &&
	       is_allowed(vmcs, VM_EXIT_CONTROLS, MSR_IA32_VMX_TRUE_EXIT_CTLS) &&
	       is_allowed(vmcs, VM_ENTRY_CONTROLS, MSR_IA32_VMX_TRUE_ENTRY_CTLS) &&
	       (!(proc & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS) ||
		is_allowed(vmcs, SECONDARY_VM_EXEC_CONTROL, MSR_IA32_VMX_PROCBASED_CTLS2));
}
