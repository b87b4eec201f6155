// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulated TDX host: what the CPU claims, and how the parts fit together.
 *
 * VMX root operation is in vmx.c, and what runs an ordinary VM in the other vmx*.c,
 * with ept.c and vapic.c. The TDX module is behind seamcall.c: its own
 * bring-up in sys.c, TDs in td.c with params.c, vCPUs in vp.c, private memory in
 * mem.c with sept.c, page.c and mrtd.c, physical pages in phymem.c, and what
 * leaves lock in lock.c. movdir.c is the instruction that gives pages back to the
 * host for good.
 */
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/processor.h>

#include <asm/cpu_device_id.h>
#include <asm/cpufeatures.h>
#include <asm/cpuid/api.h>
#include <asm/intel-family.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "../guest/pool.h"
#include "guest.h"
#include "tdx.h"
#include "vmx.h"

/* MSRs of the platform. They are read-only: a write is left to the real CPU. */
static const struct {
	u32	msr;
	u64	val;
} tdx_msrs[] = {
	/* locked, VMX outside of SMX */
	{ MSR_IA32_FEAT_CTL,			0x0000000000000005 },
	/* no MKTME KeyIDs, TDX_NR_KEYIDS for TDX */
	{ MSR_IA32_MKTME_KEYID_PARTITIONING,	(u64)TDX_NR_KEYIDS << 32 },
};

/* Not in TCG's CPU, and the kernel does not use it: only the module looks. */
static DEFINE_PER_CPU(u64, tsc_adjust);

static bool has_erratum __ro_after_init;

static bool tdx_read_msr(u32 msr, u64 *val)
{
	unsigned int i;

	if (msr == MSR_IA32_TSC_ADJUST) {
		*val = this_cpu_read(tsc_adjust);
		return true;
	}

	for (i = 0; i < ARRAY_SIZE(tdx_msrs); i++) {
		if (tdx_msrs[i].msr == msr) {
			*val = tdx_msrs[i].val;
			return true;
		}
	}

	return tdx_emul_vmx_read_msr(msr, val);
}
NOKPROBE_SYMBOL(tdx_read_msr);

static bool tdx_write_msr(u32 msr, u64 val)
{
	if (msr != MSR_IA32_TSC_ADJUST)
		return false;

	this_cpu_write(tsc_adjust, val);
	return true;
}
NOKPROBE_SYMBOL(tdx_write_msr);

static void tdx_cpuid(u32 leaf, u32 subleaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	switch (leaf) {
	case 1:
		*ecx |= BIT(X86_FEATURE_VMX & 31);
		*edx |= BIT(X86_FEATURE_SELFSNOOP & 31);
		break;
	case 7:
		if (!subleaf)
			*ecx |= BIT(X86_FEATURE_MOVDIR64B & 31);
		break;
	/* What guests run on is not what the platform has. */
	case 0x80000001:
		*ecx &= ~BIT(X86_FEATURE_SVM & 31);
		break;
	case 0x8000000a:
		*eax = 0;
		*ebx = 0;
		*ecx = 0;
		*edx = 0;
		break;
	}
}
NOKPROBE_SYMBOL(tdx_cpuid);

/**
 * tdx_emul_has_erratum() - is a partial write to private memory poison?
 *
 * The CPU models that arch/x86/virt/vmx/tdx/tdx.c knows of. What is private is
 * seen from MOVDIR64B, so if the real CPU has that, nothing is.
 */
bool tdx_emul_has_erratum(void)
{
	return has_erratum;
}

static void __init find_erratum(void)
{
	u32 eax = 7, ebx, ecx = 0, edx;

	native_cpuid(&eax, &ebx, &ecx, &edx);
	if (ecx & BIT(X86_FEATURE_MOVDIR64B & 31))
		return;

	has_erratum = boot_cpu_data.x86_vfm == INTEL_SAPPHIRERAPIDS_X ||
		      boot_cpu_data.x86_vfm == INTEL_EMERALDRAPIDS_X;
}

static bool __init has_svm(void)
{
	u32 eax = 0x80000001, ebx, ecx = 0, edx;

	native_cpuid(&eax, &ebx, &ecx, &edx);
	return ecx & BIT(X86_FEATURE_SVM & 31);
}

static int __init tdx_host_init(struct dentry *debugfs)
{
	int ret;

	find_erratum();
	tdx_emul_seamcall_init();
	tdx_emul_lock_init(debugfs);
	tdx_emul_page_init(debugfs);
	if (has_svm()) {
		coco_emul_pool_init();
		ret = tdx_emul_guest_init() ?: tdx_emul_vmx_init();
		if (ret)
			return ret;
	}
	return tdx_emul_td_init(debugfs);
}

static const struct coco_emul_insn *const tdx_insns[] = {
	tdx_emul_vmx_insns,
	tdx_emul_seamcall_insns,
	tdx_emul_movdir_insns,
	NULL
};

const struct coco_emul_host tdx_emul_host = {
	.name		= "tdx",
	.x86_vendor	= X86_VENDOR_INTEL,
	.cpuid		= tdx_cpuid,
	.read_msr	= tdx_read_msr,
	.write_msr	= tdx_write_msr,
	.cr4_hidden	= X86_CR4_VMXE,
	.insns		= tdx_insns,
	.calls		= tdx_emul_calls,
	.owns		= tdx_emul_page_is_owned,
	.early		= true,	/* Linux 7.3 starts the TDX module in a subsys_initcall */
	.init		= tdx_host_init,
};
