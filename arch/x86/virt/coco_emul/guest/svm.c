// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests on the SVM that the CPU has.
 *
 * To the kernel EFER.SVME is what it has written there. The real one is off, so
 * that the instructions of SVM are invalid opcodes, which the platform carries
 * out: it is on only around an instruction that is executed here for real.
 *
 * That needs a GIF that outlives EFER.SVME. With QEMU's TCG it does, while the
 * manual says that it becomes set, "EFER.SVME": where it does not, no guest runs.
 *
 * What VMLOAD loads is never in the registers while the kernel runs. Otherwise
 * the next exception, that of VMRUN, would find the GS base of the guest.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/hardirq.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <asm/msr.h>
#include <asm/ptrace.h>

#include "../coco_emul.h"
#include "svm.h"

/**
 * struct svm_areas - pages in the format of a VMCB, of which VMLOAD's part is used
 * @guest:	the guest's, between VMLOAD and VMSAVE
 * @host:	the host's, while a guest runs
 */
struct svm_areas {
	struct vmcb	*guest;
	struct vmcb	*host;
};

static DEFINE_PER_CPU(struct svm_areas, svm_areas);

static bool svm_runs __ro_after_init;

static void svm_on(void)
{
	native_wrmsrq(MSR_EFER, native_read_msr(MSR_EFER) | EFER_SVME);
}

static void svm_off(void)
{
	native_wrmsrq(MSR_EFER, native_read_msr(MSR_EFER) & ~EFER_SVME);
}

/**
 * coco_emul_svm_clgi() - CLGI: clear the global interrupt flag
 *
 * This and the functions after it are for a handler with interrupts off.
 */
void coco_emul_svm_clgi(void)
{
	svm_on();
	asm volatile("clgi" ::: "memory");
	svm_off();
}

/**
 * coco_emul_svm_stgi() - STGI: set it
 */
void coco_emul_svm_stgi(void)
{
	svm_on();
	asm volatile("stgi" ::: "memory");
	svm_off();
}

/**
 * coco_emul_svm_vmload() - VMLOAD: load a part of the state of the processor
 * @pa:	physical address of the page that has it, which is what it is already:
 *	only the host's can be loaded
 */
void coco_emul_svm_vmload(u64 pa)
{
	svm_on();
	asm volatile("vmload %0" : : "a" (pa) : "memory");
	svm_off();
}

/**
 * coco_emul_svm_vmsave() - VMSAVE: save a part of the state of the processor
 * @pa:	physical address of a page
 */
void coco_emul_svm_vmsave(u64 pa)
{
	svm_on();
	asm volatile("vmsave %0" : : "a" (pa) : "memory");
	svm_off();
}

/**
 * coco_emul_svm_invlpga() - INVLPGA: invalidate the translation of an address
 * @addr:	the address
 * @asid:	in which address space
 */
void coco_emul_svm_invlpga(u64 addr, u32 asid)
{
	svm_on();
	asm volatile("invlpga %0, %1" : : "a" (addr), "c" (asid) : "memory");
	svm_off();
}

/**
 * coco_emul_svm_guest_area() - what VMLOAD has loaded on this CPU
 */
struct vmcb_save_area *coco_emul_svm_guest_area(void)
{
	return &this_cpu_read(svm_areas.guest)->save;
}

/**
 * coco_emul_svm_host_to_guest_area() - the guest starts with what the host has
 */
void coco_emul_svm_host_to_guest_area(void)
{
	coco_emul_svm_vmsave(__pa(this_cpu_read(svm_areas.guest)));
}

/**
 * coco_emul_svm_copy() - copy what VMLOAD loads and VMSAVE saves
 * @to:		save area of a VMCB
 * @from:	save area of a VMCB
 */
void coco_emul_svm_copy(struct vmcb_save_area *to, const struct vmcb_save_area *from)
{
	to->fs = from->fs;
	to->gs = from->gs;
	to->ldtr = from->ldtr;
	to->tr = from->tr;
	to->star = from->star;
	to->lstar = from->lstar;
	to->cstar = from->cstar;
	to->sfmask = from->sfmask;
	to->kernel_gs_base = from->kernel_gs_base;
	to->sysenter_cs = from->sysenter_cs;
	to->sysenter_esp = from->sysenter_esp;
	to->sysenter_eip = from->sysenter_eip;
}

/**
 * coco_emul_svm_gprs() - registers at an exception are those of a guest
 * @gprs:	of the guest; RAX and RSP stay as they are
 * @regs:	at the exception
 */
void coco_emul_svm_gprs(u64 gprs[COCO_EMUL_NR_GPRS], const struct pt_regs *regs)
{
	gprs[GPR_RCX] = regs->cx;
	gprs[GPR_RDX] = regs->dx;
	gprs[GPR_RBX] = regs->bx;
	gprs[GPR_RBP] = regs->bp;
	gprs[GPR_RSI] = regs->si;
	gprs[GPR_RDI] = regs->di;
	gprs[GPR_R8] = regs->r8;
	gprs[GPR_R9] = regs->r9;
	gprs[GPR_R10] = regs->r10;
	gprs[GPR_R11] = regs->r11;
	gprs[GPR_R12] = regs->r12;
	gprs[GPR_R13] = regs->r13;
	gprs[GPR_R14] = regs->r14;
	gprs[GPR_R15] = regs->r15;
}

/**
 * coco_emul_svm_set_gprs() - and the other way round
 * @regs:	after the exception
 * @gprs:	of the guest
 */
void coco_emul_svm_set_gprs(struct pt_regs *regs, const u64 gprs[COCO_EMUL_NR_GPRS])
{
	regs->cx = gprs[GPR_RCX];
	regs->dx = gprs[GPR_RDX];
	regs->bx = gprs[GPR_RBX];
	regs->bp = gprs[GPR_RBP];
	regs->si = gprs[GPR_RSI];
	regs->di = gprs[GPR_RDI];
	regs->r8 = gprs[GPR_R8];
	regs->r9 = gprs[GPR_R9];
	regs->r10 = gprs[GPR_R10];
	regs->r11 = gprs[GPR_R11];
	regs->r12 = gprs[GPR_R12];
	regs->r13 = gprs[GPR_R13];
	regs->r14 = gprs[GPR_R14];
	regs->r15 = gprs[GPR_R15];
}

/*
 * At a #VMEXIT, QEMU 7.2 clears a bit of the word in which others tell this CPU of an
 * interrupt, without the lock that they have, so that theirs may get lost. When TPR is
 * written the APIC looks what waits.
 */
static void look_for_interrupts(void)
{
	unsigned long tpr;

	asm volatile("mov %%cr8, %0; mov %0, %%cr8" : "=r" (tpr) : : "memory");
}

/**
 * coco_emul_svm_enter() - VMRUN: run a guest until the next #VMEXIT
 * @vmcb_pa:	physical address of its VMCB
 * @gprs:	its registers but for RAX and RSP
 * @irqs_on:	RFLAGS.IF at VMRUN: do physical interrupts end it?
 *
 * Called with GIF clear. What VMLOAD loads is taken from the guest's area, and
 * left there.
 */
void coco_emul_svm_enter(u64 vmcb_pa, u64 gprs[COCO_EMUL_NR_GPRS], bool irqs_on)
{
	struct coco_emul_switch sw = {
		.vmcb		= vmcb_pa,
		.guest		= __pa(this_cpu_read(svm_areas.guest)),
		.host		= __pa(this_cpu_read(svm_areas.host)),
		.irqs_on	= irqs_on,
	};

	memcpy(sw.gprs, gprs, sizeof(sw.gprs));
	svm_on();
	coco_emul_switch(&sw);
	svm_off();
	look_for_interrupts();
	memcpy(gprs, sw.gprs, sizeof(sw.gprs));
}

/**
 * coco_emul_svm_runs() - can guests run?
 */
bool coco_emul_svm_runs(void)
{
	return svm_runs;
}

/* An interrupt that this CPU sends itself: is it taken? */
static bool __init interrupt_is_taken(void)
{
	u64 before = arch_irq_stat_cpu(smp_processor_id());

	arch_smp_send_reschedule(smp_processor_id());
	local_irq_enable();
	udelay(5);
	local_irq_disable();

	return arch_irq_stat_cpu(smp_processor_id()) != before;
}

/* Does GIF hold back interrupts while EFER.SVME is off, and does nothing else? */
static bool __init gif_outlives_svme(void)
{
	bool held_back, taken;

	preempt_disable();
	local_irq_disable();
	coco_emul_svm_clgi();
	held_back = !interrupt_is_taken();
	coco_emul_svm_stgi();
	taken = interrupt_is_taken();
	local_irq_enable();
	preempt_enable();

	return held_back && taken;
}

/**
 * coco_emul_svm_init() - hide the SVM that the CPU has, and see what it can do
 *
 * Return: -ENOMEM.
 */
int __init coco_emul_svm_init(void)
{
	struct svm_areas *areas;
	int cpu;

	for_each_possible_cpu(cpu) {
		areas = per_cpu_ptr(&svm_areas, cpu);
		areas->guest = (void *)get_zeroed_page(GFP_KERNEL);
		areas->host = (void *)get_zeroed_page(GFP_KERNEL);
		if (!areas->guest || !areas->host)
			return -ENOMEM;
	}

	coco_emul_hide_efer(EFER_SVME);
	svm_runs = gif_outlives_svme();
	if (!svm_runs)
		pr_warn("GIF does not outlive EFER.SVME on this CPU: VMRUN fails\n");
	return 0;
}
