/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX non-root operation: what the files vmx*.c share.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_TDX_VMX_H
#define _ARCH_X86_VIRT_COCO_EMUL_TDX_VMX_H

#include <linux/types.h>

#include <asm/vmx.h>

#include "guest.h"

/**
 * struct vmx_exit - a VM exit, Intel SDM, "VM-Exit Information Fields"
 * @reason:	basic exit reason
 * @len:	instruction length
 * @qual:	exit qualification
 * @gpa:	guest physical address
 * @intr_info:	interruption information
 * @intr_error:	interruption error code
 */
struct vmx_exit {
	u32	reason;
	u32	len;
	u64	qual;
	u64	gpa;
	u32	intr_info;
	u32	intr_error;
};

/**
 * struct vmcs_xsetbv - part of a VMCS: XSETBV that the host does not know of yet
 * @xcr0:	what XCR0 has become, 0 for none
 * @reported:	that is what the registers of the guest are about, in place of ...
 * @rax:	... those that it has, which come back at the next entry
 * @rcx:	the same
 * @rdx:	the same
 * @ss_ar:	the same, for the privilege level
 */
struct vmcs_xsetbv {
	u64	xcr0;
	u64	reported;
	u64	rax;
	u64	rcx;
	u64	rdx;
	u64	ss_ar;
};

/**
 * struct vmx_run - an ordinary VM from VM entry to VM exit
 * @g:		the guest
 * @vmcs:	physical address of its VMCS
 * @cr0:	CR0 as VMX has it
 * @cr4:	CR4 as VMX has it
 * @pin:	pin-based controls
 * @proc:	primary processor-based controls
 * @proc2:	secondary ones
 * @eptp:	EPT pointer
 * @host_xcr0:	XCR0 as the host has loaded it for the guest
 * @xcr0:	XCR0 as the guest has set it
 * @exit:	what ends it
 */
struct vmx_run {
	struct tdx_guest	g;
	u64			vmcs;
	u64			cr0;
	u64			cr4;
	u32			pin;
	u32			proc;
	u32			proc2;
	u64			eptp;
	u64			host_xcr0;
	u64			xcr0;
	struct vmx_exit		exit;
};

static inline struct vmcb_save_area *vmx_save(struct vmx_run *run)
{
	return tdx_emul_guest_save(&run->g);
}

static inline u64 *vmx_gpr(struct vmx_run *run, unsigned int nr)
{
	return tdx_emul_guest_gpr(&run->g, nr);
}

/* What the functions below say: is this a VM exit, or does the guest go on? */
static inline bool vmx_exits(struct vmx_run *run, u32 reason, u64 qual, u32 len)
{
	run->exit.reason = reason;
	run->exit.qual = qual;
	run->exit.len = len;
	return true;
}

static inline bool vmx_goes_on(struct vmx_run *run, u32 len)
{
	tdx_emul_guest_skip(&run->g, len);
	return false;
}

static inline bool vmx_raise(struct vmx_run *run, u8 vector, bool has_error, u32 error)
{
	tdx_emul_guest_raise(&run->g, vector, has_error, error);
	return false;
}

/* vmx.c */
struct vmcs_xsetbv *tdx_emul_vmcs_xsetbv(u64 vmcs);
u64 tdx_emul_vmcs_get(u64 vmcs, u32 field);
void tdx_emul_vmcs_set(u64 vmcs, u32 field, u64 val);

static inline u64 vmx_get(u64 vmcs, u32 field)
{
	return tdx_emul_vmcs_get(vmcs, field);
}

static inline void vmx_set(u64 vmcs, u32 field, u64 val)
{
	tdx_emul_vmcs_set(vmcs, field, val);
}

/* vmx_caps.c */
bool tdx_emul_vmx_read_msr(u32 msr, u64 *val);
bool tdx_emul_vmx_controls_are_allowed(u64 vmcs);

/* vmx_state.c: VMCS and VMCB */
u32 tdx_emul_vmx_check(u64 vmcs);
bool tdx_emul_vmx_guest_state_is_valid(u64 vmcs);
void tdx_emul_vmx_load(struct vmx_run *run);
void tdx_emul_vmx_store(struct vmx_run *run);

/* vmx_run.c */
bool tdx_emul_vmx_enter(u64 vmcs, struct pt_regs *regs);
void tdx_emul_vmx_invalidate(void);
int tdx_emul_vmx_init(void);

/* vmx_exit.c */
bool tdx_emul_vmx_exit(struct vmx_run *run);

/* vmx_insn.c */
bool tdx_emul_vmx_cr_access(struct vmx_run *run);
bool tdx_emul_vmx_dr_access(struct vmx_run *run);
bool tdx_emul_vmx_invalid_opcode(struct vmx_run *run);

/* vmx_xsetbv.c */
void tdx_emul_vmx_xcr0_load(struct vmx_run *run);
void tdx_emul_vmx_switch(struct vmx_run *run);
bool tdx_emul_vmx_xsetbv(struct vmx_run *run);
void tdx_emul_vmx_xcr0_store(struct vmx_run *run);

/* vmx_msr.c */
bool tdx_emul_vmx_msr_access(struct vmx_run *run);

/* vmx_intr.c */
bool tdx_emul_vmx_before_entry(struct vmx_run *run);
bool tdx_emul_vmx_interrupt(struct vmx_run *run);
bool tdx_emul_vmx_tpr_changed(struct vmx_run *run);
bool tdx_emul_vmx_eoi(struct vmx_run *run);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_TDX_VMX_H */
