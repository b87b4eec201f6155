// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: TDCALL and the leaves behind it, Intel TDX Module ABI Reference
 * Specification, "Guest-Side (TDCALL) Interface Functions". A leaf whose page the host
 * has to bring first is a TD exit, and is executed again.
 */
#include <crypto/sha2.h>

#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/trapnr.h>

#include "ept.h"
#include "vp.h"

#define TDCALL_LEAF		GENMASK_ULL(15, 0)
#define TDCALL_VERSION_1	BIT_ULL(16)

#define TDG_VM_RD		7

#define TDX_NO_VALID_VE_INFO		0xc000070400000000ULL
#define TDX_PAGE_ALREADY_ACCEPTED	0x00000b0a00000000ULL
#define TDX_PAGE_SIZE_MISMATCH		0xc0000b0b00000000ULL

/* What TDG.VP.VMCALL can pass: not RAX, RCX, RSP and with NO_RBP_MOD RBP, and no XMM here */
#define VMCALL_MASK		(GENMASK(15, 5) | GENMASK(3, 2))

/* Extended exit qualification of an EPT violation by TDG.MEM.PAGE.ACCEPT */
#define EXT_QUAL_ACCEPT		1
#define EXT_QUAL_LEVEL_SHIFT	35
#define EXT_QUAL_STATE_SHIFT	38

#define ACCEPT_MAX_LEVEL	1	/* 2 MiB */

#define GPAW			48

/* Of a leaf: it is done, the TD exits, or the TD goes on with an exception */
enum tdcall_end {
	TDCALL_DONE,
	TDCALL_EXITS,
	TDCALL_AGAIN,
};

/* A TDCALL in progress */
struct tdcall {
	struct tdx_emul_vp	*vp;
	enum tdcall_end		end;
};

static u64 reg(struct tdcall *call, unsigned int gpr)
{
	return *vp_gpr(call->vp, gpr);
}

static void set_reg(struct tdcall *call, unsigned int gpr, u64 val)
{
	*vp_gpr(call->vp, gpr) = val;
}

static bool is_shared(struct tdcall *call, u64 gpa)
{
	return gpa & BIT_ULL(call->vp->td->shared_bit);
}

/* Memory that does not cross a page; NULL if this is not the end. A device has none. */
static void *memory(struct tdcall *call, u64 gpa, u64 npf_error)
{
	void *page = NULL;
	bool exits;
	u64 pa;

	if (is_shared(call, gpa)) {
		exits = tdx_emul_vp_shared(call->vp, gpa, npf_error, &pa);
		if (pa)
			page = coco_emul_ram(pa, PAGE_SIZE);
	} else {
		exits = tdx_emul_vp_private(call->vp, gpa, npf_error, &page);
	}

	if (exits)
		call->end = TDCALL_EXITS;
	else if (!page)
		call->end = TDCALL_AGAIN;

	return page ? page + offset_in_page(gpa) : NULL;
}

/* A GPA operand: aligned, and not beyond what the TD has */
static bool is_valid(struct tdcall *call, u64 gpa, u64 align)
{
	return !(gpa & (align - 1)) && !(gpa >> (call->vp->td->shared_bit + 1));
}

/* And private */
static bool is_private(struct tdcall *call, u64 gpa, u64 align)
{
	return !(gpa & (align - 1)) && !(gpa >> call->vp->td->shared_bit);
}

/* TDG.VP.VMCALL: RIP moves on when the host has answered. */
static u64 leaf_vp_vmcall(struct tdcall *call)
{
	u64 mask = reg(call, GPR_RCX);

	if (mask & ~(u64)VMCALL_MASK ||
	    (mask & BIT(GPR_RBP) && call->vp->td->no_rbp_mod))
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	call->vp->vmcall = mask | BIT(GPR_RCX);
	call->end = TDCALL_EXITS;
	vp_exits(call->vp, EXIT_REASON_TDCALL, mask);
	return TDX_SUCCESS;
}

static u64 leaf_vp_info(struct tdcall *call)
{
	const struct tdx_emul_td *td = call->vp->td;

	set_reg(call, GPR_RCX, GPAW);
	set_reg(call, GPR_RDX, td->attributes);
	set_reg(call, GPR_R8, (u64)td->max_vcpus << 32 | td->nr_vcpus);
	set_reg(call, GPR_R9, call->vp->index);
	/* TDG.SYS.RD is there. */
	set_reg(call, GPR_R10, 1);
	set_reg(call, GPR_R11, 0);
	return TDX_SUCCESS;
}

static u64 leaf_mr_rtmr_extend(struct tdcall *call)
{
	u64 gpa = reg(call, GPR_RCX), index = reg(call, GPR_RDX);
	u8 both[2][SHA384_DIGEST_SIZE];
	void *data;

	if (!is_private(call, gpa, 64))
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	if (index >= TDX_NR_RTMRS)
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	data = memory(call, gpa, NPF_READ);
	if (!data)
		return TDX_SUCCESS;

	memcpy(both[0], call->vp->td->rtmr[index], SHA384_DIGEST_SIZE);
	memcpy(both[1], data, SHA384_DIGEST_SIZE);
	sha384(both[0], sizeof(both), call->vp->td->rtmr[index]);
	return TDX_SUCCESS;
}

static u64 leaf_vp_veinfo_get(struct tdcall *call)
{
	struct tdx_ve_info *ve = &call->vp->ve;

	if (!ve->valid)
		return TDX_NO_VALID_VE_INFO;

	set_reg(call, GPR_RCX, ve->reason);
	set_reg(call, GPR_RDX, ve->qual);
	set_reg(call, GPR_R8, ve->gla);
	set_reg(call, GPR_R9, ve->gpa);
	set_reg(call, GPR_R10, ve->len);
	ve->valid = false;
	return TDX_SUCCESS;
}

static u64 leaf_mr_report(struct tdcall *call)
{
	u64 to = reg(call, GPR_RCX), from = reg(call, GPR_RDX);
	static u8 made[TDREPORT_SIZE]; /* protected by coco_emul_lock */
	u8 copy[TDREPORT_DATA_SIZE];
	void *report, *data;

	/* Private or shared */
	if (!is_valid(call, to, TDREPORT_SIZE))
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	if (!is_valid(call, from, TDREPORT_DATA_SIZE))
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	data = memory(call, from, NPF_READ);
	if (!data)
		return TDX_SUCCESS;
	if (reg(call, GPR_R8))
		return TDX_OPERAND_INVALID | OPERAND_R8;

	if (copy_from_kernel_nofault(copy, data, sizeof(copy)))
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	report = memory(call, to, NPF_WRITE);
	if (!report)
		return TDX_SUCCESS;

	/* Nobody may change it before it has its MAC. */
	tdx_emul_report(call->vp->td, copy, made);
	if (copy_to_kernel_nofault(report, made, sizeof(made)))
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	return TDX_SUCCESS;
}

#define CPUIDVE_MASK		GENMASK_ULL(1, 0)

static u64 leaf_vp_cpuidve_set(struct tdcall *call)
{
	if (reg(call, GPR_RCX) & ~CPUIDVE_MASK)
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	call->vp->cpuid_ve = reg(call, GPR_RCX);
	return TDX_SUCCESS;
}

static u64 accept_violation(struct tdcall *call, const struct sept_walk *walk, u64 level)
{
	struct tdx_emul_vp *vp = call->vp;

	vp->exit.gpa = walk->gpa;
	vp->exit.ext_qual = EXT_QUAL_ACCEPT | level << 32 |
			    (u64)walk->level << EXT_QUAL_LEVEL_SHIFT |
			    (u64)tdx_emul_septe_state(walk->entry) << EXT_QUAL_STATE_SHIFT;
	vp_exits(vp, EXIT_REASON_EPT_VIOLATION, VMX_EPT_WRITABLE_MASK);
	call->end = TDCALL_EXITS;
	return TDX_SUCCESS;
}

/* TDG.MEM.PAGE.ACCEPT: the page that waits is the TD's, and zero. */
static u64 leaf_mem_page_accept(struct tdcall *call)
{
	u64 info = reg(call, GPR_RCX), status;
	int level = info & GENMASK(2, 0);
	struct tdx_emul_td *td = call->vp->td;
	struct sept_walk walk;
	void *page;

	if (info & GENMASK(11, 3) || level > ACCEPT_MAX_LEVEL ||
	    !is_private(call, info & PAGE_MASK, PAGE_SIZE << 9 * level))
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	status = tdx_emul_sept_find(td, info & PAGE_MASK, level, &walk);
	if (status) {
		call->end = TDCALL_EXITS;
		vp_exits(call->vp, status, 0);
		return TDX_SUCCESS;
	}

	/* What waits to be accepted has 4 KiB. The level is what is in the low half here. */
	if (walk.level == level && walk.entry && !(walk.entry & SEPTE_LEAF))
		return TDX_PAGE_SIZE_MISMATCH | walk.level;

	switch (tdx_emul_septe_state(walk.entry)) {
	case SEPT_PENDING:
		break;
	case SEPT_MAPPED:
		if (walk.entry & SEPTE_LEAF)
			return TDX_PAGE_ALREADY_ACCEPTED | walk.level;
		fallthrough;
	default:
		return accept_violation(call, &walk, level);
	}

	page = tdx_emul_td_private_page(td, walk.gpa, walk.entry & SEPTE_PA, true);
	if (!page) {
		call->end = TDCALL_EXITS;
		vp_exits(call->vp, TDX_OPERAND_BUSY | OPERAND_SEPT_TREE, 0);
		return TDX_SUCCESS;
	}

	tdx_emul_septe_write(td, walk.pa,
			     tdx_emul_septe_make(walk.entry & SEPTE_PA, true, SEPT_MAPPED));
	return TDX_SUCCESS;
}

/* TD scope metadata that the TD may read; what it may write is not there. */
#define TD_FIELD_ATTRIBUTES	0x1110000300000000ULL
#define TD_FIELD_XFAM		0x1110000300000001ULL

static u64 leaf_vm_rd(struct tdcall *call)
{
	u64 field = reg(call, GPR_RDX);

	set_reg(call, GPR_R8, 0);
	if (field == TD_FIELD_ATTRIBUTES)
		set_reg(call, GPR_R8, call->vp->td->attributes);
	else if (field == TD_FIELD_XFAM)
		set_reg(call, GPR_R8, call->vp->td->xfam);
	else
		return TDX_METADATA_FIELD_ID_INCORRECT;

	return TDX_SUCCESS;
}

static u64 leaf_vm_wr(struct tdcall *call)
{
	u64 field = reg(call, GPR_RDX);

	set_reg(call, GPR_R8, 0);
	if (field == TD_FIELD_ATTRIBUTES || field == TD_FIELD_XFAM)
		return TDX_METADATA_FIELD_NOT_WRITABLE;

	return TDX_METADATA_FIELD_ID_INCORRECT;
}

static u64 leaf_sys_rd(struct tdcall *call)
{
	u64 val = 0, status = tdx_emul_sys_field(reg(call, GPR_RDX), &val);

	set_reg(call, GPR_R8, val);
	return status;
}

static const struct {
	u16	nr;
	u64	(*fn)(struct tdcall *call);
} tdcall_leaves[] = {
	{ 0,	leaf_vp_vmcall },
	{ 1,	leaf_vp_info },
	{ 2,	leaf_mr_rtmr_extend },
	{ 3,	leaf_vp_veinfo_get },
	{ 4,	leaf_mr_report },
	{ 5,	leaf_vp_cpuidve_set },
	{ 6,	leaf_mem_page_accept },
	{ TDG_VM_RD, leaf_vm_rd },
	{ 8,	leaf_vm_wr },
	{ 11,	leaf_sys_rd },
};

static u64 call_leaf(struct tdcall *call, u64 rax)
{
	u16 leaf = rax & TDCALL_LEAF;
	unsigned int i;

	/* Of all leaves TDG.VM.RD only has versions. */
	if (rax & ~TDCALL_LEAF && (leaf != TDG_VM_RD || rax & ~(TDCALL_LEAF | TDCALL_VERSION_1)))
		return TDX_OPERAND_INVALID | OPERAND_RAX;

	for (i = 0; i < ARRAY_SIZE(tdcall_leaves); i++) {
		if (tdcall_leaves[i].nr == leaf)
			return tdcall_leaves[i].fn(call);
	}

	return TDX_OPERAND_INVALID | OPERAND_RAX;
}

/**
 * tdx_emul_tdcall() - TDCALL
 * @vp:		the vCPU
 *
 * Return: true if it is a TD exit.
 */
bool tdx_emul_tdcall(struct tdx_emul_vp *vp)
{
	struct tdcall call = { .vp = vp };
	u64 status;

	if (!tdx_emul_guest_is_64_bit(&vp->g) || vp_save(vp)->cpl)
		return vp_raise(vp, X86_TRAP_GP, true, 0);

	status = call_leaf(&call, vp_save(vp)->rax);
	switch (call.end) {
	case TDCALL_EXITS:
		return true;
	case TDCALL_AGAIN:
		return false;
	default:
		vp_save(vp)->rax = status;
		return vp_goes_on(vp, TDCALL_LENGTH);
	}
}
