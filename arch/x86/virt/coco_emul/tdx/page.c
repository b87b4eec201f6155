// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: what is in the pages of a TD.
 *
 * What belongs to a TD is scrambled with its key, so that the host reads noise.
 * Pages have a checksum in the PAMT, so that a write by the host is noticed.
 */
#include "tdx.h"

void tdx_scramble_zeroes(u64 key, u64 pa)
{
	coco_emul_scramble(key, pa, __va(pa), NULL, PAGE_SIZE);
}

/* Pages of TDs that the host was found to have written to. */
u64 tdx_nr_host_writes;

bool tdx_page_is_intact(u64 pa, const struct pamt_entry *pamt)
{
	if (!pamt->csum || coco_emul_checksum(__va(pa)) == pamt->csum)
		return true;

	tdx_nr_host_writes++;
	return false;
}

/* From now on the page belongs to the module, and the host must not write to it. */
void tdx_page_take(u64 pa, struct pamt_entry *pamt, enum tdx_page_type type, u64 owner)
{
	*pamt = (struct pamt_entry) {
		.owner	= owner,
		.type	= type,
		.csum	= coco_emul_checksum(__va(pa)),
	};
}

/* The host may do with its page what it likes again. */
void tdx_page_free(u64 pa, struct pamt_entry *pamt)
{
	tdx_page_is_intact(pa, pamt);
	*pamt = (struct pamt_entry) { .type = PT_NDA };
}

/* Does a TD have this page? */
bool tdx_page_is_owned(u64 pa)
{
	struct pamt_entry *pamt = tdx_pamt(pa);

	return pamt && pamt->type != PT_NDA && pamt->type != PT_RSVD;
}
