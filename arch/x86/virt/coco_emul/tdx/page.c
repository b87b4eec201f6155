// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: what is in the pages of a TD.
 *
 * What belongs to a TD is scrambled with a stream that depends on the key of
 * the TD and on the address, so that the host reads noise. This is no
 * encryption. Pages have a checksum in the PAMT, so that a write by the host is
 * noticed.
 */
#include <linux/jhash.h>
#include <linux/kprobes.h>

#include "tdx.h"

u64 tdx_keystream(u64 key, u64 pa)
{
	u64 x = key + (pa >> 3) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}
NOKPROBE_SYMBOL(tdx_keystream);

/* Scramble @len bytes from @src to physical address @pa, or back. */
void tdx_scramble(u64 key, u64 pa, u64 *dst, const u64 *src, size_t len)
{
	size_t i;

	for (i = 0; i < len / sizeof(*dst); i++)
		dst[i] = (src ? src[i] : 0) ^ tdx_keystream(key, pa + i * sizeof(*dst));
}
NOKPROBE_SYMBOL(tdx_scramble);

void tdx_scramble_zeroes(u64 key, u64 pa)
{
	tdx_scramble(key, pa, __va(pa), NULL, PAGE_SIZE);
}
NOKPROBE_SYMBOL(tdx_scramble_zeroes);

static u32 page_csum(u64 pa)
{
	return jhash2(__va(pa), PAGE_SIZE / sizeof(u32), 0);
}
NOKPROBE_SYMBOL(page_csum);

/* Pages of TDs that the host was found to have written to. */
u64 tdx_nr_host_writes;

bool tdx_page_is_intact(u64 pa, const struct pamt_entry *pamt)
{
	if (!pamt->csum || page_csum(pa) == pamt->csum)
		return true;

	tdx_nr_host_writes++;
	return false;
}
NOKPROBE_SYMBOL(tdx_page_is_intact);

/* From now on the page belongs to the module, and the host must not write to it. */
void tdx_page_take(u64 pa, struct pamt_entry *pamt, enum tdx_page_type type, u64 owner)
{
	*pamt = (struct pamt_entry) {
		.owner	= owner,
		.type	= type,
		.csum	= page_csum(pa),
	};
}
NOKPROBE_SYMBOL(tdx_page_take);

/* The host may do with its page what it likes again. */
void tdx_page_free(u64 pa, struct pamt_entry *pamt)
{
	tdx_page_is_intact(pa, pamt);
	*pamt = (struct pamt_entry) { .type = PT_NDA };
}
NOKPROBE_SYMBOL(tdx_page_free);
