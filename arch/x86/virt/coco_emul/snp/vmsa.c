// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated SEV-SNP host: the state of a guest in its VMSA, and that of the host in
 * the host save area, AMD64 Architecture Programmer's Manual, volume 2, "VMCB
 * Layout", "VMSA" and "SEV-ES Host State".
 */
#include <linux/cpufeature.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/cpuid/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/special_insns.h>

#include "../guest/svm.h"
#include "run.h"

/* The VMSA begins like the save area of a VMCB. */
#define VMSA_COMMON	offsetof(struct sev_es_save_area, reserved_0x298)
/* Behind it the registers in the order of the encoding, with RAX and RSP left out */
#define VMSA_GPRS	0x300

#define VMSA_XFEATURES	(XFEATURE_MASK_FP | XFEATURE_MASK_SSE | XFEATURE_MASK_YMM | \
			 XFEATURE_MASK_PKRU)
#define MXCSR_VALID	0xffff
#define MXCSR_INIT	0x1f80

/* An XSAVE area in the standard format, with what a VMSA has */
struct xsave_image {
	struct fxregs_state	i387;
	struct xstate_header	header;
	u8			ymm[256];
	u8			others[PAGE_SIZE - 832];
} __aligned(64);

static_assert(sizeof(struct xsave_image) == PAGE_SIZE);

static DEFINE_PER_CPU(struct xsave_image, xsave_image);

static_assert(offsetof(struct sev_es_save_area, rcx) ==
	      VMSA_GPRS + GPR_RCX * sizeof(u64));
static_assert(offsetof(struct sev_es_save_area, r15) ==
	      VMSA_GPRS + GPR_R15 * sizeof(u64));
static_assert(offsetof(struct sev_es_save_area, xss) <
	      offsetof(struct sev_es_save_area, reserved_0x298));

static u64 *vmsa_gprs(struct sev_es_save_area *vmsa)
{
	return (void *)vmsa + VMSA_GPRS;
}

static u64 cpu_xfeatures(void)
{
	return VMSA_XFEATURES & (cpuid_eax(CPUID_LEAF_XSTATE) |
				 (u64)cpuid_edx(CPUID_LEAF_XSTATE) << 32);
}

/* Where PKRU is in an XSAVE area. Anywhere behind the others if the CPU has none */
static u32 *image_pkru(struct xsave_image *image)
{
	u32 size, offset, ecx, edx;

	cpuid_count(CPUID_LEAF_XSTATE, XFEATURE_PKRU, &size, &offset, &ecx, &edx);
	if (offset + sizeof(u32) > sizeof(*image) || offset < offsetof(struct xsave_image, others))
		offset = offsetof(struct xsave_image, others);
	return (void *)image + offset;
}

/**
 * snp_emul_vmsa_xcr0_valid() - can XCR0 have the value that the VMSA has?
 * @vmsa:	the VMSA
 */
bool snp_emul_vmsa_xcr0_valid(const struct sev_es_save_area *vmsa)
{
	u64 xcr0 = vmsa->xcr0;

	if (!(xcr0 & XFEATURE_MASK_FP) || xcr0 & ~cpu_xfeatures())
		return false;

	return !(xcr0 & XFEATURE_MASK_YMM) || xcr0 & XFEATURE_MASK_SSE;
}

/* Bytes 0 to 7 of all registers, then bytes 8 and 9 of all of them */
static void x87_from_vmsa(struct fxregs_state *i387, const struct sev_es_save_area *vmsa)
{
	u8 *st = (u8 *)i387->st_space;
	int i;

	for (i = 0; i < 8; i++) {
		memcpy(st + 16 * i, vmsa->fpreg_x87 + 8 * i, 8);
		memcpy(st + 16 * i + 8, vmsa->fpreg_x87 + 64 + 2 * i, 2);
	}
}

static void x87_to_vmsa(struct sev_es_save_area *vmsa, const struct fxregs_state *i387)
{
	const u8 *st = (const u8 *)i387->st_space;
	int i;

	for (i = 0; i < 8; i++) {
		memcpy(vmsa->fpreg_x87 + 8 * i, st + 16 * i, 8);
		memcpy(vmsa->fpreg_x87 + 64 + 2 * i, st + 16 * i + 8, 2);
	}
}

static void load_xstate(const struct sev_es_save_area *vmsa)
{
	struct xsave_image *image = this_cpu_ptr(&xsave_image);
	u64 mask = vmsa->xcr0 & VMSA_XFEATURES;

	memset(image, 0, sizeof(*image));
	image->i387.cwd = vmsa->x87_fcw;
	image->i387.swd = vmsa->x87_fsw;
	image->i387.twd = vmsa->x87_ftw;
	image->i387.fop = vmsa->x87_fop;
	image->i387.rip = vmsa->x87_rip;
	image->i387.rdp = vmsa->x87_dp;
	image->i387.mxcsr = vmsa->mxcsr & MXCSR_VALID;
	x87_from_vmsa(&image->i387, vmsa);
	memcpy(image->i387.xmm_space, vmsa->fpreg_xmm, sizeof(vmsa->fpreg_xmm));
	memcpy(image->ymm, vmsa->fpreg_ymm, sizeof(vmsa->fpreg_ymm));
	*image_pkru(image) = vmsa->pkru;
	image->header.xfeatures = cpu_xfeatures();

	/* With all features enabled none is left as it was. */
	xsetbv(XCR_XFEATURE_ENABLED_MASK, cpu_xfeatures());
	asm volatile("xrstor64 %0" : : "m" (*image), "a" (lower_32_bits(cpu_xfeatures())), "d" (0));
	xsetbv(XCR_XFEATURE_ENABLED_MASK, mask);
}

static void save_xstate(struct sev_es_save_area *vmsa)
{
	struct xsave_image *image = this_cpu_ptr(&xsave_image);

	vmsa->xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	xsetbv(XCR_XFEATURE_ENABLED_MASK, cpu_xfeatures());
	memset(image, 0, sizeof(*image));
	asm volatile("xsave64 %0" : "+m" (*image) : "a" (lower_32_bits(cpu_xfeatures())), "d" (0));

	vmsa->x87_fcw = image->i387.cwd;
	vmsa->x87_fsw = image->i387.swd;
	vmsa->x87_ftw = image->i387.twd;
	vmsa->x87_fop = image->i387.fop;
	vmsa->x87_rip = image->i387.rip;
	vmsa->x87_dp = image->i387.rdp;
	vmsa->mxcsr = image->i387.mxcsr;
	x87_to_vmsa(vmsa, &image->i387);
	memcpy(vmsa->fpreg_xmm, image->i387.xmm_space, sizeof(vmsa->fpreg_xmm));
	memcpy(vmsa->fpreg_ymm, image->ymm, sizeof(vmsa->fpreg_ymm));
	vmsa->pkru = *image_pkru(image);
}

/* Nothing of the guest stays in the registers. XCR0 has all features. */
static void init_xstate(void)
{
	struct xsave_image *image = this_cpu_ptr(&xsave_image);

	memset(image, 0, sizeof(*image));
	image->i387.mxcsr = MXCSR_INIT;
	asm volatile("xrstor64 %0" : : "m" (*image), "a" (lower_32_bits(cpu_xfeatures())), "d" (0));
}

/**
 * snp_emul_vmsa_load() - all state of the guest from its VMSA, at VMRUN
 * @run:	the vCPU
 */
void snp_emul_vmsa_load(struct snp_run *run)
{
	struct vmcb_save_area *save = &run->vmcb->save;

	memcpy(save, run->vmsa, VMSA_COMMON);
	coco_emul_svm_copy(coco_emul_svm_guest_area(), save);
	memcpy(run->gprs, vmsa_gprs(run->vmsa), COCO_EMUL_NR_GPRS * sizeof(u64));
	load_xstate(run->vmsa);
}

/**
 * snp_emul_vmsa_save() - and back, at #VMEXIT
 * @run:	the vCPU
 *
 * A VMSA that is in use cannot be taken away, but the platform can start anew.
 */
void snp_emul_vmsa_save(struct snp_run *run)
{
	struct vmcb_save_area *save = &run->vmcb->save;
	u64 *gprs = vmsa_gprs(run->vmsa), rsp = gprs[GPR_RSP];
	u64 rax = gprs[GPR_RAX];
	void *vmsa;

	lockdep_assert_held(&coco_emul_lock);

	coco_emul_svm_copy(save, coco_emul_svm_guest_area());
	memcpy(run->vmsa, save, VMSA_COMMON);

	/* What is at the places of RAX and RSP is not theirs. */
	memcpy(gprs, run->gprs, COCO_EMUL_NR_GPRS * sizeof(u64));
	gprs[GPR_RAX] = rax;
	gprs[GPR_RSP] = rsp;

	save_xstate(run->vmsa);

	vmsa = run->snp ? run->vmsa_page->plain : snp_emul_rmp_data(run->vmsa_page);
	if (vmsa)
		copy_to_kernel_nofault(vmsa, run->vmsa, sizeof(*run->vmsa));
	if (!run->snp)
		snp_emul_rmp_seal_vmsa(run->vmsa_page);
}

/**
 * snp_emul_vmsa_load_host() - the state of the host at #VMEXIT of an SEV-ES guest
 * @regs:	registers at VMRUN
 *
 * It comes from the host save area, where the kernel has to have put it. RAX, RSP
 * and RIP are those of VMRUN, and x87, SSE and AVX are as after a reset.
 */
void snp_emul_vmsa_load_host(struct pt_regs *regs)
{
	u64 pa = native_read_msr(MSR_VM_HSAVE_PA);
	struct vmcb *hsave = __va(pa);
	const struct sev_es_save_area *host = &hsave->host_sev_es_save;

	coco_emul_svm_vmload(pa);
	init_xstate();
	xsetbv(XCR_XFEATURE_ENABLED_MASK, host->xcr0);
	if (cpu_feature_enabled(X86_FEATURE_OSPKE))
		wrpkru(host->pkru);

	regs->cx = host->rcx;
	regs->dx = host->rdx;
	regs->bx = host->rbx;
	regs->bp = host->rbp;
	regs->si = host->rsi;
	regs->di = host->rdi;
	regs->r8 = host->r8;
	regs->r9 = host->r9;
	regs->r10 = host->r10;
	regs->r11 = host->r11;
	regs->r12 = host->r12;
	regs->r13 = host->r13;
	regs->r14 = host->r14;
	regs->r15 = host->r15;
}
