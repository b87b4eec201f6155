// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated SEV-SNP host: what the CPU claims to be.
 *
 * The model is an EPYC with SEV-ES, SEV-SNP and the RMPREAD instruction. The
 * parts of SVM that a host with SNP has to have are claimed as well, although
 * QEMU's SVM ignores them.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/cc_platform.h>
#include <linux/cpufeature.h>
#include <linux/kprobes.h>

#include <asm/cpuid/api.h>
#include <asm/msr-index.h>

#include "../guest/svm.h"
#include "run.h"
#include "snp.h"

#define CPUID_SVM_FEATURES	0x8000000a
#define CPUID_MEM_ENCRYPT	0x8000001f

/* CPUID Fn8000_000A EDX */
#define SVM_LBRV		BIT(1)
#define SVM_NRIPS		BIT(3)
#define SVM_FLUSHBYASID		BIT(6)
#define SVM_DECODEASSISTS	BIT(7)
#define SVM_NR_ASIDS		0x8000

/* CPUID Fn8000_001F EAX */
#define ENC_SEV			BIT(1)
#define ENC_SEV_ES		BIT(3)
#define ENC_SEV_SNP		BIT(4)
#define ENC_COHERENT		BIT(10)
#define ENC_RMPREAD		BIT(21)

/* The firmware of the machine has enabled memory encryption and SNP. */
static u64 syscfg = MSR_AMD64_SYSCFG_MEM_ENCRYPT | MSR_AMD64_SYSCFG_SNP_EN |
		    MSR_AMD64_SYSCFG_SNP_VMPL_EN;

static void snp_cpuid(u32 leaf, u32 subleaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	switch (leaf) {
	case CPUID_SVM_FEATURES:
		*ebx = SVM_NR_ASIDS;
		*edx |= SVM_LBRV | SVM_NRIPS | SVM_FLUSHBYASID | SVM_DECODEASSISTS;
		break;
	case CPUID_MEM_ENCRYPT:
		*eax = ENC_SEV | ENC_SEV_ES | ENC_SEV_SNP | ENC_COHERENT | ENC_RMPREAD;
		*ebx = SNP_EMUL_C_BIT;
		*ecx = snp_emul_max_asid;
		*edx = snp_emul_min_sev_asid;
		break;
	}
}
NOKPROBE_SYMBOL(snp_cpuid);

static bool snp_read_msr(u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_AMD64_SYSCFG:
		*val = READ_ONCE(syscfg);
		return true;
	case MSR_K7_HWCR:
		*val = native_read_msr(msr) | MSR_K7_HWCR_SMMLOCK;
		return true;
	default:
		return false;
	}
}
NOKPROBE_SYMBOL(snp_read_msr);

static bool snp_write_msr(u32 msr, u64 val)
{
	if (msr != MSR_AMD64_SYSCFG)
		return false;

	/* Once enabled, SNP and memory encryption stay so until reset. */
	WRITE_ONCE(syscfg, val | MSR_AMD64_SYSCFG_MEM_ENCRYPT | MSR_AMD64_SYSCFG_SNP_EN |
			   MSR_AMD64_SYSCFG_SNP_VMPL_EN);
	return true;
}
NOKPROBE_SYMBOL(snp_write_msr);

static int __init snp_host_init(struct dentry *debugfs)
{
	int ret;

	if (cpuid_eax(0x80000000) < CPUID_MEM_ENCRYPT || !boot_cpu_has(X86_FEATURE_SVM)) {
		pr_err("the CPU needs SVM and extended CPUID leaves up to 0x%x\n",
		       CPUID_MEM_ENCRYPT);
		return -ENODEV;
	}
	if (!boot_cpu_has(X86_FEATURE_SEV_SNP) || boot_cpu_has(X86_FEATURE_HYPERVISOR)) {
		pr_err("the kernel does not see an SNP capable bare-metal CPU\n");
		return -ENODEV;
	}

	snp_emul_psp_init(debugfs);
	ret = snp_emul_psp_guest_init(debugfs);
	if (!ret)
		ret = snp_emul_psp_sev_init(debugfs);
	if (!ret)
		ret = snp_emul_rmp_init(debugfs);
	if (!ret)
		ret = coco_emul_svm_init();
	if (!ret)
		ret = snp_emul_fault_init(debugfs);
	if (!ret)
		ret = snp_emul_vmrun_init();
	if (!ret)
		ret = snp_emul_psp_pci_init();
	if (ret)
		return ret;

	/* Without an SNP capable IOMMU the kernel has cleared this at boot. */
	cc_platform_set(CC_ATTR_HOST_SEV_SNP);
	return 0;
}

static const struct coco_emul_insn *const snp_insns[] = {
	snp_emul_rmp_insns,
	snp_emul_svm_insns,
	NULL
};

const struct coco_emul_host snp_emul_host = {
	.name		= "snp",
	.x86_vendor	= X86_VENDOR_AMD,
	.cpuid		= snp_cpuid,
	.read_msr	= snp_read_msr,
	.write_msr	= snp_write_msr,
	.insns		= snp_insns,
	.calls		= snp_emul_calls,
	.owns		= snp_emul_rmp_owns,
	.settle		= snp_emul_fault_settle,
	.setup		= snp_emul_psp_pci_reserve,
	.init		= snp_host_init,
};
