// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX root operation: the instructions of VMX.
 *
 * VMCSs are a plain store: fields keep what was written, and nothing is checked
 * before VM entry. Where the CPU has no SVM that always fails. Instructions outside
 * of VMX root operation are declined, so that they end in an invalid-opcode
 * exception as the Intel SDM, chapter "VMX Instruction Reference", has it.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/percpu.h>
#include <linux/printk.h>

#include <asm/insn.h>
#include <asm/insn-eval.h>
#include <asm/processor-flags.h>
#include <asm/tlbflush.h>
#include <asm/vmx.h>

#include "tdx.h"
#include "vmx.h"

#define VMCS_REVISION		1
#define VMCS_NONE		(~0ULL)

/* Injected status that means VMfailInvalid; others are VM-instruction errors. */
#define VMX_FAIL_INVALID	0

/**
 * struct vmx_cpu - VMX state of a logical processor
 * @root:	is in VMX root operation
 * @vmxon:	physical address of the VMXON region
 * @vmcs:	physical address of the current VMCS, or VMCS_NONE
 */
struct vmx_cpu {
	bool	root;
	u64	vmxon;
	u64	vmcs;
};

static DEFINE_PER_CPU(struct vmx_cpu, vmx_cpu);

/*
 * Offset of a field in the VMCS region. Behind the header the region is an
 * array with VMCS_NR_INDEX slots for each combination of width and type.
 */
#define VMCS_HEADER		8
#define VMCS_NR_INDEX		31
#define VMCS_FIELD_HIGH		BIT(0)
#define VMCS_FIELD_INDEX	GENMASK(9, 1)
#define VMCS_FIELD_GROUP	GENMASK(14, 10)
#define VMCS_FIELD_TYPE		GENMASK(11, 10)
#define VMCS_FIELD_WIDTH	GENMASK(14, 13)
#define VMCS_FIELD_RSVD		(GENMASK_ULL(63, 15) | BIT(12))

#define VMCS_TYPE_READ_ONLY	1

/* Behind all fields: "clear" or "launched" */
#define VMCS_LAUNCH_STATE	(PAGE_SIZE - sizeof(u64))
/* And before it, XSETBV */
#define VMCS_XSETBV		(VMCS_LAUNCH_STATE - sizeof(struct vmcs_xsetbv))
#define VMCS_CLEAR		0
#define VMCS_LAUNCHED		1

static bool vmx_succeed(struct pt_regs *regs)
{
	coco_emul_set_flags(regs, 0);
	return true;
}

static bool vmx_fail_invalid(struct pt_regs *regs)
{
	coco_emul_set_flags(regs, X86_EFLAGS_CF);
	return true;
}

static u64 *vmcs_slot(u64 vmcs, u64 field)
{
	u64 group = (field & VMCS_FIELD_GROUP) >> 10;
	u64 index = (field & VMCS_FIELD_INDEX) >> 1;

	if (field & (VMCS_FIELD_RSVD | VMCS_FIELD_HIGH) || index >= VMCS_NR_INDEX)
		return NULL;

	/* Bit 12 is reserved: two bits of width, two bits of type. */
	group = (group >> 3) << 2 | (group & 3);

	return coco_emul_ram(vmcs + VMCS_HEADER + (group * VMCS_NR_INDEX + index) * 8, 8);
}

static u64 vmcs_field_mask(u64 field)
{
	switch ((field & VMCS_FIELD_WIDTH) >> 13) {
	case 0:
		return U16_MAX;
	case 2:
		return U32_MAX;
	default:
		return U64_MAX;
	}
}

/**
 * tdx_emul_vmcs_get() - a field of a VMCS
 * @vmcs:	physical address of the VMCS
 * @field:	the field, which exists
 */
u64 tdx_emul_vmcs_get(u64 vmcs, u32 field)
{
	return *vmcs_slot(vmcs, field);
}

/**
 * tdx_emul_vmcs_set() - change a field of a VMCS
 * @vmcs:	physical address of the VMCS
 * @field:	the field, which exists
 * @val:	its value
 */
void tdx_emul_vmcs_set(u64 vmcs, u32 field, u64 val)
{
	*vmcs_slot(vmcs, field) = val & vmcs_field_mask(field);
}

/**
 * tdx_emul_vmcs_xsetbv() - what is known of XSETBV in a guest
 * @vmcs:	physical address of the VMCS
 */
struct vmcs_xsetbv *tdx_emul_vmcs_xsetbv(u64 vmcs)
{
	return coco_emul_ram(vmcs + VMCS_XSETBV, sizeof(struct vmcs_xsetbv));
}

static u64 *vmcs_launch_state(u64 vmcs)
{
	return coco_emul_ram(vmcs + VMCS_LAUNCH_STATE, sizeof(u64));
}

static bool vmx_fail(struct pt_regs *regs, u32 error)
{
	u64 vmcs = this_cpu_ptr(&vmx_cpu)->vmcs;

	if (vmcs == VMCS_NONE || error == VMX_FAIL_INVALID)
		return vmx_fail_invalid(regs);

	*vmcs_slot(vmcs, VM_INSTRUCTION_ERROR) = error;
	coco_emul_set_flags(regs, X86_EFLAGS_ZF);
	return true;
}

/*
 * For every instruction that has to be in VMX root operation.
 *
 * Return: true to go on; false if done, and then @handled is the emulator's answer
 */
static bool vmx_begin(const struct coco_emul_insn *e, struct pt_regs *regs, bool *handled)
{
	u64 error;

	*handled = false;
	if (!this_cpu_ptr(&vmx_cpu)->root)
		return false;

	if (!coco_emul_hit(e->point, &error))
		return true;

	*handled = vmx_fail(regs, error);
	return false;
}

/**
 * tdx_emul_vmx_root() - is this CPU in VMX root operation?
 */
bool tdx_emul_vmx_root(void)
{
	return this_cpu_ptr(&vmx_cpu)->root;
}

/* A region for VMXON or VMPTRLD; only the revision in it is looked at. */
static u32 *vmx_region(u64 pa)
{
	if (offset_in_page(pa) || pa >> boot_cpu_data.x86_phys_bits)
		return NULL;

	return coco_emul_ram(pa, PAGE_SIZE);
}

static bool vmx_pa_operand(struct pt_regs *regs, struct insn *insn, u64 *pa)
{
	unsigned long ea;

	if (!coco_emul_ea(insn, regs, &ea))
		return false;

	*pa = *(u64 *)ea;
	return true;
}

static bool emulate_vmxon(const struct coco_emul_insn *e, struct pt_regs *regs,
			  struct insn *insn)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	u64 error, pa;
	u32 *region;

	if (!(cr4_read_shadow() & X86_CR4_VMXE) || !vmx_pa_operand(regs, insn, &pa))
		return false;

	if (coco_emul_hit(e->point, &error))
		return vmx_fail_invalid(regs);

	if (cpu->root)
		return vmx_fail(regs, VMXERR_VMXON_IN_VMX_ROOT_OPERATION);

	region = vmx_region(pa);
	if (!region || *region != VMCS_REVISION)
		return vmx_fail_invalid(regs);

	cpu->root = true;
	cpu->vmxon = pa;
	cpu->vmcs = VMCS_NONE;
	return vmx_succeed(regs);
}

static bool emulate_vmxoff(const struct coco_emul_insn *e, struct pt_regs *regs,
			   struct insn *insn)
{
	bool handled;

	if (!vmx_begin(e, regs, &handled))
		return handled;

	this_cpu_ptr(&vmx_cpu)->root = false;
	return vmx_succeed(regs);
}

static bool emulate_vmclear(const struct coco_emul_insn *e, struct pt_regs *regs,
			    struct insn *insn)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	bool handled;
	u64 pa;

	if (!vmx_pa_operand(regs, insn, &pa))
		return false;
	if (!vmx_begin(e, regs, &handled))
		return handled;
	if (!vmx_region(pa))
		return vmx_fail(regs, VMXERR_VMCLEAR_INVALID_ADDRESS);
	if (pa == cpu->vmxon)
		return vmx_fail(regs, VMXERR_VMCLEAR_VMXON_POINTER);

	if (cpu->vmcs == pa)
		cpu->vmcs = VMCS_NONE;
	*vmcs_launch_state(pa) = VMCS_CLEAR;
	return vmx_succeed(regs);
}

static bool emulate_vmptrld(const struct coco_emul_insn *e, struct pt_regs *regs,
			    struct insn *insn)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	bool handled;
	u32 *region;
	u64 pa;

	if (!vmx_pa_operand(regs, insn, &pa))
		return false;
	if (!vmx_begin(e, regs, &handled))
		return handled;

	region = vmx_region(pa);
	if (!region)
		return vmx_fail(regs, VMXERR_VMPTRLD_INVALID_ADDRESS);
	if (pa == cpu->vmxon)
		return vmx_fail(regs, VMXERR_VMPTRLD_VMXON_POINTER);
	if (*region != VMCS_REVISION)
		return vmx_fail(regs, VMXERR_VMPTRLD_INCORRECT_VMCS_REVISION_ID);

	cpu->vmcs = pa;
	return vmx_succeed(regs);
}

/* The r/m operand of VMREAD and VMWRITE, a register or memory. */
static unsigned long *vmx_rm_operand(struct pt_regs *regs, struct insn *insn)
{
	unsigned long ea;
	int off;

	if (X86_MODRM_MOD(insn->modrm.value) != 3)
		return coco_emul_ea(insn, regs, &ea) ? (unsigned long *)ea : NULL;

	off = insn_get_modrm_rm_off(insn, regs);
	return off < 0 ? NULL : (void *)regs + off;
}

/* An access to a field of the current VMCS. */
struct vmcs_access {
	unsigned long	*rm;	/* operand, in a register or in memory */
	u64		field;
	u64		*slot;	/* where the field is */
};

/* Return: true to go on; false if done, and then @handled is the emulator's answer */
static bool vmcs_access_begin(const struct coco_emul_insn *e, struct pt_regs *regs,
			      struct insn *insn, struct vmcs_access *access, bool *handled)
{
	unsigned long *field = insn_get_modrm_reg_ptr(insn, regs);
	u64 vmcs = this_cpu_ptr(&vmx_cpu)->vmcs;

	*handled = false;
	access->rm = vmx_rm_operand(regs, insn);
	if (!access->rm || !field || !vmx_begin(e, regs, handled))
		return false;

	access->field = *field;
	access->slot = vmcs == VMCS_NONE ? NULL : vmcs_slot(vmcs, *field);
	if (!access->slot)
		*handled = vmx_fail(regs, VMXERR_UNSUPPORTED_VMCS_COMPONENT);

	return access->slot;
}

static bool emulate_vmread(const struct coco_emul_insn *e, struct pt_regs *regs,
			   struct insn *insn)
{
	struct vmcs_access access;
	bool handled;

	if (!vmcs_access_begin(e, regs, insn, &access, &handled))
		return handled;

	*access.rm = *access.slot;
	return vmx_succeed(regs);
}

static bool emulate_vmwrite(const struct coco_emul_insn *e, struct pt_regs *regs,
			    struct insn *insn)
{
	struct vmcs_access access;
	bool handled;

	if (!vmcs_access_begin(e, regs, insn, &access, &handled))
		return handled;
	if ((access.field & VMCS_FIELD_TYPE) >> 10 == VMCS_TYPE_READ_ONLY)
		return vmx_fail(regs, VMXERR_VMWRITE_READ_ONLY_VMCS_COMPONENT);

	*access.slot = *access.rm & vmcs_field_mask(access.field);
	return vmx_succeed(regs);
}

/* Without coco_emul_lock: the guest runs from here until the VM exit. */
static bool vm_entry(const struct coco_emul_insn *e, struct pt_regs *regs, bool launch)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	bool handled, go_on;
	u64 *launch_state;
	u32 error;

	raw_spin_lock(&coco_emul_lock);
	go_on = vmx_begin(e, regs, &handled);
	raw_spin_unlock(&coco_emul_lock);
	if (!go_on)
		return handled;
	if (cpu->vmcs == VMCS_NONE)
		return vmx_fail_invalid(regs);

	launch_state = vmcs_launch_state(cpu->vmcs);
	if (launch && *launch_state != VMCS_CLEAR)
		return vmx_fail(regs, VMXERR_VMLAUNCH_NONCLEAR_VMCS);
	if (!launch && *launch_state != VMCS_LAUNCHED)
		return vmx_fail(regs, VMXERR_VMRESUME_NONLAUNCHED_VMCS);

	if (!tdx_emul_guest_runs()) {
		/* Deferred: the caller may hold any lock, and this is in the entry path. */
		printk_deferred_once(pr_fmt("VM entry fails: no SVM, or too wide addresses\n"));
		return vmx_fail(regs, VMXERR_ENTRY_INVALID_CONTROL_FIELD);
	}

	error = tdx_emul_vmx_check(cpu->vmcs);
	if (error)
		return vmx_fail(regs, error);

	if (tdx_emul_vmx_enter(cpu->vmcs, regs))
		*launch_state = VMCS_LAUNCHED;
	return true;
}

static bool emulate_vmlaunch(const struct coco_emul_insn *e, struct pt_regs *regs,
			     struct insn *insn)
{
	return vm_entry(e, regs, true);
}

static bool emulate_vmresume(const struct coco_emul_insn *e, struct pt_regs *regs,
			     struct insn *insn)
{
	return vm_entry(e, regs, false);
}

/* Which one is invalidated makes no difference: see the callers. */
static bool vmx_invalidate(const struct coco_emul_insn *e, struct pt_regs *regs,
			   struct insn *insn,
			   unsigned long types)
{
	unsigned long *type = insn_get_modrm_reg_ptr(insn, regs);
	bool handled;

	if (!type)
		return false;
	if (!vmx_begin(e, regs, &handled))
		return handled;
	if (*type >= BITS_PER_LONG || !(types & BIT(*type)))
		return vmx_fail(regs, VMXERR_INVALID_OPERAND_TO_INVEPT_INVVPID);

	return vmx_succeed(regs);
}

/* Nothing of any EPT is left on this CPU. */
static bool emulate_invept(const struct coco_emul_insn *e, struct pt_regs *regs,
			   struct insn *insn)
{
	tdx_emul_vmx_invalidate();
	tdx_emul_td_invalidate();
	return vmx_invalidate(e, regs, insn,
			      BIT(VMX_EPT_EXTENT_CONTEXT) | BIT(VMX_EPT_EXTENT_GLOBAL));
}

/* VM entry leaves nothing of linear addresses in the TLB, whatever the VPID. */
static bool emulate_invvpid(const struct coco_emul_insn *e, struct pt_regs *regs,
			    struct insn *insn)
{
	return vmx_invalidate(e, regs, insn,
			      BIT(VMX_VPID_EXTENT_INDIVIDUAL_ADDR) |
			      BIT(VMX_VPID_EXTENT_SINGLE_CONTEXT) |
			      BIT(VMX_VPID_EXTENT_ALL_CONTEXT) |
			      BIT(VMX_VPID_EXTENT_SINGLE_NON_GLOBAL));
}

#define VM_ENTRY_INSN(_name, _emulate, _modrm)			\
	{							\
		.point		= COCO_EMUL_POINT(_name),	\
		.opcode		= { 0x0f, 0x01 },		\
		.nr_opcode	= 2,				\
		.modrm_mask	= 0xff,				\
		.modrm		= _modrm,			\
		.unlocked	= true,				\
		.emulate	= _emulate,			\
	}

/* Intel SDM, chapter "VMX Instruction Reference" */
const struct coco_emul_insn tdx_emul_vmx_insns[] = {
	TDX_INSN("VMXON",    emulate_vmxon,    0xf3, 0x38, 0x30, true,  0x0f, 0xc7),
	TDX_INSN("VMXOFF",   emulate_vmxoff,   0,    0xff, 0xc4, false, 0x0f, 0x01),
	TDX_INSN("VMCLEAR",  emulate_vmclear,  0x66, 0x38, 0x30, true,  0x0f, 0xc7),
	TDX_INSN("VMPTRLD",  emulate_vmptrld,  0,    0x38, 0x30, true,  0x0f, 0xc7),
	TDX_INSN("VMREAD",   emulate_vmread,   0,    0,    0,    false, 0x0f, 0x78),
	TDX_INSN("VMWRITE",  emulate_vmwrite,  0,    0,    0,    false, 0x0f, 0x79),
	VM_ENTRY_INSN("VMLAUNCH", emulate_vmlaunch, 0xc2),
	VM_ENTRY_INSN("VMRESUME", emulate_vmresume, 0xc3),
	TDX_INSN("INVEPT",   emulate_invept,   0x66, 0,    0,    true,  0x0f, 0x38, 0x80),
	TDX_INSN("INVVPID",  emulate_invvpid,  0x66, 0,    0,    true,  0x0f, 0x38, 0x81),
	{}
};
