// SPDX-License-Identifier: GPL-2.0-only
/*
 * The extended page tables of the host, Intel SDM, chapter "VMX Support for Address
 * Translation": walked in software where the nested page table that the guest runs
 * on has nothing yet.
 */
#include <linux/mm.h>

#include <asm/msr-index.h>
#include <asm/vmx.h>

#include "../guest/npt.h"
#include "ept.h"
#include "tdx.h"

#define EPT_PAGE		BIT_ULL(7)
#define EPT_ADDR		GENMASK_ULL(51, 12)
#define EPT_RWX			(VMX_EPT_READABLE_MASK | VMX_EPT_WRITABLE_MASK | \
				 VMX_EPT_EXECUTABLE_MASK)

/* Reserved, of an entry that points to a table, and of a page of 2 MiB */
#define EPT_TABLE_RSVD		GENMASK_ULL(6, 3)
#define EPT_LARGE_RSVD		GENMASK_ULL(20, 12)

static bool is_leaf(u64 entry, int level)
{
	return level == 1 || entry & EPT_PAGE;
}

/* "EPT Misconfigurations"; execute-only translations are not supported. */
static bool ept_is_misconfigured(u64 entry, int level)
{
	u64 beyond = EPT_ADDR & ~(BIT_ULL(boot_cpu_data.x86_phys_bits) - 1);

	if (!(entry & VMX_EPT_READABLE_MASK) || entry & beyond)
		return true;
	if (!is_leaf(entry, level))
		return entry & EPT_TABLE_RSVD;

	switch ((entry & VMX_EPT_MT_MASK) >> VMX_EPT_MT_EPTE_SHIFT) {
	case X86_MEMTYPE_UC:
	case X86_MEMTYPE_WC:
	case X86_MEMTYPE_WT:
	case X86_MEMTYPE_WP:
	case X86_MEMTYPE_WB:
		break;
	default:
		return true;
	}

	/* 2 MiB pages, but no larger ones */
	return level > 1 && (level > 2 || entry & EPT_LARGE_RSVD);
}

/* "Accessed and Dirty Flags for EPT": a table is used. If it changes, that is no matter. */
static void table_is_used(u64 eptp, u64 *slot, u64 entry)
{
	if (eptp & VMX_EPTP_AD_ENABLE_BIT && !(entry & VMX_EPT_ACCESS_BIT))
		try_cmpxchg64(slot, &entry, entry | VMX_EPT_ACCESS_BIT);
}

/**
 * tdx_emul_ept_walk() - look up a guest physical address
 * @eptp:	EPT pointer, for "Page-walk length" as well
 * @gpa:	the address
 * @walk:	where to put what was found
 *
 * KVM frees tables only after a grace period, or after all vCPUs have left the
 * guest: interrupts have to be off.
 */
void tdx_emul_ept_walk(u64 eptp, u64 gpa, struct tdx_ept_walk *walk)
{
	u64 *table = coco_emul_ram(eptp & EPT_ADDR, PAGE_SIZE), offset;

	*walk = (struct tdx_ept_walk) {
		.level	= ((eptp & VMX_EPTP_PWL_MASK) >> 3) + 1,
		.rwx	= EPT_RWX,
	};

	for (;; walk->level--) {
		if (!table) {
			walk->misconfig = true;
			return;
		}

		walk->slot = &table[gpa >> (PAGE_SHIFT + 9 * (walk->level - 1)) & 511];
		walk->entry = READ_ONCE(*walk->slot);
		walk->rwx &= walk->entry;
		if (!(walk->entry & EPT_RWX))
			return;

		walk->misconfig = ept_is_misconfigured(walk->entry, walk->level);
		if (walk->misconfig)
			return;
		if (is_leaf(walk->entry, walk->level))
			break;

		table_is_used(eptp, walk->slot, walk->entry);
		table = coco_emul_ram(walk->entry & EPT_ADDR, PAGE_SIZE);
	}

	offset = gpa & (BIT_ULL(PAGE_SHIFT + 9 * (walk->level - 1)) - 1);
	walk->pa = ((walk->entry & EPT_ADDR) | offset) & PAGE_MASK;
}

/**
 * tdx_emul_ept_access() - set what the CPU sets in the last entry, "Accessed and Dirty
 *			   Flags for EPT"
 * @eptp:	EPT pointer
 * @walk:	where the walk ended, which has the rights for the access
 * @write:	it is a write
 *
 * Return: false if the entry has changed meanwhile, and the walk is to be repeated.
 */
bool tdx_emul_ept_access(u64 eptp, const struct tdx_ept_walk *walk, bool write)
{
	u64 old = walk->entry, new = old | VMX_EPT_ACCESS_BIT | (write ? VMX_EPT_DIRTY_BIT : 0);

	if (!(eptp & VMX_EPTP_AD_ENABLE_BIT) || new == old)
		return true;

	return try_cmpxchg64(walk->slot, &old, new);
}

/**
 * tdx_emul_ept_npte() - what to map in the nested page table
 * @eptp:	EPT pointer
 * @walk:	where the walk ended, at a page that is present
 *
 * Return: the entry of 4 KiB. Writing to what is not dirty yet has to fault.
 */
u64 tdx_emul_ept_npte(u64 eptp, const struct tdx_ept_walk *walk)
{
	u64 npte = walk->pa | NPT_P | NPT_U | NPT_A | NPT_D;

	if (walk->rwx & VMX_EPT_WRITABLE_MASK &&
	    (!(eptp & VMX_EPTP_AD_ENABLE_BIT) || READ_ONCE(*walk->slot) & VMX_EPT_DIRTY_BIT))
		npte |= NPT_W;
	if (!(walk->rwx & VMX_EPT_EXECUTABLE_MASK))
		npte |= NPT_NX;
	return npte;
}

/**
 * tdx_emul_ept_wants() - the rights that an access needs
 * @npf_error:	error code of the nested page fault
 */
u8 tdx_emul_ept_wants(u64 npf_error)
{
	if (npf_error & NPF_WRITE)
		return VMX_EPT_WRITABLE_MASK;
	if (npf_error & NPF_FETCH)
		return VMX_EPT_EXECUTABLE_MASK;

	return VMX_EPT_READABLE_MASK;
}
