// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated SEV-SNP host: what a test can have carried out, see core/call.c.
 *
 * The instructions are executed, so they take the same way through the
 * invalid-opcode exception as those of the code under test.
 */
#include <linux/build_bug.h>
#include <linux/pgtable.h>
#include <linux/set_memory.h>

#include <asm/sev.h>

#include "snp.h"

/* Physical address, and the new state as two words: struct rmp_state */
static void call_rmpupdate(u64 *v)
{
	const struct rmp_state *new = (void *)&v[1];
	unsigned long va = (unsigned long)__va(v[0]);
	unsigned int level;

	BUILD_BUG_ON(sizeof(struct rmp_state) != 2 * sizeof(*v));

	/* As the kernel does: or its other pages in a large mapping are lost to it. */
	if (new->pagesize == RMP_PG_SIZE_4K && snp_emul_rmp_page(v[0]) &&
	    lookup_address(va, &level) && level > PG_LEVEL_4K)
		set_memory_4k(va & PAGE_MASK, 1);

	asm volatile(".byte 0xf2, 0x0f, 0x01, 0xfe"
		     : "+a" (v[0])
		     : "c" (&v[1])
		     : "memory", "cc");
}

static void call_rmpread(u64 *v)
{
	asm volatile(".byte 0xf2, 0x0f, 0x01, 0xfd"
		     : "+a" (v[0])
		     : "c" (&v[1])
		     : "memory", "cc");
}

static void call_psmash(u64 *v)
{
	asm volatile(".byte 0xf3, 0x0f, 0x01, 0xff" : "+a" (v[0]) : : "memory", "cc");
}

/* Command number and physical address of its buffer; the mailbox is left to ccp. */
static void call_firmware(u64 *v)
{
	v[0] = snp_emul_psp_command(v[0], v[1]);
}

const struct coco_emul_call snp_emul_calls[] = {
	{ "RMPUPDATE",	3, 1, call_rmpupdate },
	{ "RMPREAD",	1, 3, call_rmpread },
	{ "PSMASH",	1, 1, call_psmash },
	{ "FIRMWARE",	2, 1, call_firmware },
	{}
};
