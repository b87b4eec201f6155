// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: the address space identifiers. There is
 * one table of them for SEV, SEV-ES and SNP guests: an ASID is the tag of the key
 * in the memory controller, which asks for no kind of guest.
 *
 * From the "Secure Encrypted Virtualization API Version 0.24" (ACTIVATE,
 * DEACTIVATE, DF_FLUSH) and the "SEV Secure Nested Paging Firmware ABI
 * Specification", with the order of the checks as in AMD's published firmware.
 *
 * Kernel parameter:
 *   coco_emul_asids=<max>,<min>	ASIDs 1 to <max>, of which guests without
 *				encrypted state use those from <min> on, as CPUID
 *				Fn8000_001F tells
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/printk.h>

#include "snp.h"

/* A small machine by default, so that ASIDs are soon used for the second time. */
unsigned int snp_emul_max_asid __ro_after_init = 15;
unsigned int snp_emul_min_sev_asid __ro_after_init = 8;

/*
 * Dirty: a guest has run with it, and there may be lines of that guest in the
 * caches until the next DF_FLUSH. One that was never used is clean.
 */
static enum psp_asid_state {
	PSP_ASID_DIRTY,
	PSP_ASID_CLEAN,
	PSP_ASID_ALLOCATED,
	PSP_ASID_IN_USE,
} asids[SNP_EMUL_NR_ASIDS];

/* The initialization of a platform makes no assumption about what was before. */
void snp_emul_psp_asids_init(void)
{
	unsigned int asid;

	lockdep_assert_held(&coco_emul_lock);

	for (asid = 1; asid <= snp_emul_max_asid; asid++)
		asids[asid] = PSP_ASID_DIRTY;
}

/**
 * snp_emul_psp_asids_flush() - DF_FLUSH and SNP_DF_FLUSH, which are the same
 *
 * Real firmware refuses it until each core has executed WBINVD. That cannot be
 * trapped.
 */
void snp_emul_psp_asids_flush(void)
{
	unsigned int asid;

	lockdep_assert_held(&coco_emul_lock);

	for (asid = 1; asid <= snp_emul_max_asid; asid++) {
		if (asids[asid] == PSP_ASID_DIRTY)
			asids[asid] = PSP_ASID_CLEAN;
	}
}

/**
 * snp_emul_psp_asids_clean() - nobody has one, and no DF_FLUSH is due
 */
bool snp_emul_psp_asids_clean(void)
{
	unsigned int asid;

	for (asid = 1; asid <= snp_emul_max_asid; asid++) {
		if (asids[asid] != PSP_ASID_CLEAN)
			return false;
	}

	return true;
}

/**
 * snp_emul_psp_asid_activate() - give a guest an ASID
 * @owned:	the one that the guest has, 0 if it has none; set with success
 * @asid:	the one that it is to have
 * @es:		its state is encrypted: it is an SEV-ES or an SNP guest
 * @runs:	its launch is finished
 *
 * Return: status for the command.
 */
u16 snp_emul_psp_asid_activate(u32 *owned, u32 asid, bool es, bool runs)
{
	lockdep_assert_held(&coco_emul_lock);

	if (!asid || asid > snp_emul_max_asid)
		return SEV_RET_INVALID_ASID;
	if (asids[asid] == PSP_ASID_ALLOCATED || asids[asid] == PSP_ASID_IN_USE)
		return SEV_RET_ASID_OWNED;
	if (*owned)
		return SEV_RET_ACTIVE;
	if (asids[asid] == PSP_ASID_DIRTY)
		return SEV_RET_DFFLUSH_REQUIRED;
	if (es ? asid >= snp_emul_min_sev_asid : asid < snp_emul_min_sev_asid)
		return SEV_RET_INVALID_ASID;

	asids[asid] = runs ? PSP_ASID_IN_USE : PSP_ASID_ALLOCATED;
	*owned = asid;
	return SEV_RET_SUCCESS;
}

/**
 * snp_emul_psp_asid_run() - the guest may run from now on
 * @asid:	its ASID, 0 if it has none yet
 */
void snp_emul_psp_asid_run(u32 asid)
{
	lockdep_assert_held(&coco_emul_lock);

	if (asid)
		asids[asid] = PSP_ASID_IN_USE;
}

/**
 * snp_emul_psp_asid_release() - take an ASID away from a guest
 * @owned:	the one that it has, 0 if it has none; 0 afterwards
 */
void snp_emul_psp_asid_release(u32 *owned)
{
	lockdep_assert_held(&coco_emul_lock);

	if (*owned)
		asids[*owned] = asids[*owned] == PSP_ASID_IN_USE ? PSP_ASID_DIRTY : PSP_ASID_CLEAN;
	*owned = 0;
}

/**
 * snp_emul_psp_asid_runs() - may VMRUN run a guest with this ASID?
 * @asid:	the ASID
 */
bool snp_emul_psp_asid_runs(u32 asid)
{
	lockdep_assert_held(&coco_emul_lock);

	return asid <= snp_emul_max_asid && asids[asid] == PSP_ASID_IN_USE;
}

static int __init parse_asids(char *str)
{
	unsigned int max, min;

	if (!str || sscanf(str, "%u,%u", &max, &min) != 2 || !max || max >= SNP_EMUL_NR_ASIDS ||
	    !min || min > max + 1) {
		pr_err("coco_emul_asids: wanted <max>,<min> with 1 <= min <= max + 1 <= %u\n",
		       SNP_EMUL_NR_ASIDS);
		return -EINVAL;
	}

	snp_emul_max_asid = max;
	snp_emul_min_sev_asid = min;
	return 0;
}
early_param("coco_emul_asids", parse_asids);
