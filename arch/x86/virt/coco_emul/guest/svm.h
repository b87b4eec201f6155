/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests on the SVM that the CPU has, whatever the emulated platform claims it to
 * have. Knows no vendor.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_SVM_H
#define _ARCH_X86_VIRT_COCO_EMUL_SVM_H

#include <linux/bits.h>
#include <linux/types.h>

#include <asm/svm.h>

#include "switch.h"

struct pt_regs;

/* What each of the functions below is, and what it needs: svm.c */
int coco_emul_svm_init(void);
bool coco_emul_svm_runs(void);

void coco_emul_svm_clgi(void);
void coco_emul_svm_stgi(void);
void coco_emul_svm_vmload(u64 pa);
void coco_emul_svm_vmsave(u64 pa);
void coco_emul_svm_invlpga(u64 addr, u32 asid);

struct vmcb_save_area *coco_emul_svm_guest_area(void);
void coco_emul_svm_host_to_guest_area(void);
void coco_emul_svm_copy(struct vmcb_save_area *to, const struct vmcb_save_area *from);
void coco_emul_svm_gprs(u64 gprs[COCO_EMUL_NR_GPRS], const struct pt_regs *regs);
void coco_emul_svm_set_gprs(struct pt_regs *regs, const u64 gprs[COCO_EMUL_NR_GPRS]);
void coco_emul_svm_enter(u64 vmcb_pa, u64 gprs[COCO_EMUL_NR_GPRS], bool irqs_on);

/*
 * Fields of a VMCB whose names differ from kernel to kernel, by their offsets: "VMCB
 * Layout" in the AMD64 Architecture Programmer's Manual, volume 2.
 */
#define VMCB_EXIT_CODE		0x70
#define VMCB_FEATURES		0x90
#define VMCB_VIRT_EXT		0xb8

/* Of VMCB_FEATURES */
#define VMCB_NP			BIT_ULL(0)
#define VMCB_SEV		BIT_ULL(1)
#define VMCB_SEV_ES		BIT_ULL(2)

/* Of VMCB_VIRT_EXT */
#define VMCB_LBR		BIT_ULL(0)

static inline u64 *coco_emul_vmcb_field(struct vmcb *vmcb, unsigned int offset)
{
	return (void *)vmcb + offset;
}

#endif /* _ARCH_X86_VIRT_COCO_EMUL_SVM_H */
