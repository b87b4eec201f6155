// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivery of an exception that the CPU does not know to have an error code, AMD64
 * Architecture Programmer's Manual, volume 2, "Long-Mode Interrupt Control
 * Transfers" and "Legacy Protected-Mode Interrupt Control Transfers". Of the latter
 * there are those from 32-bit code at CPL 0 to 32-bit code, as firmware needs them.
 */
#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mm.h>

#include <asm/desc.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/svm.h>

#include "space.h"

/* The 64-bit TSS */
#define TSS_RSP0	4
#define TSS_IST1	36

#define FRAME_ALIGN	16

struct frame {
	u64	error_code;
	u64	rip;
	u64	cs;
	u64	rflags;
	u64	rsp;
	u64	ss;
};

struct legacy_frame {
	u32	error_code;
	u32	eip;
	u32	cs;
	u32	eflags;
};

/* Gates of legacy mode have 8 bytes, the first half of those of long mode. */
#define LEGACY_GATE_SIZE	offsetof(struct gate_struct, offset_high)

static int read_gate(struct coco_emul_space *space, u8 vector, struct gate_struct *gate,
		     size_t size)
{
	const struct vmcb_seg *idtr = &space->save->idtr;
	u32 at = vector * size;
	int ret;

	if (at + size - 1 > idtr->limit)
		return -EFAULT;

	*gate = (struct gate_struct) {};
	ret = coco_emul_space_read(space, idtr->base + at, gate, size);
	if (ret)
		return ret;

	if (!gate->bits.p || (gate->bits.type != GATE_INTERRUPT && gate->bits.type != GATE_TRAP))
		return -EFAULT;

	return 0;
}

/* The code segment, which has to be one of ring 0, of 64-bit code or of 32-bit code */
static int read_code_segment(struct coco_emul_space *space, u16 selector, bool is_64_bit,
			     struct vmcb_seg *cs)
{
	const struct vmcb_seg *gdtr = &space->save->gdtr;
	struct desc_struct desc;
	u32 at = selector & ~7;
	int ret;

	if (!at || selector & BIT(2) || at + sizeof(desc) - 1 > gdtr->limit)
		return -EFAULT;

	ret = coco_emul_space_read(space, gdtr->base + at, &desc, sizeof(desc));
	if (ret)
		return ret;

	if (!desc.p || !desc.s || !(desc.type & BIT(3)) || desc.dpl || desc.l != is_64_bit ||
	    desc.d == is_64_bit)
		return -EFAULT;

	*cs = (struct vmcb_seg) {
		.selector	= selector & ~3,
		.attrib		= desc.type | desc.s << SVM_SELECTOR_S_SHIFT |
				  desc.p << SVM_SELECTOR_P_SHIFT |
				  desc.avl << SVM_SELECTOR_AVL_SHIFT |
				  desc.l << SVM_SELECTOR_L_SHIFT |
				  desc.d << SVM_SELECTOR_DB_SHIFT | desc.g << SVM_SELECTOR_G_SHIFT,
		.limit		= U32_MAX,
	};
	if (!is_64_bit) {
		cs->base = get_desc_base(&desc);
		cs->limit = get_desc_limit(&desc);
		if (desc.g)
			cs->limit = cs->limit << PAGE_SHIFT | ~PAGE_MASK;
	}
	return 0;
}

static int new_stack(struct coco_emul_space *space, unsigned int ist, u64 *rsp)
{
	const struct vmcb_save_area *save = space->save;
	u64 tss = save->tr.base;

	if (ist)
		return coco_emul_space_read(space, tss + TSS_IST1 + (ist - 1) * sizeof(*rsp), rsp,
					    sizeof(*rsp));
	if (save->cpl)
		return coco_emul_space_read(space, tss + TSS_RSP0, rsp, sizeof(*rsp));

	*rsp = save->rsp;
	return 0;
}

static void go_to(struct vmcb_save_area *save, const struct gate_struct *gate,
		  const struct vmcb_seg *cs, u64 rsp)
{
	save->cs = *cs;
	save->cpl = 0;
	save->rsp = rsp;
	save->rip = gate_offset(gate);
	save->rflags &= ~(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM);
	if (gate->bits.type == GATE_INTERRUPT)
		save->rflags &= ~X86_EFLAGS_IF;
}

static int legacy_exception(struct coco_emul_space *space, u8 vector, u64 error_code)
{
	struct vmcb_save_area *save = space->save;
	struct legacy_frame frame = {
		.error_code	= error_code,
		.eip		= save->rip,
		.cs		= save->cs.selector,
		.eflags		= save->rflags,
	};
	struct gate_struct gate;
	struct vmcb_seg cs;
	u32 esp;
	int ret;

	if (!(save->cr0 & X86_CR0_PE) || save->rflags & X86_EFLAGS_VM || save->cpl ||
	    !(save->ss.attrib & SVM_SELECTOR_DB_MASK))
		return -EFAULT;

	ret = read_gate(space, vector, &gate, LEGACY_GATE_SIZE);
	if (!ret)
		ret = read_code_segment(space, gate.segment, false, &cs);
	if (ret)
		return ret;

	esp = (u32)save->rsp - sizeof(frame);
	ret = coco_emul_space_write(space, (u32)(save->ss.base + esp), &frame, sizeof(frame));
	if (ret)
		return ret;

	go_to(save, &gate, &cs, esp);
	return 0;
}

static int long_mode_exception(struct coco_emul_space *space, u8 vector, u64 error_code)
{
	struct vmcb_save_area *save = space->save;
	struct gate_struct gate;
	struct frame frame;
	struct vmcb_seg cs;
	u64 rsp;
	int ret;

	ret = read_gate(space, vector, &gate, sizeof(gate));
	if (!ret)
		ret = read_code_segment(space, gate.segment, true, &cs);
	if (!ret)
		ret = new_stack(space, gate.bits.ist, &rsp);
	if (ret)
		return ret;

	frame = (struct frame) {
		.error_code	= error_code,
		.rip		= save->rip,
		.cs		= save->cs.selector,
		.rflags		= save->rflags,
		.rsp		= save->rsp,
		.ss		= save->ss.selector,
	};
	rsp = ALIGN_DOWN(rsp, FRAME_ALIGN) - sizeof(frame);
	ret = coco_emul_space_write(space, rsp, &frame, sizeof(frame));
	if (ret)
		return ret;

	if (save->cpl) {
		save->ss = (struct vmcb_seg) {
			.attrib	= SVM_SELECTOR_P_MASK | SVM_SELECTOR_S_MASK |
				  SVM_SELECTOR_WRITE_MASK | SVM_SELECTOR_DB_MASK |
				  SVM_SELECTOR_G_MASK,
			.limit	= U32_MAX,
		};
	}
	go_to(save, &gate, &cs, rsp);
	return 0;
}

/**
 * coco_emul_space_exception() - deliver an exception with an error code
 * @space:	the guest's memory and registers
 * @vector:	which one
 * @error_code:	its error code
 *
 * Return: 0, -EFAULT if there is no way to deliver it, or -EAGAIN if a page was not
 *	   to be had; nothing has changed then.
 */
int coco_emul_space_exception(struct coco_emul_space *space, u8 vector, u64 error_code)
{
	if (space->save->efer & EFER_LMA)
		return long_mode_exception(space, vector, error_code);

	return legacy_exception(space, vector, error_code);
}
