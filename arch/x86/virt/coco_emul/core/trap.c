// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulation of instructions that the real CPU does not have: the only user of
 * the die notifier.
 *
 * An invalid-opcode exception in kernel mode is looked at in stages: fetch and
 * decode, identify, emulate, and only then step over the instruction. On any
 * doubt the exception is left alone, so that it ends as on any other machine.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/cleanup.h>
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/notifier.h>
#include <linux/uaccess.h>

#include <asm/insn.h>
#include <asm/insn-eval.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>
#include <asm/tsc.h>

#include "../coco_emul.h"

#define COCO_EMUL_ARITH_FLAGS	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
				 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)

/* Protected by coco_emul_lock. */
static u64 nr_traps, nr_declined;

/**
 * coco_emul_ea() - effective address of the memory operand of an instruction
 * @insn:	the decoded instruction
 * @regs:	registers at the exception
 * @ea:		the address
 *
 * Return: false if there is no such operand or if it is not a kernel address.
 */
bool coco_emul_ea(struct insn *insn, struct pt_regs *regs, unsigned long *ea)
{
	if (!insn->modrm.nbytes || X86_MODRM_MOD(insn->modrm.value) == 3)
		return false;

	*ea = (unsigned long)insn_get_addr_ref(insn, regs);
	return *ea != -1UL && *ea >= TASK_SIZE_MAX;
}

/**
 * coco_emul_set_flags() - result of an instruction in RFLAGS
 * @regs:	registers at the exception
 * @flags:	arithmetic flags to set, the others are cleared
 */
void coco_emul_set_flags(struct pt_regs *regs, unsigned long flags)
{
	regs->flags &= ~COCO_EMUL_ARITH_FLAGS;
	regs->flags |= flags & COCO_EMUL_ARITH_FLAGS;
}

static u8 mandatory_prefix(struct insn *insn)
{
	u8 prefix = 0;
	int i;

	for (i = 0; i < insn->prefixes.nbytes; i++) {
		switch (insn->prefixes.bytes[i]) {
		case 0xf2:
		case 0xf3:
			prefix = insn->prefixes.bytes[i];
			break;
		case 0x66:
			/* REP prefixes take precedence. */
			if (!prefix)
				prefix = 0x66;
			break;
		}
	}

	return prefix;
}
NOKPROBE_SYMBOL(mandatory_prefix);

static bool insn_matches(const struct coco_emul_insn *e, struct insn *insn, u8 prefix)
{
	if (prefix != e->prefix || insn->opcode.nbytes != e->nr_opcode ||
	    memcmp(insn->opcode.bytes, e->opcode, e->nr_opcode))
		return false;

	if ((insn->modrm.value & e->modrm_mask) != e->modrm)
		return false;

	return !e->mem || X86_MODRM_MOD(insn->modrm.value) != 3;
}
NOKPROBE_SYMBOL(insn_matches);

static const struct coco_emul_insn *identify(struct insn *insn)
{
	const struct coco_emul_insn *const *table, *e;
	u8 prefix = mandatory_prefix(insn);

	if (!insn->modrm.nbytes)
		return NULL;

	for (table = coco_emul_host->insns; *table; table++) {
		for (e = *table; e->emulate; e++) {
			if (insn_matches(e, insn, prefix))
				return e;
		}
	}

	e = coco_emul_ticks_insn();
	return e && insn_matches(e, insn, prefix) ? e : NULL;
}
NOKPROBE_SYMBOL(identify);

static bool decode(struct pt_regs *regs, struct insn *insn, u8 *buf)
{
	const void *ip = (const void *)regs->ip;
	int len = MAX_INSN_SIZE;

	/* The instruction may be the last one before an unmapped page. */
	if (copy_from_kernel_nofault(buf, ip, len)) {
		len = min_t(int, len, PAGE_SIZE - offset_in_page(ip));
		if (copy_from_kernel_nofault(buf, ip, len))
			return false;
	}

	return !insn_decode(insn, buf, len, INSN_MODE_64);
}
NOKPROBE_SYMBOL(decode);

static int coco_emul_die(struct notifier_block *nb, unsigned long val, void *data)
{
	const struct coco_emul_insn *e;
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;
	u8 buf[MAX_INSN_SIZE];
	unsigned long flags;
	struct insn insn;
	u64 start;
	bool done;

	if (val != DIE_TRAP || args->trapnr != X86_TRAP_UD || user_mode(regs))
		return NOTIFY_DONE;

	start = rdtsc();

	if (!decode(regs, &insn, buf))
		return NOTIFY_DONE;

	e = identify(&insn);
	if (!e)
		return NOTIFY_DONE;

	if (e->unlocked) {
		done = e->emulate(e, regs, &insn);
		goto out;
	}

	/* In an NMI, e.g. when the kernel goes down: it may have interrupted the holder. */
	if (!in_nmi())
		raw_spin_lock_irqsave(&coco_emul_lock, flags);
	else if (!raw_spin_trylock_irqsave(&coco_emul_lock, flags))
		return NOTIFY_DONE;

	done = e->emulate(e, regs, &insn);
	if (done) {
		nr_traps++;
		coco_emul_ticks_add(rdtsc() - start);
	} else {
		nr_declined++;
	}
	raw_spin_unlock_irqrestore(&coco_emul_lock, flags);

	if (done && coco_emul_host->settle) {
		start = rdtsc();
		coco_emul_host->settle(regs);
		if (!in_nmi())
			coco_emul_ticks_settled(rdtsc() - start);
	}
out:
	if (!done)
		return NOTIFY_DONE;

	regs->ip += insn.length;
	return NOTIFY_STOP;
}
NOKPROBE_SYMBOL(coco_emul_die);

static struct notifier_block coco_emul_die_nb = {
	.notifier_call	= coco_emul_die,
	.priority	= INT_MAX - 1,	/* kprobes come first */
};

/**
 * coco_emul_trap_counts() - exceptions in which the instruction was known
 * @traps:	where to put how many were handled
 * @declined:	where to put how many were left alone
 */
void coco_emul_trap_counts(u64 *traps, u64 *declined)
{
	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	*traps = nr_traps;
	*declined = nr_declined;
}

int __init coco_emul_trap_init(void)
{
	return register_die_notifier(&coco_emul_die_nb);
}
