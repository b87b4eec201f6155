// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time spent on emulated instructions, by the time stamp counter, so that a
 * benchmark can subtract what real hardware would not take.
 */
#include <linux/cleanup.h>
#include <linux/kprobes.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include <asm/tsc.h>

#include "../coco_emul.h"

/* Of all instructions that were carried out. Protected by coco_emul_lock. */
static u64 trap_ticks;

/* The share of an exception outside of the die notifier, 0 until it is known. */
static u64 exception_ticks;

static bool emulate_nothing(const struct coco_emul_insn *e, struct pt_regs *regs,
			    struct insn *insn)
{
	return true;
}

/* SEAMOPS, which nobody but the TDX module could use, stands for it. */
static const struct coco_emul_insn nothing = {
	.opcode		= { 0x0f, 0x01 },
	.nr_opcode	= 2,
	.prefix		= 0x66,
	.modrm_mask	= 0xff,
	.modrm		= 0xce,
	.emulate	= emulate_nothing,
};

/**
 * coco_emul_ticks_insn() - the instruction that calibration executes
 *
 * Return: NULL once calibration is over: it is an invalid opcode then.
 */
const struct coco_emul_insn *coco_emul_ticks_insn(void)
{
	return exception_ticks ? NULL : &nothing;
}
NOKPROBE_SYMBOL(coco_emul_ticks_insn);

/**
 * coco_emul_ticks_add() - an instruction was carried out
 * @ticks:	time from the entry of the die notifier on
 */
void coco_emul_ticks_add(u64 ticks)
{
	lockdep_assert_held(&coco_emul_lock);

	trap_ticks += ticks + exception_ticks;
}

/**
 * coco_emul_ticks_settled() - an instruction that was carried out had to wait
 * @ticks:	time in which others could do so as well
 */
void coco_emul_ticks_settled(u64 ticks)
{
	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	trap_ticks += ticks;
}

/**
 * coco_emul_ticks() - time spent on emulated instructions so far
 */
u64 coco_emul_ticks(void)
{
	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	return trap_ticks;
}

/**
 * coco_emul_ticks_calibrate() - measure what the die notifier does not see
 *
 * The least of some tries: an interrupt may fall into one.
 */
void __init coco_emul_ticks_calibrate(void)
{
	u64 start, inside, least = U64_MAX;
	int i;

	for (i = 0; i < 8; i++) {
		inside = trap_ticks;
		start = rdtsc();
		asm volatile(".byte 0x66, 0x0f, 0x01, 0xce" ::: "memory");
		least = min(least, rdtsc() - start - (trap_ticks - inside));
	}

	exception_ticks = max(least, 1);
	trap_ticks = 0;
}
