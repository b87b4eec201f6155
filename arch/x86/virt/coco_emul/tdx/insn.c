// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions of a guest that have to be decoded, as SVM without decode assists does
 * not tell what they are about.
 */
#include <linux/mm.h>

#include <asm/insn.h>
#include <asm/msr-index.h>
#include <asm/trapnr.h>

#include "guest.h"

#define REX_B			BIT(0)
#define REX_R			BIT(2)

/**
 * tdx_emul_guest_is_64_bit() - does it run 64-bit code?
 * @g:	the guest
 */
bool tdx_emul_guest_is_64_bit(struct tdx_guest *g)
{
	const struct vmcb_save_area *save = tdx_emul_guest_save(g);

	return save->efer & EFER_LMA && save->cs.attrib & SVM_SELECTOR_L_MASK;
}

/**
 * tdx_emul_insn_fetch() - read what is at RIP
 * @g:		the guest
 * @bytes:	where to put it
 *
 * Return: how many bytes there are, 0 if the page is missing.
 */
unsigned int tdx_emul_insn_fetch(struct tdx_guest *g, u8 bytes[MAX_INSN_SIZE])
{
	const struct vmcb_save_area *save = tdx_emul_guest_save(g);
	unsigned int len = MAX_INSN_SIZE;

	if (!coco_emul_space_fetch(&g->space, bytes, len))
		return len;

	/* It may be the last one before memory that the guest does not have. */
	len = PAGE_SIZE - offset_in_page(save->cs.base + save->rip);
	if (len < MAX_INSN_SIZE && !coco_emul_space_fetch(&g->space, bytes, len)) {
		g->miss = 0;
		return len;
	}

	return 0;
}

/* Prefixes, without REX; -1 if there is nothing behind them */
static int skip_prefixes(const u8 *bytes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		switch (bytes[i]) {
		case 0x26: case 0x2e: case 0x36: case 0x3e:
		case 0x64 ... 0x67:
		case 0xf0: case 0xf2: case 0xf3:
			break;
		default:
			return i;
		}
	}

	return -1;
}

/**
 * tdx_emul_insn_decode_cr() - decode MOV CR, MOV DR, CLTS, LMSW or SMSW at RIP
 * @g:		the guest
 * @insn:	where to put it
 *
 * They are the same in all modes, but for REX and memory operands.
 *
 * Return: false if it is something else, or cannot be read.
 */
bool tdx_emul_insn_decode_cr(struct tdx_guest *g, struct tdx_cr_insn *insn)
{
	u8 bytes[MAX_INSN_SIZE], nr_bytes, rex = 0, modrm;
	unsigned int nr = tdx_emul_insn_fetch(g, bytes);
	int i = skip_prefixes(bytes, nr);

	if (i < 0)
		return false;
	if (tdx_emul_guest_is_64_bit(g) && (bytes[i] & 0xf0) == 0x40)
		rex = bytes[i++];
	if (i + 2 >= nr || bytes[i] != 0x0f)
		return false;

	modrm = bytes[i + 2];
	*insn = (struct tdx_cr_insn) {
		.opcode	= bytes[i + 1],
		.reg	= X86_MODRM_REG(modrm) | (rex & REX_R ? 8 : 0),
		.rm	= X86_MODRM_RM(modrm) | (rex & REX_B ? 8 : 0),
		.mod	= X86_MODRM_MOD(modrm),
		.len	= i + 3,
	};
	if (insn->opcode == OPCODE_CLTS)
		insn->len = i + 2;
	else if (insn->opcode == OPCODE_GROUP7 && insn->mod != 3)
		insn->len = coco_emul_space_insn(&g->space, bytes, &nr_bytes);
	return insn->len;
}

/**
 * tdx_emul_insn_length() - length of the instruction at RIP
 * @g:	the guest
 *
 * Return: 0 if it is not known, as for 16-bit code.
 */
u32 tdx_emul_insn_length(struct tdx_guest *g)
{
	u8 bytes[MAX_INSN_SIZE], nr_bytes;
	u64 miss = g->miss;
	u32 len = coco_emul_space_insn(&g->space, bytes, &nr_bytes);

	g->miss = miss;
	return len;
}

/**
 * tdx_emul_insn_soft_event() - decode INT n, INT3 or INTO at RIP
 * @g:		the guest
 * @vector:	where to put the vector
 *
 * Return: the length, 0 if it is something else, or cannot be read.
 */
u32 tdx_emul_insn_soft_event(struct tdx_guest *g, u8 *vector)
{
	u8 bytes[MAX_INSN_SIZE];
	unsigned int nr = tdx_emul_insn_fetch(g, bytes);
	int i = skip_prefixes(bytes, nr);

	if (i < 0)
		return 0;
	if (tdx_emul_guest_is_64_bit(g) && (bytes[i] & 0xf0) == 0x40)
		i++;

	switch (i < nr ? bytes[i] : 0) {
	case 0xcc:
		*vector = X86_TRAP_BP;
		return i + 1;
	case 0xce:
		*vector = X86_TRAP_OF;
		return i + 1;
	case 0xcd:
		*vector = bytes[i + 1];
		return i + 1 < nr ? i + 2 : 0;
	default:
		return 0;
	}
}
