// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VMX calls "acknowledge interrupt on exit", and SVM does not have: a physical
 * interrupt that has ended a guest is taken with an IDT whose handlers only note its
 * number. It is then in service in the APIC, as if the CPU had acknowledged it, and
 * its handler is the caller's business.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/percpu.h>

#include <asm/desc.h>
#include <asm/segment.h>

#include "ack.h"

/* Set by the handlers, 0 for none */
DEFINE_PER_CPU(u32, coco_emul_ack_vector);

static struct desc_ptr ack_idt __ro_after_init;

/**
 * coco_emul_ack() - take one interrupt that waits, but do not handle it
 *
 * Called with interrupts off and GIF set. An NMI is handled, as ever.
 *
 * Return: its vector, 0 if none waits.
 */
u8 coco_emul_ack(void)
{
	struct desc_ptr idt;

	this_cpu_write(coco_emul_ack_vector, 0);

	store_idt(&idt);
	native_load_idt(&ack_idt);
	/* The first NOP is in the shadow of STI. */
	asm volatile("sti; nop; nop; cli" ::: "memory");
	native_load_idt(&idt);

	return this_cpu_read(coco_emul_ack_vector);
}

/**
 * coco_emul_ack_init() - make the IDT
 *
 * Exceptions have the handlers that they have at this time.
 */
int __init coco_emul_ack_init(void)
{
	gate_desc *table = (void *)get_zeroed_page(GFP_KERNEL);
	struct idt_data data = {
		.segment	= __KERNEL_CS,
		.bits.type	= GATE_INTERRUPT,
		.bits.p		= 1,
	};
	struct desc_ptr idt;
	unsigned int i;

	if (!table)
		return -ENOMEM;

	store_idt(&idt);
	memcpy(table, (void *)idt.address, ACK_FIRST_VECTOR * sizeof(*table));
	for (i = 0; i < ACK_NR_VECTORS; i++) {
		data.addr = coco_emul_ack_handlers + i * ACK_HANDLER_SIZE;
		idt_init_desc(&table[ACK_FIRST_VECTOR + i], &data);
	}

	ack_idt.address = (unsigned long)table;
	ack_idt.size = (ACK_FIRST_VECTOR + ACK_NR_VECTORS) * sizeof(*table) - 1;
	return 0;
}
