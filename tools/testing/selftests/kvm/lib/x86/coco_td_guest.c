// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDs that run on the emulated TDX host: from the reset vector to C, and back.
 */
#include <linux/bits.h>
#include <stdlib.h>
#include <string.h>

#include "coco_td_guest.h"
#include "kvm_util.h"
#include "test_util.h"

#define PTE_P		BIT_ULL(0)
#define PTE_W		BIT_ULL(1)
#define PTE_U		BIT_ULL(2)
#define PTE_PS		BIT_ULL(7)
#define LARGE_PAGE	(2ul << 20)

#define NR_TABLES	6

#define MSI_ADDRESS	0xfee00000

TD_CODE uint64_t coco_tg_page_sum(const volatile uint64_t *page)
{
	uint64_t sum = 0xcbf29ce484222325;
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		sum = (sum ^ page[i]) * 0x100000001b3;
	return sum;
}

/* The same, in code that the host can call */
uint64_t coco_td_page_sum(const void *page)
{
	const uint64_t *words = page;
	uint64_t sum = 0xcbf29ce484222325;
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		sum = (sum ^ words[i]) * 0x100000001b3;
	return sum;
}

TD_CODE uint64_t coco_tg_vmcall(uint64_t fn, uint64_t r12, uint64_t r13, uint64_t r14,
				uint64_t r15, uint64_t *r11)
{
	struct coco_tg_regs regs;

	regs.rax = TDG_VP_VMCALL;
	regs.rcx = TDVMCALL_MASK;
	regs.r10 = 0;
	regs.r11 = fn;
	regs.r12 = r12;
	regs.r13 = r13;
	regs.r14 = r14;
	regs.r15 = r15;
	coco_tg_tdcall(&regs);
	if (r11)
		*r11 = regs.r11;
	return regs.rax ?: regs.r10;
}

TD_CODE void coco_tg_out(uint16_t port, uint32_t val)
{
	coco_tg_vmcall(TDVMCALL_IO, 4, 1, port, val, NULL);
}

TD_CODE uint32_t coco_tg_in(uint16_t port)
{
	uint64_t val;

	coco_tg_vmcall(TDVMCALL_IO, 4, 0, port, 0, &val);
	return val;
}

TD_CODE void coco_tg_put(uint32_t val)
{
	coco_tg_out(COCO_TG_PORT_VALUE, val);
}

TD_CODE void coco_tg_put64(uint64_t val)
{
	coco_tg_put(val);
	coco_tg_put(val >> 32);
}

TD_CODE void coco_tg_exit(void)
{
	for (;;)
		coco_tg_out(COCO_TG_PORT_DONE, 0);
}

TD_CODE uint64_t coco_tg_accept(uint64_t gpa)
{
	struct coco_tg_regs regs;

	regs.rax = TDG_MEM_PAGE_ACCEPT;
	regs.rcx = gpa;
	coco_tg_tdcall(&regs);
	return regs.rax;
}

TD_CODE void coco_tg_loop(uint64_t *arg, uint64_t vcpu)
{
	volatile uint64_t *count = (void *)COCO_TD_GPA;

	coco_tg_put(1);
	for (;;)
		(*count)++;
}

TD_CODE void coco_tg_two_values(uint64_t *arg, uint64_t vcpu)
{
	coco_tg_put(1);
	coco_tg_put(2);
	coco_tg_exit();
}

TD_CODE static uint64_t current_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __packed idtr;

	asm volatile("sidt %0" : "=m" (idtr));
	return idtr.base;
}

TD_CODE static void before_veinfo(volatile struct coco_tg_seen *seen)
{
	if (!seen->put_in_ve)
		return;

	seen->put_in_ve = 0;
	coco_tg_put(seen->nr_nmis);
	coco_tg_put(seen->nr_nmis);
}

/* What is known of a #VE is kept, and the instruction skipped. */
TD_CODE void coco_tg_ve(uint64_t *frame)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(current_idt());
	struct coco_tg_regs regs;

	before_veinfo(seen);
	regs.rax = TDG_VP_VEINFO_GET;
	coco_tg_tdcall(&regs);
	seen->ve_status = regs.rax;
	seen->ve_reason = regs.rcx;
	seen->ve_qual = regs.rdx;
	seen->ve_gpa = regs.r9;
	seen->ve_len = (uint32_t)regs.r10;
	seen->nr_ve++;
	/* For memory there is no length: the accesses in the tests have this one. */
	frame[0] += seen->ve_len ?: 3;
}

TD_CODE void coco_tg_interrupt(uint64_t *frame)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(current_idt());

	seen->nr_interrupts++;
	/* EOI of the x2APIC */
	asm volatile("wrmsr" : : "c" (0x80b), "a" (0), "d" (0) : "memory");
}

TD_CODE void coco_tg_nmi(uint64_t *frame)
{
	coco_tg_seen(current_idt())->nr_nmis++;
}

/* @at: vector, error code, and what the CPU has pushed */
TD_CODE void coco_tg_exception(uint64_t *at)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(current_idt());
	uint64_t cr2;

	asm volatile("mov %%cr2, %0" : "=r" (cr2));
	seen->nr_exceptions++;
	seen->vector = at[0];
	seen->error = at[1];
	seen->cr2 = cr2;
	if (seen->resume)
		at[2] = seen->resume;
	seen->resume = 0;
}

TD_CODE static void set_gate(uint64_t idt, int vector, uint64_t handler)
{
	volatile uint64_t *gate = (void *)(idt + vector * 16);

	gate[0] = (handler & 0xffff) | 8 << 16 | (handler >> 16 & 0xffff) << 48 | 0x8eull << 40;
	gate[1] = handler >> 32;
}

#define set_exception_gate(idt, vector)						\
do {										\
	uint64_t handler;							\
										\
	asm("lea coco_tg_exception_" #vector "(%%rip), %0" : "=r" (handler));	\
	set_gate(idt, vector, handler);						\
} while (0)

TD_CODE void coco_tg_set_handlers(uint64_t idt)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __packed idtr;
	uint64_t ve, interrupt, nmi;

	asm("lea coco_tg_ve_entry(%%rip), %0" : "=r" (ve));
	asm("lea coco_tg_interrupt_entry(%%rip), %0" : "=r" (interrupt));
	asm("lea coco_tg_nmi_entry(%%rip), %0" : "=r" (nmi));
	set_gate(idt, 2, nmi);
	set_gate(idt, 20, ve);
	set_gate(idt, COCO_TG_VECTOR, interrupt);
	set_exception_gate(idt, 1);
	set_exception_gate(idt, 3);
	set_exception_gate(idt, 6);
	set_exception_gate(idt, 13);
	set_exception_gate(idt, 14);

	idtr.limit = 256 * 16 - 1 - sizeof(struct coco_tg_seen);
	idtr.base = idt;
	asm volatile("lidt %0" : : "m" (idtr));
}

/* 4 GiB from 0 on as they are, and 1 GiB of shared memory */
static void make_tables(uint8_t *tables)
{
	uint64_t *table[NR_TABLES], i;

	for (i = 0; i < NR_TABLES; i++)
		table[i] = (void *)(tables + i * PAGE_SIZE);

	table[0][0] = COCO_TG_PAGE(1) | PTE_P | PTE_W | PTE_U;
	table[0][1] = COCO_TG_PAGE(4) | PTE_P | PTE_W | PTE_U;
	table[1][0] = COCO_TG_PAGE(2) | PTE_P | PTE_W | PTE_U;
	table[1][3] = COCO_TG_PAGE(3) | PTE_P | PTE_W | PTE_U;
	table[4][0] = COCO_TG_PAGE(5) | PTE_P | PTE_W | PTE_U;
	for (i = 0; i < 512; i++) {
		table[2][i] = i * LARGE_PAGE | PTE_P | PTE_W | PTE_U | PTE_PS;
		table[3][i] = (3ul << 30) + i * LARGE_PAGE + (PTE_P | PTE_W | PTE_U | PTE_PS);
		table[5][i] = table[2][i] | COCO_TG_SHARED_BIT;
	}
}

static uint64_t code_address(void *fn)
{
	uint64_t offset = (const char *)fn - __start_tdguest;

	TEST_ASSERT(offset < (uint64_t)(__stop_tdguest - __start_tdguest), "No code of a TD");
	return COCO_TG_CODE + offset;
}

void coco_tg_load(struct coco_td *td, void (*entry)(uint64_t *arg, uint64_t vcpu),
		  const uint64_t *arg, int nr_args)
{
	size_t size = __stop_tdguest - __start_tdguest;
	struct coco_tg_args *args;
	uint8_t *image;
	int i;

	TEST_ASSERT(size <= COCO_TG_NR_CODE * PAGE_SIZE, "%zu bytes of code", size);
	image = aligned_alloc(PAGE_SIZE, COCO_TG_NR_PAGES * PAGE_SIZE);
	TEST_ASSERT(image, "Insufficient Memory");
	memset(image, 0, COCO_TG_NR_PAGES * PAGE_SIZE);

	make_tables(image + COCO_TG_TABLES - COCO_TG_BASE);
	args = (void *)(image + COCO_TG_ARGS - COCO_TG_BASE);
	for (i = 0; i < COCO_TG_MAX_VCPUS; i++)
		args->entry[i] = code_address(entry);
	memcpy(args->arg, arg, nr_args * sizeof(*arg));
	memcpy(image + COCO_TG_CODE - COCO_TG_BASE, __start_tdguest, size);

	coco_td_add_slot(td, COCO_TG_BASE, COCO_TG_NR_PAGES);
	coco_td_add(td, 0, image, COCO_TG_BASE, COCO_TG_NR_PAGES);
	free(image);

	image = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	TEST_ASSERT(image, "Insufficient Memory");
	memcpy(image, coco_tg_boot, PAGE_SIZE);
	coco_td_add_slot(td, COCO_TG_BOOT, 1);
	coco_td_add(td, 0, image, COCO_TG_BOOT, 1);
	free(image);
}

void coco_tg_start(struct coco_td *td, void (*entry)(uint64_t *arg, uint64_t vcpu),
		   const uint64_t *arg, int nr_args)
{
	coco_tg_load(td, entry, arg, nr_args);
	coco_td_finalize(td);
}

void coco_tg_create(struct coco_td *td, const void *page)
{
	coco_td_create(td, 2);
	coco_td_add(td, 0, page, COCO_TD_GPA, 1);
}

void coco_tg_run(struct kvm_vcpu *vcpu)
{
	int ret = __vcpu_run(vcpu);

	TEST_ASSERT(!ret, "KVM_RUN: %d, errno %d, exit reason %u (%s), GPA %llx", ret, errno,
		    vcpu->run->exit_reason, exit_reason_str(vcpu->run->exit_reason),
		    vcpu->run->memory_fault.gpa);
}

static uint32_t expect_out(struct kvm_vcpu *vcpu, uint16_t port)
{
	struct kvm_run *run = vcpu->run;

	coco_tg_run(vcpu);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_IO, "Exit reason %u (%s), %llx", run->exit_reason,
		    exit_reason_str(run->exit_reason), run->system_event.data[0]);
	TEST_ASSERT(run->io.direction == KVM_EXIT_IO_OUT && run->io.size == 4 &&
		    run->io.port == port, "Port %x, direction %u, size %u", run->io.port,
		    run->io.direction, run->io.size);
	return *(uint32_t *)((void *)run + run->io.data_offset);
}

uint32_t coco_tg_value(struct kvm_vcpu *vcpu)
{
	return expect_out(vcpu, COCO_TG_PORT_VALUE);
}

uint64_t coco_tg_value64(struct kvm_vcpu *vcpu)
{
	uint64_t low = coco_tg_value(vcpu);

	return low | (uint64_t)coco_tg_value(vcpu) << 32;
}

void coco_tg_done(struct kvm_vcpu *vcpu)
{
	expect_out(vcpu, COCO_TG_PORT_DONE);
}

void coco_tg_send_interrupt(struct coco_td *td)
{
	struct kvm_msi msi = { .address_lo = MSI_ADDRESS, .data = COCO_TG_VECTOR };

	TEST_ASSERT(__vm_ioctl(td->vm, KVM_SIGNAL_MSI, &msi) == 1, "KVM_SIGNAL_MSI, errno %d",
		    errno);
}
