// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the CPU claims to be: CPUID, MSRs, CR4 and EFER of the emulated platform.
 *
 * CPUID does not fault in kernel mode, and the exception tables of RDMSR and
 * WRMSR are consulted before any notifier, so these cannot be trapped. They go
 * through pv_ops, which is filled in while the kernel parameters are parsed:
 * before the features of the boot CPU are evaluated for good and before the
 * calls through pv_ops are turned into direct calls.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/cpufeature.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/string.h>

#include <asm/cpuid/api.h>
#include <asm/msr.h>
#include <asm/paravirt.h>
#include <asm/special_insns.h>
#include <asm/tlbflush.h>

#include "../coco_emul.h"

/* Bits of EFER that do not reach the CPU, and those of them that the kernel has set. */
static u64 efer_hidden __ro_after_init;
static DEFINE_PER_CPU(u64, efer_kept);

static notrace void emul_cpuid(unsigned int *eax, unsigned int *ebx,
			       unsigned int *ecx, unsigned int *edx)
{
	u32 leaf = *eax, subleaf = *ecx;

	native_cpuid(eax, ebx, ecx, edx);
	coco_emul_host->cpuid(leaf, subleaf, eax, ebx, ecx, edx);
}
NOKPROBE_SYMBOL(emul_cpuid);

static notrace u64 emul_read_msr(u32 msr)
{
	u64 val;

	if (coco_emul_host->read_msr(msr, &val))
		return val;

	val = native_read_msr(msr);
	return msr == MSR_EFER ? val | this_cpu_read(efer_kept) : val;
}
NOKPROBE_SYMBOL(emul_read_msr);

static notrace int emul_read_msr_safe(u32 msr, u64 *val)
{
	int err;

	if (coco_emul_host->read_msr(msr, val))
		return 0;

	err = native_read_msr_safe(msr, val);
	if (!err && msr == MSR_EFER)
		*val |= this_cpu_read(efer_kept);
	return err;
}
NOKPROBE_SYMBOL(emul_read_msr_safe);

static notrace void emul_write_msr(u32 msr, u64 val)
{
	if (coco_emul_host->write_msr && coco_emul_host->write_msr(msr, val))
		return;

	if (msr == MSR_EFER) {
		this_cpu_write(efer_kept, val & efer_hidden);
		val &= ~efer_hidden;
	}
	native_write_msr(msr, val);
}
NOKPROBE_SYMBOL(emul_write_msr);

static notrace int emul_write_msr_safe(u32 msr, u64 val)
{
	u64 kept = val & efer_hidden;
	int err;

	if (coco_emul_host->write_msr && coco_emul_host->write_msr(msr, val))
		return 0;

	if (msr != MSR_EFER)
		return native_write_msr_safe(msr, val);

	err = native_write_msr_safe(msr, val & ~efer_hidden);
	if (!err)
		this_cpu_write(efer_kept, kept);
	return err;
}
NOKPROBE_SYMBOL(emul_write_msr_safe);

/**
 * coco_emul_hide_efer() - keep bits of EFER from the CPU
 * @bits:	the bits, none of which may be set yet; the kernel reads them as it
 *		has written them
 */
void __init coco_emul_hide_efer(u64 bits)
{
	efer_hidden = bits;
}

/**
 * coco_emul_hidden_efer() - those of the hidden bits that are set on this CPU
 */
u64 coco_emul_hidden_efer(void)
{
	return this_cpu_read(efer_kept);
}
NOKPROBE_SYMBOL(coco_emul_hidden_efer);

static notrace void emul_write_cr4(unsigned long val)
{
	native_write_cr4(val & ~coco_emul_host->cr4_hidden);
}
NOKPROBE_SYMBOL(emul_write_cr4);

/*
 * native_flush_tlb_global() writes the shadow of CR4, hidden bits included,
 * behind the back of the write_cr4 operation.
 */
static notrace void emul_flush_tlb_global(void)
{
	unsigned long flags, cr4;

	if (cpu_feature_enabled(X86_FEATURE_INVPCID)) {
		native_flush_tlb_global();
		return;
	}

	raw_local_irq_save(flags);
	cr4 = this_cpu_read(cpu_tlbstate.cr4) & ~coco_emul_host->cr4_hidden;
	__native_tlb_flush_global(cr4);
	raw_local_irq_restore(flags);
}
NOKPROBE_SYMBOL(emul_flush_tlb_global);

static int __init coco_emul_setup(char *str)
{
	const struct coco_emul_host *host = NULL;
	unsigned int i;

	for (i = 0; coco_emul_hosts[i]; i++) {
		if (str && !strcmp(str, coco_emul_hosts[i]->name))
			host = coco_emul_hosts[i];
	}

	if (!host) {
		pr_err("no platform \"%s\", nothing is emulated\n", str ?: "");
		return -EINVAL;
	}

	if (boot_cpu_data.x86_vendor != host->x86_vendor) {
		pr_err("platform \"%s\" needs a CPU of its own vendor, nothing is emulated\n",
		       host->name);
		return -ENODEV;
	}

	coco_emul_host = host;

	pv_ops.cpu.cpuid = emul_cpuid;
	pv_ops.cpu.read_msr = emul_read_msr;
	pv_ops.cpu.read_msr_safe = emul_read_msr_safe;
	pv_ops.cpu.write_msr = emul_write_msr;
	pv_ops.cpu.write_msr_safe = emul_write_msr_safe;
	if (host->cr4_hidden) {
		pv_ops.cpu.write_cr4 = emul_write_cr4;
		pv_ops.mmu.flush_tlb_kernel = emul_flush_tlb_global;
	}

	if (host->setup)
		host->setup();

	pr_warn("emulating platform \"%s\": nothing is encrypted, nothing is protected\n",
		host->name);
	return 0;
}
early_param("coco_emul", coco_emul_setup);

static void __init add_insn_points(void)
{
	const struct coco_emul_insn *const *table, *e;

	for (table = coco_emul_host->insns; *table; table++) {
		for (e = *table; e->emulate; e++) {
			if (e->point)
				coco_emul_point_add(e->point);
		}
	}
}

static int __init coco_emul_init(void)
{
	struct dentry *debugfs;
	int ret;

	coco_emul_crypt_init();
	add_insn_points();

	debugfs = coco_emul_debugfs_init();
	ret = coco_emul_host->init(debugfs);
	if (!ret)
		ret = coco_emul_trap_init();
	if (ret) {
		pr_err("platform \"%s\" failed to start: %d\n", coco_emul_host->name, ret);
		debugfs_remove(debugfs);
		return ret;
	}

	coco_emul_ticks_calibrate();
	coco_emul_call_init(debugfs);
	return 0;
}

static int __init coco_emul_early_init(void)
{
	return coco_emul_host && coco_emul_host->early ? coco_emul_init() : 0;
}
arch_initcall(coco_emul_early_init);

/*
 * Late: the IOMMU drivers have had their say about what the platform can do,
 * and PCI is up.
 */
static int __init coco_emul_late_init(void)
{
	return coco_emul_host && !coco_emul_host->early ? coco_emul_init() : 0;
}
late_initcall(coco_emul_late_init);
