// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX host: what a test can have carried out, see core/call.c.
 *
 * The instruction is executed, so it takes the same way through the
 * invalid-opcode exception as those of the code under test.
 */
#include <linux/cleanup.h>

#include <asm/asm.h>
#include <asm/msr.h>

#include "tdx.h"

/* RAX, RCX, RDX, R8, R9; RAX is the number of the exception if there is one. */
static void call_seamcall(u64 *v)
{
	u64 rax = v[0], rcx = v[1], rdx = v[2], in_r8 = v[3], in_r9 = v[4], out_r8, out_r9;
	/* No access to @v from here to out_r9: with KASAN each is a function call. */
	register u64 r8 asm("r8") = in_r8;
	register u64 r9 asm("r9") = in_r9;

	asm volatile("1: .byte 0x66, 0x0f, 0x01, 0xcf\n"
		     "2:\n"
		     _ASM_EXTABLE_FAULT(1b, 2b)
		     : "+a" (rax), "+c" (rcx), "+d" (rdx), "+r" (r8), "+r" (r9)
		     :
		     : "r10", "r11", "memory", "cc");
	out_r8 = r8;
	out_r9 = r9;

	v[0] = rax;
	v[1] = rcx;
	v[2] = rdx;
	v[3] = out_r8;
	v[4] = out_r9;
}

/*
 * The TD with this TDR is lost, as if its memory had an error while one of its
 * vCPUs ran. Returns whether there is such a TD.
 */
static void call_lose_td(u64 *v)
{
	struct tdx_emul_td *td;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	td = v[0] ? tdx_emul_td_find(v[0]) : NULL;
	if (td)
		tdx_emul_td_lose(td, "a test wants it");
	v[0] = !!td;
}

/* The host changes the time stamp counter of this CPU, or so the module must think. */
static void call_tsc_adjust(u64 *v)
{
	wrmsrq(MSR_IA32_TSC_ADJUST, v[0]);
}

const struct coco_emul_call tdx_emul_calls[] = {
	{ "SEAMCALL",	5, 5, call_seamcall },
	{ "LOSE_TD",	1, 1, call_lose_td },
	{ "TSC_ADJUST",	1, 1, call_tsc_adjust },
	{}
};
