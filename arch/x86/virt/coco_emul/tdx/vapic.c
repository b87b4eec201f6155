// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual interrupts, Intel SDM, chapter "APIC Virtualization and Virtual
 * Interrupts". TDs have them as well as ordinary VMs.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include <asm/apic.h>
#include <asm/apicdef.h>

#include "tdx.h"
#include "vapic.h"

#define NR_VECTORS_PER_REG	32
#define REG_STRIDE		0x10
#define PRIORITY(vector)	((vector) & 0xf0)

/* Posted-interrupt descriptor: 256 requests, then ON */
#define PI_NR_WORDS		4
#define PI_SIZE			64

/**
 * tdx_emul_vapic_reg() - a register of the virtual APIC
 * @vapic:	whose
 * @offset:	APIC_*
 */
u32 *tdx_emul_vapic_reg(struct tdx_vapic *vapic, unsigned int offset)
{
	return vapic->page + offset;
}

static u32 *vector_reg(struct tdx_vapic *vapic, unsigned int base, u8 vector)
{
	return tdx_emul_vapic_reg(vapic, base + vector / NR_VECTORS_PER_REG * REG_STRIDE);
}

/* KVM sets requests while the vCPU runs. */
static void vector_set(struct tdx_vapic *vapic, unsigned int base, u8 vector)
{
	atomic_or(BIT(vector % NR_VECTORS_PER_REG), (atomic_t *)vector_reg(vapic, base, vector));
}

static void vector_clear(struct tdx_vapic *vapic, unsigned int base, u8 vector)
{
	atomic_andnot(BIT(vector % NR_VECTORS_PER_REG),
		      (atomic_t *)vector_reg(vapic, base, vector));
}

/* The highest vector that is set, 0 for none */
static u8 vector_highest(struct tdx_vapic *vapic, unsigned int base)
{
	int vector;
	u32 reg;

	for (vector = 256 - NR_VECTORS_PER_REG; vector >= 0; vector -= NR_VECTORS_PER_REG) {
		reg = *vector_reg(vapic, base, vector);
		if (reg)
			return vector + __fls(reg);
	}

	return 0;
}

/**
 * tdx_emul_vapic_update_ppr() - "PPR Virtualization"
 * @vapic:	whose
 */
void tdx_emul_vapic_update_ppr(struct tdx_vapic *vapic)
{
	u32 tpr = *tdx_emul_vapic_reg(vapic, APIC_TASKPRI) & 0xff;

	*tdx_emul_vapic_reg(vapic, APIC_PROCPRI) =
		PRIORITY(tpr) >= PRIORITY(vapic->svi) ? tpr : PRIORITY(vapic->svi);
}

/**
 * tdx_emul_vapic_pending() - "Evaluation of Pending Virtual Interrupts"
 * @vapic:	whose
 */
bool tdx_emul_vapic_pending(struct tdx_vapic *vapic)
{
	return PRIORITY(vapic->rvi) > PRIORITY(*tdx_emul_vapic_reg(vapic, APIC_PROCPRI));
}

/**
 * tdx_emul_vapic_deliver() - "Virtual-Interrupt Delivery", of one that is pending
 * @vapic:	whose
 *
 * Return: the vector.
 */
u8 tdx_emul_vapic_deliver(struct tdx_vapic *vapic)
{
	u8 vector = vapic->rvi;

	vector_set(vapic, APIC_ISR, vector);
	vapic->svi = vector;
	*tdx_emul_vapic_reg(vapic, APIC_PROCPRI) = PRIORITY(vector);
	vector_clear(vapic, APIC_IRR, vector);
	vapic->rvi = vector_highest(vapic, APIC_IRR);
	return vector;
}

/**
 * tdx_emul_vapic_request() - an interrupt is requested, as in "Self-IPI Virtualization"
 * @vapic:	of whom
 * @vector:	which one
 */
void tdx_emul_vapic_request(struct tdx_vapic *vapic, u8 vector)
{
	vector_set(vapic, APIC_IRR, vector);
	vapic->rvi = max(vapic->rvi, vector);
}

/**
 * tdx_emul_vapic_eoi() - "EOI Virtualization"
 * @vapic:	whose
 *
 * Return: the vector that was in service.
 */
u8 tdx_emul_vapic_eoi(struct tdx_vapic *vapic)
{
	u8 vector = vapic->svi;

	vector_clear(vapic, APIC_ISR, vector);
	vapic->svi = vector_highest(vapic, APIC_ISR);
	tdx_emul_vapic_update_ppr(vapic);
	return vector;
}

/**
 * tdx_emul_vapic_post() - "Posted-Interrupt Processing", from the EOI on
 * @vapic:	whose
 * @desc_pa:	physical address of the posted-interrupt descriptor
 *
 * The notification vector is in service in the APIC of the CPU.
 */
void tdx_emul_vapic_post(struct tdx_vapic *vapic, u64 desc_pa)
{
	u64 *desc = coco_emul_ram(desc_pa, PI_SIZE), word;
	unsigned int i;

	if (desc)
		clear_bit(0, (unsigned long *)&desc[PI_NR_WORDS]);
	apic_eoi();
	if (!desc)
		return;

	for (i = 0; i < PI_NR_WORDS; i++) {
		word = xchg(&desc[i], 0);
		for (; word; word &= word - 1)
			tdx_emul_vapic_request(vapic, i * BITS_PER_LONG_LONG + __ffs64(word));
	}
}
