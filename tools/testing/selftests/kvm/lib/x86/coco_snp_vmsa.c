// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMSA that KVM makes of a vCPU, as the launch digest has it, without a look at
 * KVM's: AMD64 Architecture Programmer's Manual, volume 2, "VMSA Layout".
 */
#include <string.h>

#include "kvm_util.h"
#include "processor.h"
#include "coco_snp_inside.h"

/* The host's, which a guest cannot run without */
#define CR4_MCE		BIT(6)

#define DR6_RESET	0xffff0ff0
#define DR7_RESET	0x400
#define PAT_RESET	0x0007040600070406
#define MXCSR_RESET	0x1f80
#define FCW_RESET	0x37f
#define SEV_FEATURES	BIT(0)	/* SNPActive */

static void put(void *page, size_t offset, uint64_t value, size_t size)
{
	memcpy(page + offset, &value, size);
}

static void put_table(void *page, size_t offset, const struct kvm_dtable *table)
{
	put(page, offset + 4, table->limit, 4);
	put(page, offset + 8, table->base, 8);
}

static void put_segment(void *page, size_t offset, const struct kvm_segment *seg)
{
	put(page, offset, seg->selector, 2);
	put(page, offset + 2, seg->type | seg->s << 4 | seg->dpl << 5 |
			      (seg->present && !seg->unusable) << 7 | seg->avl << 8 |
			      seg->l << 9 | seg->db << 10 | seg->g << 11, 2);
	put(page, offset + 4, seg->limit, 4);
	put(page, offset + 8, seg->base, 8);
}

/* RAX and RSP are elsewhere. */
static void put_registers(void *page, const struct kvm_regs *regs)
{
	put(page, 0x170, regs->rflags, 8);
	put(page, 0x178, regs->rip, 8);
	put(page, 0x1d8, regs->rsp, 8);
	put(page, 0x1f8, regs->rax, 8);
	put(page, 0x308, regs->rcx, 8);
	put(page, 0x310, regs->rdx, 8);
	put(page, 0x318, regs->rbx, 8);
	put(page, 0x328, regs->rbp, 8);
	put(page, 0x330, regs->rsi, 8);
	put(page, 0x338, regs->rdi, 8);
	put(page, 0x340, regs->r8, 8);
	put(page, 0x348, regs->r9, 8);
	put(page, 0x350, regs->r10, 8);
	put(page, 0x358, regs->r11, 8);
	put(page, 0x360, regs->r12, 8);
	put(page, 0x368, regs->r13, 8);
	put(page, 0x370, regs->r14, 8);
	put(page, 0x378, regs->r15, 8);
}

void snp_vmsa(struct kvm_vcpu *vcpu, void *page)
{
	struct kvm_sregs sregs;
	struct kvm_xcrs xcrs;
	struct kvm_regs regs;

	vcpu_sregs_get(vcpu, &sregs);
	vcpu_regs_get(vcpu, &regs);
	vcpu_xcrs_get(vcpu, &xcrs);

	memset(page, 0, PAGE_SIZE);
	put_segment(page, 0x00, &sregs.es);
	put_segment(page, 0x10, &sregs.cs);
	put_segment(page, 0x20, &sregs.ss);
	put_segment(page, 0x30, &sregs.ds);
	put_segment(page, 0x40, &sregs.fs);
	put_segment(page, 0x50, &sregs.gs);
	put_table(page, 0x60, &sregs.gdt);
	put_segment(page, 0x70, &sregs.ldt);
	put_table(page, 0x80, &sregs.idt);
	put_segment(page, 0x90, &sregs.tr);
	put(page, 0xd0, sregs.efer | EFER_SVME, 8);
	put(page, 0x148, sregs.cr4 | CR4_MCE, 8);
	put(page, 0x150, sregs.cr3, 8);
	/* KVM_X86_QUIRK_CD_NW_CLEARED */
	put(page, 0x158, sregs.cr0 & ~(uint64_t)(X86_CR0_CD | X86_CR0_NW), 8);
	put(page, 0x160, DR7_RESET, 8);
	put(page, 0x168, DR6_RESET, 8);
	put(page, 0x268, PAT_RESET, 8);
	put_registers(page, &regs);
	put(page, 0x3b0, SEV_FEATURES, 8);
	put(page, 0x3e8, xcrs.xcrs[0].value, 8);
	put(page, 0x408, MXCSR_RESET, 4);
	put(page, 0x410, FCW_RESET, 2);
}
