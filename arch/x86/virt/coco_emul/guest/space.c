// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest sees as its memory: its page tables, AMD64 Architecture
 * Programmer's Manual, volume 2, "Page Translation and Protection", walked for
 * what the emulator has to look at or to write on behalf of the CPU. All of that
 * is supervisor memory, which the CPU could access: permissions are not checked.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/insn.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/svm.h>

#include "npt.h"
#include "space.h"

static bool long_mode(const struct coco_emul_space *space)
{
	return space->save->efer & EFER_LMA;
}

/* Without paging, with tables of two levels, with PAE, in long mode */
static int walk_levels(const struct coco_emul_space *space)
{
	if (!(space->save->cr0 & X86_CR0_PG))
		return 0;
	if (!(space->save->cr4 & X86_CR4_PAE))
		return 2;
	if (!long_mode(space))
		return 3;

	return space->save->cr4 & X86_CR4_LA57 ? 5 : 4;
}

/**
 * coco_emul_space_gpa() - translate an address
 * @space:	whose address
 * @addr:	linear address
 * @gpa:	where to put the physical address
 */
int coco_emul_space_gpa(struct coco_emul_space *space, u64 addr, u64 *gpa)
{
	int level = walk_levels(space), bits = level == 2 ? 10 : 9;
	unsigned int size = level == 2 ? sizeof(u32) : sizeof(u64);
	u64 table, entry, at, mask;
	void *page;

	if (!level) {
		*gpa = addr;
		return 0;
	}

	table = space->save->cr3 & (level == 3 ? GENMASK_ULL(31, 5) : NPT_ADDR);
	for (; level; level--) {
		at = table + (addr >> (PAGE_SHIFT + bits * (level - 1)) & (BIT(bits) - 1)) * size;
		page = space->page(space, at & PAGE_MASK, ACCESS_WALK);
		if (!page)
			return -EAGAIN;

		entry = 0;
		if (copy_from_kernel_nofault(&entry, page + offset_in_page(at), size) ||
		    !(entry & NPT_P))
			return -EFAULT;
		if (level == 1 || (entry & NPT_PS && level < 4))
			break;

		table = entry & NPT_ADDR;
	}

	mask = BIT_ULL(PAGE_SHIFT + bits * (level - 1)) - 1;
	*gpa = (entry & NPT_ADDR & ~mask) | (addr & mask);
	return 0;
}

/* @len bytes from @addr on as one piece or two, none of which crosses a page boundary */
static int pieces(struct coco_emul_space *space, u64 addr, size_t len,
		  enum coco_emul_access access, void *piece[2], size_t *first)
{
	u64 gpa;
	int ret;

	*first = min_t(size_t, len, PAGE_SIZE - offset_in_page(addr));
	ret = coco_emul_space_gpa(space, addr, &gpa);
	if (ret)
		return ret;
	piece[0] = space->page(space, gpa & PAGE_MASK, access);
	if (!piece[0])
		return -EAGAIN;
	piece[0] += offset_in_page(gpa);

	if (*first == len)
		return 0;

	ret = coco_emul_space_gpa(space, addr + *first, &gpa);
	if (ret)
		return ret;
	piece[1] = space->page(space, gpa & PAGE_MASK, access);
	return piece[1] ? 0 : -EAGAIN;
}

static int space_get(struct coco_emul_space *space, u64 addr, void *data, size_t len,
		     enum coco_emul_access access)
{
	void *piece[2];
	size_t first;
	int ret;

	ret = pieces(space, addr, len, access, piece, &first);
	if (ret)
		return ret;

	/* Of memory that the kernel has not mapped, the emulator can know nothing. */
	if (copy_from_kernel_nofault(data, piece[0], first))
		return -EFAULT;
	if (first < len && copy_from_kernel_nofault(data + first, piece[1], len - first))
		return -EFAULT;
	return 0;
}

/**
 * coco_emul_space_read() - read memory of a guest
 * @space:	whose memory
 * @addr:	linear address
 * @data:	where to put it
 * @len:	how many bytes, less than a page
 */
int coco_emul_space_read(struct coco_emul_space *space, u64 addr, void *data, size_t len)
{
	return space_get(space, addr, data, len, ACCESS_READ);
}

/**
 * coco_emul_space_write() - write memory of a guest
 * @space:	whose memory
 * @addr:	linear address
 * @data:	what to write
 * @len:	how many bytes, less than a page
 */
int coco_emul_space_write(struct coco_emul_space *space, u64 addr, const void *data, size_t len)
{
	void *piece[2];
	size_t first;
	int ret;

	ret = pieces(space, addr, len, ACCESS_WRITE, piece, &first);
	if (ret)
		return ret;

	if (copy_to_kernel_nofault(piece[0], data, first) ||
	    (first < len && copy_to_kernel_nofault(piece[1], data + first, len - first)))
		return -EFAULT;
	return 0;
}

static bool code_is_64_bit(const struct coco_emul_space *space)
{
	return long_mode(space) && space->save->cs.attrib & SVM_SELECTOR_L_MASK;
}

/**
 * coco_emul_space_fetch() - read what is at RIP
 * @space:	whose memory
 * @data:	where to put it
 * @len:	how many bytes
 */
int coco_emul_space_fetch(struct coco_emul_space *space, void *data, size_t len)
{
	u64 addr = space->save->rip;

	if (!code_is_64_bit(space))
		addr = (u32)(space->save->cs.base + addr);

	return space_get(space, addr, data, len, ACCESS_FETCH);
}

/**
 * coco_emul_space_insn() - read the instruction at RIP, as decode assists do
 * @space:	whose memory
 * @bytes:	where to put the bytes
 * @nr_bytes:	where to put how many could be read
 *
 * Return: its length, 0 if that is not known: 16-bit code is not decoded.
 */
unsigned int coco_emul_space_insn(struct coco_emul_space *space, u8 bytes[MAX_INSN_SIZE],
				  u8 *nr_bytes)
{
	unsigned int len = MAX_INSN_SIZE;
	struct insn insn;
	bool is_64_bit = code_is_64_bit(space);

	*nr_bytes = 0;
	if (coco_emul_space_fetch(space, bytes, len)) {
		/* It may be the last one before memory that the guest does not have. */
		len = PAGE_SIZE - offset_in_page(space->save->rip);
		if (len >= MAX_INSN_SIZE || coco_emul_space_fetch(space, bytes, len))
			return 0;
	}
	*nr_bytes = len;

	if (!is_64_bit && !(space->save->cs.attrib & SVM_SELECTOR_DB_MASK))
		return 0;
	if (insn_decode(&insn, bytes, len, is_64_bit ? INSN_MODE_64 : INSN_MODE_32))
		return 0;

	return insn.length;
}
