// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDs that run. What they find in memory is what KVM_TDX_INIT_MEM_REGION was given, and
 * the rest is as the TDX module and KVM promise.
 */
#include <linux/kvm_para.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "coco_td_guest.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define NR_PAGES	8
#define MMIO_GPA	0xd0000000ul
#define RTMR		2
#define TEST_PORT	0xabc

#define TDREPORT_MRTD	(512 + 16)
#define TDREPORT_RTMR(n) (512 + 16 + 4 * 48 + (n) * 48)
#define TDREPORT_DATA	128

FIXTURE(run) {
	struct coco_emul_census census;
	struct coco_td td;
};

FIXTURE_SETUP(run)
{
	coco_set_cpu(0);
	coco_pamt_census(&self->census);
	coco_td_create(&self->td, 0);
}

FIXTURE_TEARDOWN(run)
{
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

/* Starts the TD with @entry in it. */
static void start(struct coco_td *td, void (*entry)(uint64_t *arg, uint64_t vcpu),
		  uint64_t arg)
{
	coco_tg_start(td, entry, &arg, 1);
}

TD_CODE static void guest_content(uint64_t *arg, uint64_t vcpu)
{
	uint64_t i;

	for (i = 0; i < arg[0]; i++)
		coco_tg_put64(coco_tg_page_sum((void *)(COCO_TD_GPA + i * PAGE_SIZE)));
	coco_tg_exit();
}

/* Measured or not, in whatever order: each page is where it was to be. */
TEST_F(run, content)
{
	uint8_t *pages = coco_random_pages(NR_PAGES);
	struct coco_td *td = &self->td;
	int i;

	coco_td_add_slot(td, COCO_TD_GPA, NR_PAGES);
	coco_td_add(td, KVM_TDX_MEASURE_MEMORY_REGION, pages + 4 * PAGE_SIZE,
		    COCO_TD_GPA + 4 * PAGE_SIZE, 2);
	coco_td_add(td, 0, pages + 6 * PAGE_SIZE, COCO_TD_GPA + 6 * PAGE_SIZE, 2);
	coco_td_add(td, 0, pages, COCO_TD_GPA, 3);
	coco_td_add(td, KVM_TDX_MEASURE_MEMORY_REGION, pages + 3 * PAGE_SIZE,
		    COCO_TD_GPA + 3 * PAGE_SIZE, 1);
	start(td, guest_content, NR_PAGES);

	for (i = 0; i < NR_PAGES; i++)
		TEST_ASSERT_EQ(coco_tg_value64(td->vcpu),
			       coco_td_page_sum((void *)(pages + i * PAGE_SIZE)));
	coco_tg_done(td->vcpu);
	coco_td_check_mrtd(td);
	free(pages);
}

TD_CODE static void guest_accept(uint64_t *arg, uint64_t vcpu)
{
	volatile uint64_t *page = (void *)(COCO_TD_GPA + PAGE_SIZE);

	coco_tg_put64(coco_tg_accept((uint64_t)page));
	coco_tg_put64(coco_tg_page_sum(page));
	page[511] = 1;
	coco_tg_put64(coco_tg_page_sum(page));
	/* It is there already, and so is what was added. */
	coco_tg_put64(coco_tg_accept((uint64_t)page));
	coco_tg_put64(coco_tg_accept(COCO_TD_GPA));
	/* 2 MiB, where there are pages, and where there are none; and 1 GiB */
	coco_tg_put64(coco_tg_accept(COCO_TD_GPA | 1));
	coco_tg_put64(coco_tg_accept((COCO_TD_GPA + (2ul << 20)) | 1));
	coco_tg_put64(coco_tg_accept(1ul << 30 | 2));
	coco_tg_exit();
}

/* A page that nobody has added is zero once the TD has accepted it. */
TEST_F(run, accept)
{
	uint64_t page[PAGE_SIZE / 8] __aligned(PAGE_SIZE) = {};
	struct coco_td *td = &self->td;
	uint64_t augs;

	coco_td_add_slot(td, COCO_TD_GPA, 2);
	coco_td_add_slot(td, COCO_TD_GPA + (2ul << 20), 1);
	coco_td_add(td, 0, page, COCO_TD_GPA, 1);
	start(td, guest_accept, 0);

	augs = coco_emul_count("TDH.MEM.PAGE.AUG");
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0);
	TEST_ASSERT_EQ(coco_emul_count("TDH.MEM.PAGE.AUG"), augs + 1);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), coco_td_page_sum(page));
	page[511] = 1;
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), coco_td_page_sum(page));
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0x00000b0a00000000);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0x00000b0a00000000);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0xc0000b0b00000001);
	/* KVM has brought a page of 4 KiB. */
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0xc0000b0b00000001);
	TEST_ASSERT_EQ(coco_emul_count("TDH.MEM.PAGE.AUG"), augs + 2);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), TDX_OPERAND_INVALID | 1);
	coco_tg_done(td->vcpu);
}

TD_CODE static void guest_report(uint64_t *arg, uint64_t vcpu)
{
	volatile uint32_t *report = (void *)COCO_TD_GPA;
	struct coco_tg_regs regs;
	int i;

	regs.rax = TDG_MR_RTMR_EXTEND;
	regs.rcx = COCO_TD_GPA + PAGE_SIZE;
	regs.rdx = RTMR;
	coco_tg_tdcall(&regs);
	coco_tg_put64(regs.rax);
	regs.rax = TDG_MR_RTMR_EXTEND;
	regs.rdx = 4;
	coco_tg_tdcall(&regs);
	coco_tg_put64(regs.rax);

	regs.rax = TDG_MR_REPORT;
	regs.rcx = COCO_TD_GPA;
	regs.rdx = COCO_TD_GPA + PAGE_SIZE + 64;
	regs.r8 = 0;
	coco_tg_tdcall(&regs);
	coco_tg_put64(regs.rax);
	for (i = 0; i < 1024 / 4; i++)
		coco_tg_put(report[i]);
	coco_tg_exit();
}

/* MRTD in a report is what the pages that were added amount to. */
TEST_F(run, report)
{
	uint8_t want[SHA384_SIZE], *pages = coco_random_pages(2);
	struct coco_td *td = &self->td;
	uint32_t report[1024 / 4];
	struct sha384 sha;
	int i;

	coco_td_add_slot(td, COCO_TD_GPA, 2);
	coco_td_add(td, KVM_TDX_MEASURE_MEMORY_REGION, pages, COCO_TD_GPA, 2);
	start(td, guest_report, 0);

	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0xc000010000000002);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0);
	for (i = 0; i < ARRAY_SIZE(report); i++)
		report[i] = coco_tg_value(td->vcpu);
	coco_tg_done(td->vcpu);

	sha384_digest(&td->mrtd, want);
	sha384_expect((uint8_t *)report + TDREPORT_MRTD, want, "MRTD");

	sha384_start(&sha);
	memset(want, 0, sizeof(want));
	sha384_add(&sha, want, sizeof(want));
	sha384_add(&sha, pages + PAGE_SIZE, SHA384_SIZE);
	sha384_digest(&sha, want);
	sha384_expect((uint8_t *)report + TDREPORT_RTMR(RTMR), want, "RTMR");
	TEST_ASSERT(!memcmp((uint8_t *)report + TDREPORT_DATA, pages + PAGE_SIZE + 64, 64),
		    "The report has other data");
	free(pages);
}

TD_CODE static void guest_io(uint64_t *arg, uint64_t vcpu)
{
	uint64_t val;

	coco_tg_out(TEST_PORT, coco_tg_in(TEST_PORT) + 1);
	coco_tg_put64(coco_tg_vmcall(TDVMCALL_MMIO, 4, 0, COCO_TG_SHARED_BIT | MMIO_GPA, 0, &val));
	coco_tg_put64(val);
	coco_tg_put64(coco_tg_vmcall(TDVMCALL_MMIO, 8, 1, COCO_TG_SHARED_BIT | MMIO_GPA,
				     val + 1, NULL));
	/* There is no such call. */
	coco_tg_put64(coco_tg_vmcall(0x12345, 0, 0, 0, 0, NULL));
	coco_tg_exit();
}

TEST_F(run, io)
{
	struct kvm_vcpu *vcpu = self->td.vcpu;
	struct kvm_run *run = vcpu->run;
	uint32_t *data;

	start(&self->td, guest_io, 0);

	coco_tg_run(vcpu);
	TEST_ASSERT_EQ(run->exit_reason, KVM_EXIT_IO);
	TEST_ASSERT_EQ(run->io.direction, KVM_EXIT_IO_IN);
	TEST_ASSERT_EQ(run->io.port, TEST_PORT);
	data = (void *)run + run->io.data_offset;
	*data = 0x12345678;
	coco_tg_run(vcpu);
	TEST_ASSERT_EQ(run->exit_reason, KVM_EXIT_IO);
	TEST_ASSERT_EQ(run->io.direction, KVM_EXIT_IO_OUT);
	data = (void *)run + run->io.data_offset;
	TEST_ASSERT_EQ(*data, 0x12345679);

	coco_tg_run(vcpu);
	TEST_ASSERT_EQ(run->exit_reason, KVM_EXIT_MMIO);
	TEST_ASSERT(!run->mmio.is_write && run->mmio.phys_addr == MMIO_GPA && run->mmio.len == 4,
		    "MMIO at %llx, %u bytes", run->mmio.phys_addr, run->mmio.len);
	*(uint32_t *)run->mmio.data = 0x87654321;
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0x87654321);
	coco_tg_run(vcpu);
	TEST_ASSERT_EQ(run->exit_reason, KVM_EXIT_MMIO);
	TEST_ASSERT(run->mmio.is_write && run->mmio.len == 8, "%u bytes", run->mmio.len);
	TEST_ASSERT_EQ(*(uint64_t *)run->mmio.data, 0x87654322);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 1ul << 63 | 3);
	coco_tg_done(vcpu);
}

TD_CODE static void report_ve(void)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(COCO_TG_IDT);

	coco_tg_put64(seen->nr_ve);
	coco_tg_put64(seen->ve_reason);
	coco_tg_put64(seen->ve_qual);
	coco_tg_put64(seen->ve_gpa);
	coco_tg_put64(seen->ve_len);
	coco_tg_put64(seen->ve_status);
}

TD_CODE static void guest_ve(uint64_t *arg, uint64_t vcpu)
{
	struct coco_tg_regs regs;
	uint32_t eax = 0x21, ebx, ecx = 0, edx;

	regs.rax = TDG_VP_VEINFO_GET;
	coco_tg_tdcall(&regs);
	coco_tg_put64(regs.rax);

	coco_tg_set_handlers(COCO_TG_IDT);
	asm volatile("outl %0, %w1" : : "a" (1), "d" (TEST_PORT));
	report_ve();
	asm volatile("hlt");
	report_ve();
	/* Shared memory without a memslot; three bytes of instruction */
	asm volatile(".byte 0x8a, 0x40, 0x00" : : "a" (COCO_TG_SHARED(MMIO_GPA & 0x3fffffff)));
	report_ve();

	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "+c" (ecx), "=d" (edx));
	coco_tg_put(ebx);
	coco_tg_put(edx);
	coco_tg_put(ecx);
	coco_tg_exit();
}

static void expect_ve(struct kvm_vcpu *vcpu, uint64_t nr, uint64_t reason, uint64_t qual,
		      uint64_t gpa, uint64_t len)
{
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), nr);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), reason);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), qual);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), gpa);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), len);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0);
}

TEST_F(run, ve)
{
	struct kvm_vcpu *vcpu = self->td.vcpu;

	start(&self->td, guest_ve, 0);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0xc000070400000000);
	expect_ve(vcpu, 1, 30, TEST_PORT << 16 | 3, 0, 1);
	expect_ve(vcpu, 2, 12, 0, 0, 1);
	expect_ve(vcpu, 3, 48, 1, COCO_TG_SHARED_BIT | (MMIO_GPA & 0x3fffffff), 0);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), 0x65746e49);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), 0x5844546c);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), 0x20202020);
	coco_tg_done(vcpu);
}

TD_CODE static void guest_map_gpa(uint64_t *arg, uint64_t vcpu)
{
	volatile uint64_t *shared = (void *)COCO_TG_SHARED(COCO_TD_GPA);
	volatile uint64_t *private = (void *)COCO_TD_GPA;
	uint64_t i;

	for (i = 0; i < arg[0]; i++) {
		coco_tg_put64(coco_tg_vmcall(TDVMCALL_MAP_GPA, COCO_TG_SHARED_BIT | COCO_TD_GPA,
					     PAGE_SIZE, 0, 0, NULL));
		coco_tg_put64(shared[0]);
		shared[1] = ~shared[0];
		coco_tg_put64(coco_tg_vmcall(TDVMCALL_MAP_GPA, COCO_TD_GPA, PAGE_SIZE, 0, 0,
					     NULL));
		coco_tg_put64(coco_tg_accept(COCO_TD_GPA));
		coco_tg_put64(private[0] | private[1]);
		private[0] = 0x5ec4e7;
	}
	*(volatile uint64_t *)(arg + 1) = 1;
	coco_tg_exit();
}

static void convert(struct coco_td *td)
{
	struct kvm_run *run = td->vcpu->run;
	uint64_t gpa, size;

	coco_tg_run(td->vcpu);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_HYPERCALL &&
		    run->hypercall.nr == KVM_HC_MAP_GPA_RANGE, "Exit reason %u (%s)",
		    run->exit_reason, exit_reason_str(run->exit_reason));
	gpa = run->hypercall.args[0];
	size = run->hypercall.args[1] * PAGE_SIZE;
	TEST_ASSERT(gpa == COCO_TD_GPA && size == PAGE_SIZE, "GPA %lx, %lx bytes", gpa, size);
	if (run->hypercall.args[2] & KVM_MAP_GPA_RANGE_ENCRYPTED) {
		vm_mem_set_private(td->vm, gpa, size);
	} else {
		vm_mem_set_shared(td->vm, gpa, size);
		vm_guest_mem_punch_hole(td->vm, gpa, size);
	}
	run->hypercall.ret = 0;
}

static void convert_there_and_back(struct coco_td *td, uint64_t *hva, uint64_t i)
{
	convert(td);
	hva[0] = i;
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), i);
	convert(td);
	TEST_ASSERT_EQ(hva[1], ~i);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value64(td->vcpu), 0);
}

/* Memory that is converted while the TD runs is the host's, and after that zero again. */
TEST_F(run, map_gpa)
{
	struct coco_td *td = &self->td;
	uint64_t *hva, i;

	vm_enable_cap(td->vm, KVM_CAP_EXIT_HYPERCALL, BIT_ULL(KVM_HC_MAP_GPA_RANGE));
	coco_td_add_slot(td, COCO_TD_GPA, 1);
	hva = addr_gpa2hva(td->vm, COCO_TD_GPA);
	start(td, guest_map_gpa, 3);

	for (i = 1; i <= 3; i++)
		convert_there_and_back(td, hva, i);
	coco_tg_done(td->vcpu);
}

TD_CODE static void enable_apic(void)
{
	uint64_t spurious = 0x1ff;

	/* The x2APIC of a TD is on; its spurious-interrupt vector register is the host's. */
	coco_tg_vmcall(TDVMCALL_WRMSR, 0x80f, spurious, 0, 0, NULL);
}

TD_CODE static void guest_interrupts(uint64_t *arg, uint64_t vcpu)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(COCO_TG_IDT);

	coco_tg_set_handlers(COCO_TG_IDT);
	enable_apic();
	/* Held back while interrupts are off */
	coco_tg_put(1);
	coco_tg_put(seen->nr_interrupts);
	asm volatile("sti; nop; cli" : : : "memory");
	coco_tg_put(seen->nr_interrupts);

	/* It ends HLT. */
	coco_tg_put(2);
	coco_tg_halt();
	coco_tg_put(seen->nr_interrupts);

	/* And comes to one that runs. */
	coco_tg_put(3);
	asm volatile("sti" : : : "memory");
	while (seen->nr_interrupts < 3)
		asm volatile("pause");
	coco_tg_put(seen->nr_interrupts);
	coco_tg_exit();
}

static void *send_later(void *td)
{
	usleep(300000);
	coco_tg_send_interrupt(td);
	return NULL;
}

TEST_F(run, interrupts)
{
	struct coco_td *td = &self->td;
	pthread_t thread;
	int i;

	start(td, guest_interrupts, 0);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 1);
	coco_tg_send_interrupt(td);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 1);
	for (i = 2; i <= 3; i++) {
		TEST_ASSERT_EQ(coco_tg_value(td->vcpu), i);
		pthread_create(&thread, NULL, send_later, td);
		TEST_ASSERT_EQ(coco_tg_value(td->vcpu), i);
		pthread_join(thread, NULL);
	}
	coco_tg_done(td->vcpu);
}

TD_CODE static void write_msr(uint32_t msr, uint64_t val)
{
	coco_tg_vmcall(TDVMCALL_WRMSR, msr, val, 0, 0, NULL);
}

TD_CODE static void guest_timer(uint64_t *arg, uint64_t vcpu)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(COCO_TG_IDT);
	uint32_t low, high;
	int i;

	coco_tg_set_handlers(COCO_TG_IDT);
	enable_apic();
	/* LVT timer: TSC deadline */
	write_msr(0x832, 2 << 17 | COCO_TG_VECTOR);
	for (i = 1; i <= 3; i++) {
		asm volatile("rdtsc" : "=a" (low), "=d" (high));
		write_msr(0x6e0, (low | (uint64_t)high << 32) + 100000000);
		while (seen->nr_interrupts < i)
			coco_tg_halt();
		coco_tg_put(seen->nr_interrupts);
	}
	coco_tg_exit();
}

TEST_F(run, timer)
{
	struct coco_td *td = &self->td;
	int i;

	start(td, guest_timer, 0);
	for (i = 1; i <= 3; i++)
		TEST_ASSERT_EQ(coco_tg_value(td->vcpu), i);
	coco_tg_done(td->vcpu);
}

TD_CODE static void guest_nmi(uint64_t *arg, uint64_t vcpu)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(COCO_TG_IDT);

	coco_tg_set_handlers(COCO_TG_IDT);
	coco_tg_put(0);
	while (seen->nr_nmis < 2)
		coco_tg_put(seen->nr_nmis);
	coco_tg_exit();
}

TEST_F(run, nmi)
{
	struct coco_td *td = &self->td;
	int i;

	start(td, guest_nmi, 0);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 0);
	for (i = 1; i <= 2; i++) {
		vcpu_ioctl(td->vcpu, KVM_NMI, NULL);
		if (i == 1)
			TEST_ASSERT_EQ(coco_tg_value(td->vcpu), i);
	}
	coco_tg_done(td->vcpu);
}

/* The first vCPU wakes the second by an IPI, and waits until that has written to memory. */
TD_CODE static void guest_ipi(uint64_t *arg, uint64_t vcpu)
{
	uint64_t idt = COCO_TG_IDT + vcpu * PAGE_SIZE;
	volatile struct coco_tg_seen *seen = coco_tg_seen(idt);
	volatile uint64_t *word = arg + 1, *ready = arg + 2;
	uint64_t i;

	coco_tg_set_handlers(idt);
	enable_apic();
	/* Nothing comes to an APIC that is off. */
	if (vcpu)
		*ready = 1;
	while (!*ready)
		asm volatile("pause");
	for (i = 1; i <= arg[0]; i++) {
		if (!vcpu) {
			/* ICR: to the APIC ID 1, fixed */
			write_msr(0x830, 1ull << 32 | COCO_TG_VECTOR);
			while (*word < i)
				asm volatile("pause");
		} else {
			while (seen->nr_interrupts < i)
				coco_tg_halt();
			*word = seen->nr_interrupts;
		}
	}
	coco_tg_put(*word);
	coco_tg_exit();
}

#define NR_IPIS	50

static void *run_to_the_end(void *vcpu)
{
	coco_set_cpu(1);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), NR_IPIS);
	coco_tg_done(vcpu);
	return NULL;
}

/* Where both CPUs are threads of a busy machine, each IPI takes a turn of its scheduler. */
TEST_F_TIMEOUT(run, ipi, 120)
{
	struct coco_td *td = &self->td;
	struct kvm_vcpu *second = coco_td_add_second_vcpu(td);
	pthread_t thread;

	start(td, guest_ipi, NR_IPIS);
	pthread_create(&thread, NULL, run_to_the_end, second);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), NR_IPIS);
	coco_tg_done(td->vcpu);
	pthread_join(thread, NULL);
}

/* One converts memory, the other works on memory of its own until that is over. */
TD_CODE static void guest_map_gpa_beside(uint64_t *arg, uint64_t vcpu)
{
	volatile uint64_t *over = arg + 1, *count = arg + 2;

	if (!vcpu) {
		guest_map_gpa(arg, vcpu);
	} else {
		while (!*over)
			(*count)++;
		coco_tg_put(!*count);
		coco_tg_exit();
	}
}

static void *run_beside(void *vcpu)
{
	coco_set_cpu(1);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), 0);
	coco_tg_done(vcpu);
	return NULL;
}

#define NR_CONVERSIONS	20

TEST_F(run, map_gpa_beside)
{
	struct coco_td *td = &self->td;
	struct kvm_vcpu *second = coco_td_add_second_vcpu(td);
	pthread_t thread;
	uint64_t *hva, i;

	vm_enable_cap(td->vm, KVM_CAP_EXIT_HYPERCALL, BIT_ULL(KVM_HC_MAP_GPA_RANGE));
	coco_td_add_slot(td, COCO_TD_GPA, 1);
	hva = addr_gpa2hva(td->vm, COCO_TD_GPA);
	start(td, guest_map_gpa_beside, NR_CONVERSIONS);
	pthread_create(&thread, NULL, run_beside, second);
	for (i = 1; i <= NR_CONVERSIONS; i++)
		convert_there_and_back(td, hva, i);
	coco_tg_done(td->vcpu);
	pthread_join(thread, NULL);
}

/* An NMI does not come before the TD has asked for its last #VE. */
TD_CODE static void guest_nmi_in_ve(uint64_t *arg, uint64_t vcpu)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(COCO_TG_IDT);

	coco_tg_set_handlers(COCO_TG_IDT);
	seen->put_in_ve = 1;
	asm volatile("hlt");
	coco_tg_put(seen->nr_nmis);
	coco_tg_exit();
}

TEST_F(run, nmi_in_ve)
{
	struct coco_td *td = &self->td;

	start(td, guest_nmi_in_ve, 0);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 0);
	vcpu_ioctl(td->vcpu, KVM_NMI, NULL);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value(td->vcpu), 1);
	coco_tg_done(td->vcpu);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
