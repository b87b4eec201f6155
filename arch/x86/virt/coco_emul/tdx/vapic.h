/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual interrupts: the virtual APIC of a vCPU.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_TDX_VAPIC_H
#define _ARCH_X86_VIRT_COCO_EMUL_TDX_VAPIC_H

#include <linux/types.h>

/**
 * struct tdx_vapic - a virtual APIC, as "virtual-interrupt delivery" has it
 * @page:	the virtual-APIC page
 * @rvi:	requesting virtual interrupt
 * @svi:	servicing virtual interrupt
 */
struct tdx_vapic {
	void	*page;
	u8	rvi;
	u8	svi;
};

u32 *tdx_emul_vapic_reg(struct tdx_vapic *vapic, unsigned int offset);
bool tdx_emul_vapic_pending(struct tdx_vapic *vapic);
u8 tdx_emul_vapic_deliver(struct tdx_vapic *vapic);
void tdx_emul_vapic_request(struct tdx_vapic *vapic, u8 vector);
u8 tdx_emul_vapic_eoi(struct tdx_vapic *vapic);
void tdx_emul_vapic_update_ppr(struct tdx_vapic *vapic);
void tdx_emul_vapic_post(struct tdx_vapic *vapic, u64 desc_pa);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_TDX_VAPIC_H */
