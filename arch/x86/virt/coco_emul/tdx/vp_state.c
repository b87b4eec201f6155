// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: the state of a vCPU, from TDH.VP.INIT on, and the switch to it.
 * Intel TDX Module Base Architecture Specification, "TD VCPU Initial State" and "CPU
 * State Transitions between Host and TD".
 */
#include <linux/string.h>

#include <asm/debugreg.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>

#include "../guest/pool.h"
#include "vp.h"

#define INIT_RIP		0xfffffff0
#define INIT_CR0		(X86_CR0_PE | X86_CR0_NE)
#define INIT_CR4		(X86_CR4_MCE | X86_CR4_VMXE)
#define INIT_EFER		(EFER_SCE | EFER_LME | EFER_NX)
#define INIT_PAT		0x0007040600070406
#define INIT_DR6		0xffff0ff0
#define INIT_DR7		0x400
#define INIT_MXCSR		0x1f80
#define INIT_FCW		0x37f

/* As in a VMCB: present, 32-bit, 4 KiB granularity; code and data, TSS, LDT */
#define INIT_CODE		0xc9b
#define INIT_DATA		0xc93
#define INIT_TSS		0x08b
#define INIT_TABLE_LIMIT	0xffff

#define GPAW			48

/* An XSAVE area: FCW, MXCSR; the header follows at 512. */
#define XSAVE_FCW		0
#define XSAVE_MXCSR		24

static struct vmcb_seg flat_segment(u16 attrib)
{
	return (struct vmcb_seg) { .attrib = attrib, .limit = U32_MAX };
}

/**
 * tdx_emul_vp_reset() - what a vCPU begins with
 * @vp:		the vCPU, with all of its ABI state
 * @rcx:	operand of TDH.VP.INIT
 */
void tdx_emul_vp_reset(struct tdx_emul_vp *vp, u64 rcx)
{
	struct vmcb_save_area *save = &vp->save;

	*save = (struct vmcb_save_area) {
		.es		= flat_segment(INIT_DATA),
		.cs		= flat_segment(INIT_CODE),
		.ss		= flat_segment(INIT_DATA),
		.ds		= flat_segment(INIT_DATA),
		.fs		= flat_segment(INIT_DATA),
		.gs		= flat_segment(INIT_DATA),
		.gdtr.limit	= INIT_TABLE_LIMIT,
		.ldtr.limit	= INIT_TABLE_LIMIT,
		.idtr.limit	= 0,
		.tr		= { .attrib = INIT_TSS, .limit = INIT_TABLE_LIMIT },
		.efer		= INIT_EFER | EFER_SVME,
		.rflags		= X86_EFLAGS_FIXED,
		.rip		= INIT_RIP,
		.dr6		= INIT_DR6,
		.dr7		= INIT_DR7,
		.g_pat		= INIT_PAT,
	};
	vp->cr0 = INIT_CR0;
	vp->cr4 = INIT_CR4;
	vp->xcr0 = XFEATURE_MASK_FP;

	vp->g = (struct tdx_guest) { .space.page = tdx_emul_vp_page };
	vp->g.gprs[GPR_RBX] = GPAW;
	vp->g.gprs[GPR_RCX] = rcx;
	vp->g.gprs[GPR_RDX] = vp->td->cpuid[0][0];
	vp->g.gprs[GPR_RSI] = vp->index;
	vp->g.gprs[GPR_R8] = rcx;
}

/**
 * tdx_emul_vp_get_pages() - get the pages that a vCPU needs to run
 * @vp:		the vCPU
 *
 * Return: false if there are none at the moment.
 */
bool tdx_emul_vp_get_pages(struct tdx_emul_vp *vp)
{
	if (!vp->xsave) {
		vp->xsave = coco_emul_page_get();
		if (!vp->xsave)
			return false;
		clear_page(vp->xsave);
		*(u16 *)(vp->xsave + XSAVE_FCW) = INIT_FCW;
		*(u32 *)(vp->xsave + XSAVE_MXCSR) = INIT_MXCSR;
	}

	if (!vp->g.vapic.page) {
		vp->g.vapic.page = coco_emul_page_get();
		if (!vp->g.vapic.page)
			return false;
		clear_page(vp->g.vapic.page);
	}

	return true;
}

/**
 * tdx_emul_vp_put_pages() - and give them back
 * @vp:		the vCPU
 */
void tdx_emul_vp_put_pages(struct tdx_emul_vp *vp)
{
	if (vp->xsave)
		coco_emul_page_put(vp->xsave);
	if (vp->g.vapic.page)
		coco_emul_page_put(vp->g.vapic.page);
	vp->xsave = NULL;
	vp->g.vapic.page = NULL;
}

#define BIT_OF(intercept)	BIT((intercept) % 32)

static void load_intercepts(struct tdx_emul_vp *vp)
{
	u32 *words = vp->g.vmcb->control.intercepts;

	words[INTERCEPT_CR] = BIT_OF(INTERCEPT_CR0_WRITE) | BIT_OF(INTERCEPT_CR4_WRITE) |
			      BIT_OF(INTERCEPT_CR8_WRITE) | BIT_OF(INTERCEPT_CR4_READ);
	words[INTERCEPT_DR] = INTERCEPT_DR_WRITES;
	words[INTERCEPT_EXCEPTION] = BIT(X86_TRAP_UD);
	words[INTERCEPT_WORD3] =
		BIT_OF(INTERCEPT_INTR) | BIT_OF(INTERCEPT_NMI) | BIT_OF(INTERCEPT_INIT) |
		BIT_OF(INTERCEPT_RDPMC) | BIT_OF(INTERCEPT_CPUID) | BIT_OF(INTERCEPT_INVD) |
		BIT_OF(INTERCEPT_HLT) | BIT_OF(INTERCEPT_INVLPGA) |
		BIT_OF(INTERCEPT_IOIO_PROT) | BIT_OF(INTERCEPT_MSR_PROT) |
		BIT_OF(INTERCEPT_TASK_SWITCH) | BIT_OF(INTERCEPT_SHUTDOWN);
	words[INTERCEPT_WORD4] =
		BIT_OF(INTERCEPT_VMRUN) | BIT_OF(INTERCEPT_VMMCALL) |
		BIT_OF(INTERCEPT_VMLOAD) | BIT_OF(INTERCEPT_VMSAVE) |
		BIT_OF(INTERCEPT_STGI) | BIT_OF(INTERCEPT_CLGI) | BIT_OF(INTERCEPT_SKINIT) |
		BIT_OF(INTERCEPT_WBINVD) | BIT_OF(INTERCEPT_MONITOR) |
		BIT_OF(INTERCEPT_MWAIT);
}

/**
 * tdx_emul_vp_load() - make the VMCB of this CPU that of the vCPU
 * @vp:		the vCPU
 * @npt_root:	nested page table of the TD
 */
void tdx_emul_vp_load(struct tdx_emul_vp *vp, u64 *npt_root)
{
	struct vmcb_save_area *save;

	tdx_emul_guest_begin(&vp->g, npt_root);
	save = vp_save(vp);
	*save = vp->save;
	coco_emul_svm_copy(coco_emul_svm_guest_area(), save);
	load_intercepts(vp);
}

/**
 * tdx_emul_vp_store() - take its state out again
 * @vp:		the vCPU
 */
void tdx_emul_vp_store(struct tdx_emul_vp *vp)
{
	vp->save = *vp_save(vp);
	coco_emul_svm_copy(&vp->save, coco_emul_svm_guest_area());
	vp->g.vmcb = NULL;
	vp->g.space.save = &vp->save;
}

static void xsave(void *area, u64 mask)
{
	asm volatile("xsave64 (%0)" : : "r" (area), "a" ((u32)mask), "d" ((u32)(mask >> 32))
		     : "memory");
}

static void xrstor(void *area, u64 mask)
{
	asm volatile("xrstor64 (%0)" : : "r" (area), "a" ((u32)mask), "d" ((u32)(mask >> 32))
		     : "memory");
}

/* Extended state after a TD exit is as after reset, and XCR0 is XFAM. */
static u8 xsave_init[PAGE_SIZE] __aligned(64) = {
	[XSAVE_FCW]		= INIT_FCW & 0xff,
	[XSAVE_FCW + 1]		= INIT_FCW >> 8,
	[XSAVE_MXCSR]		= INIT_MXCSR & 0xff,
	[XSAVE_MXCSR + 1]	= INIT_MXCSR >> 8,
};

static void load_debug_addrs(u64 db[NR_DEBUG_ADDRS])
{
	unsigned int i;
	u64 old;

	for (i = 0; i < NR_DEBUG_ADDRS; i++) {
		old = native_get_debugreg(i);
		native_set_debugreg(i, db[i]);
		db[i] = old;
	}
}

/* SVM does not switch these, and they are the TD's while it runs. */
static void load_unswitched(struct tdx_emul_vp *vp)
{
	u64 host = native_read_msr(MSR_TSC_AUX);

	native_wrmsrq(MSR_TSC_AUX, vp->tsc_aux);
	vp->tsc_aux = host;
	load_debug_addrs(vp->db);
}

/* The CPU has no idea of what the TD has instead of it. */
static void load_control_regs(struct tdx_emul_vp *vp)
{
	struct vmcb_save_area *save = vp_save(vp);

	save->cr0 = vp->cr0;
	save->cr4 = vp->cr4 & ~X86_CR4_VMXE;
	/* Without PAE QEMU 7.2 takes the host out of paging at the #VMEXIT. */
	if (!(vp->cr0 & X86_CR0_PG))
		save->cr4 |= X86_CR4_PAE;
}

/**
 * tdx_emul_vp_switch() - run the vCPU until the next #VMEXIT
 * @vp:		the vCPU
 *
 * Called without coco_emul_lock.
 */
void tdx_emul_vp_switch(struct tdx_emul_vp *vp)
{
	u64 xfam = vp->td->xfam;

	load_control_regs(vp);
	load_unswitched(vp);
	xsetbv(XCR_XFEATURE_ENABLED_MASK, xfam);
	xrstor(vp->xsave, xfam);
	xsetbv(XCR_XFEATURE_ENABLED_MASK, vp->xcr0);

	tdx_emul_guest_switch(&vp->g);

	vp->xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	xsetbv(XCR_XFEATURE_ENABLED_MASK, xfam);
	xsave(vp->xsave, xfam);
	xrstor(xsave_init, xfam);
	load_unswitched(vp);
}
