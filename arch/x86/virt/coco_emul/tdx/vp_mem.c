// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: what a vCPU gets of memory. Private memory is what the Secure
 * EPT has, shared memory what the host's EPT has: Intel TDX Module Base Architecture
 * Specification, "Memory Integrity Protection and Access Control" and "EPT Violations".
 */
#include <asm/trapnr.h>

#include "../guest/npt.h"
#include "ept.h"
#include "vp.h"

#define ATTRIBUTES_SEPT_VE_DISABLE	BIT_ULL(28)

/* Extended exit qualification: the page waits to be accepted */
#define EXT_QUAL_PENDING		6

/* Error codes of a page fault: the page is present; and it was a fetch */
#define PF_WALK				BIT(0)
#define PF_FETCH			(BIT(0) | BIT(4))

/* Of an entry of the host's EPT */
#define EPT_SUPPRESS_VE			BIT_ULL(63)

/* The host gets to know of the page only, the TD of the address. */
static bool ept_violation(struct tdx_emul_vp *vp, u64 gpa, u64 qual, u64 ext_qual)
{
	vp->exit.gpa = gpa & PAGE_MASK;
	vp->exit.ext_qual = ext_qual;
	return vp_exits(vp, EXIT_REASON_EPT_VIOLATION, qual);
}

static bool no_page_now(struct tdx_emul_vp *vp)
{
	/* The host comes again. */
	return vp_exits(vp, TDX_OPERAND_BUSY | OPERAND_SEPT_TREE, 0);
}

/*
 * "Convertible EPT Violations" of the Intel SDM: besides what the entry says, no event is
 * being delivered, and the last #VE is over.
 */
static bool can_take_ve(const struct tdx_emul_vp *vp)
{
	return !(vp->g.inject & INTR_INFO_VALID_MASK) && !vp->ve.valid;
}

/**
 * tdx_emul_vp_private() - access private memory
 * @vp:		the vCPU
 * @gpa:	guest physical address
 * @npf_error:	how, as in the error code of a nested page fault
 * @page:	where to put the page in the clear, which is then mapped; NULL in it if the
 *		TD goes on with an exception, or if this returns true
 *
 * Return: true if it is a TD exit.
 */
bool tdx_emul_vp_private(struct tdx_emul_vp *vp, u64 gpa, u64 npf_error, void **page)
{
	u64 qual = tdx_emul_ept_wants(npf_error), status, pa;
	struct tdx_emul_td *td = vp->td;
	struct sept_walk walk;

	*page = NULL;
	status = tdx_emul_sept_find(td, gpa & PAGE_MASK, 0, &walk);
	if (status)
		return vp_exits(vp, status, 0);

	switch (tdx_emul_septe_state(walk.entry)) {
	case SEPT_MAPPED:
		if (!(walk.entry & SEPTE_LEAF))
			break;
		pa = walk.entry & SEPTE_PA;
		if (!tdx_emul_page_is_intact(pa, tdx_emul_pamt(pa)))
			return tdx_emul_vp_machine_check(vp, pa | offset_in_page(gpa),
							 npf_error & NPF_FETCH);
		*page = tdx_emul_td_private_page(td, gpa & PAGE_MASK, pa, false);
		return *page ? false : no_page_now(vp);
	case SEPT_PENDING:
		if (!(td->attributes & ATTRIBUTES_SEPT_VE_DISABLE) && can_take_ve(vp))
			return tdx_emul_ve(vp, EXIT_REASON_EPT_VIOLATION, qual, gpa, 0);
		return ept_violation(vp, gpa, qual, EXT_QUAL_PENDING);
	default:
		break;
	}

	return ept_violation(vp, gpa, qual, 0);
}

static bool is_convertible(const struct tdx_emul_vp *vp, u64 ept_entry)
{
	return !(ept_entry & EPT_SUPPRESS_VE) && can_take_ve(vp);
}

/**
 * tdx_emul_vp_shared() - access shared memory
 * @vp:		the vCPU
 * @gpa:	guest physical address
 * @npf_error:	how, as in the error code of a nested page fault
 * @pa:		where to put the physical address of the page, which is then mapped; 0 in it
 *		if the TD goes on with an exception or tries again, or if this returns true
 *
 * Return: true if it is a TD exit.
 */
bool tdx_emul_vp_shared(struct tdx_emul_vp *vp, u64 gpa, u64 npf_error, u64 *pa)
{
	u64 eptp = vp->fields[VP_SHARED_EPT] | VMX_EPTP_PWL_4 | VMX_EPTP_AD_ENABLE_BIT;
	u8 wants = tdx_emul_ept_wants(npf_error);
	struct tdx_ept_walk walk;

	*pa = 0;
	tdx_emul_ept_walk(eptp, gpa, &walk);
	if (walk.misconfig) {
		vp->exit.gpa = gpa & PAGE_MASK;
		return vp_exits(vp, EXIT_REASON_EPT_MISCONFIG, 0);
	}
	if (wants & ~walk.rwx) {
		if (is_convertible(vp, walk.entry))
			return tdx_emul_ve(vp, EXIT_REASON_EPT_VIOLATION, wants | walk.rwx << 3,
					   gpa, 0);
		return ept_violation(vp, gpa, wants | walk.rwx << 3, 0);
	}

	if (!tdx_emul_ept_access(eptp, &walk, wants & VMX_EPT_WRITABLE_MASK))
		return false;
	if (!tdx_emul_td_map_shared(vp->td, gpa, tdx_emul_ept_npte(eptp, &walk) | NPT_NX))
		return no_page_now(vp);
	*pa = walk.pa;
	return false;
}

static bool shared_fault(struct tdx_emul_vp *vp, u64 gpa, u64 npf_error)
{
	u64 pa;

	/*
	 * Neither code nor page tables can be in shared memory. The address that was to be
	 * translated is not known: CR2 stays.
	 */
	if (npf_error & NPF_WALK)
		return vp_raise(vp, X86_TRAP_PF, true, PF_WALK);
	if (npf_error & NPF_FETCH) {
		vp_save(vp)->cr2 = vp_save(vp)->rip;
		return vp_raise(vp, X86_TRAP_PF, true, PF_FETCH);
	}

	return tdx_emul_vp_shared(vp, gpa, npf_error, &pa);
}

/**
 * tdx_emul_vp_nested_fault() - #NPF
 * @vp:		the vCPU
 *
 * Return: true if it is a TD exit.
 */
bool tdx_emul_vp_nested_fault(struct tdx_emul_vp *vp)
{
	u64 error = vp->g.vmcb->control.exit_info_1, gpa = vp->g.vmcb->control.exit_info_2;
	void *page;

	if (gpa & BIT_ULL(vp->td->shared_bit))
		return shared_fault(vp, gpa, error);

	return tdx_emul_vp_private(vp, gpa, error, &page);
}

/**
 * tdx_emul_vp_page() - memory of the TD that the emulator looks at
 * @space:	the vCPU's
 * @gpa:	guest physical address
 * @access:	how
 *
 * Only what is private: page tables and code cannot be anything else. A page that the
 * host has written to is a miss, which is the end of the TD in tdx_emul_vp_private().
 */
void *tdx_emul_vp_page(struct coco_emul_space *space, u64 gpa, enum coco_emul_access access)
{
	struct tdx_guest *g = container_of(space, struct tdx_guest, space);
	struct tdx_emul_vp *vp = container_of(g, struct tdx_emul_vp, g);
	struct sept_walk walk;
	void *page = NULL;

	if (!(gpa >> vp->td->shared_bit) && !tdx_emul_sept_find(vp->td, gpa, 0, &walk) &&
	    tdx_emul_septe_state(walk.entry) == SEPT_MAPPED && walk.entry & SEPTE_LEAF)
		page = tdx_emul_td_private_page(vp->td, gpa, walk.entry & SEPTE_PA, false);
	if (!page)
		g->miss = GUEST_MISS(gpa);
	return page;
}
