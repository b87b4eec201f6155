// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDs that run: registers, exceptions and leaves of TDCALL as the TDX module has them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coco_td_guest.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

/* Seconds, where the harness gives 30: each case launches a TD, and runs it. */
#define TIMEOUT			120

#define TDREPORT_DATA	128

FIXTURE(cpu) {
	struct coco_emul_census census;
	struct coco_td td;
};

FIXTURE_SETUP(cpu)
{
	coco_set_cpu(0);
	coco_pamt_census(&self->census);
	coco_td_create(&self->td, 0);
}

FIXTURE_TEARDOWN(cpu)
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

TD_CODE static void put_exception(volatile struct coco_tg_seen *seen)
{
	coco_tg_put(seen->nr_exceptions);
	coco_tg_put(seen->vector);
	coco_tg_put(seen->error);
}

static void expect_exception(struct kvm_vcpu *vcpu, uint32_t nr, uint32_t vector, uint32_t error)
{
	TEST_ASSERT_EQ(coco_tg_value(vcpu), nr);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), vector);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), error);
}

/* Takes R8. The next exception goes on at label 1. */
#define RESUME_AT_1	"lea 1f(%%rip), %%r8; mov %%r8, %[resume];"

TD_CODE static void try_wrmsr(volatile struct coco_tg_seen *seen, uint32_t msr, uint64_t val)
{
	asm volatile(RESUME_AT_1 "wrmsr; 1:"
		     : [resume] "=m" (seen->resume)
		     : "c" (msr), "a" ((uint32_t)val), "d" ((uint32_t)(val >> 32))
		     : "r8", "memory");
	seen->resume = 0;
	put_exception(seen);
}

TD_CODE static void guest_wrmsr(uint64_t *arg, uint64_t vcpu)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(COCO_TG_IDT);

	coco_tg_set_handlers(COCO_TG_IDT);
	try_wrmsr(seen, MSR_IA32_CR_PAT, 0x0606060606060606);
	try_wrmsr(seen, MSR_IA32_CR_PAT, 0x0606060602060606);
	try_wrmsr(seen, MSR_IA32_CR_PAT, 0x0806060606060606);
	try_wrmsr(seen, MSR_TSC_AUX, 0xffffffff);
	try_wrmsr(seen, MSR_TSC_AUX, 1ull << 32);
	try_wrmsr(seen, MSR_LSTAR, 1ull << 63);
	coco_tg_exit();
}

/* MSRs that a TD has for itself refuse what the CPU refuses. */
TEST_F_TIMEOUT(cpu, wrmsr, TIMEOUT)
{
	struct kvm_vcpu *vcpu = self->td.vcpu;

	start(&self->td, guest_wrmsr, 0);
	expect_exception(vcpu, 0, 0, 0);
	expect_exception(vcpu, 1, GP_VECTOR, 0);
	expect_exception(vcpu, 2, GP_VECTOR, 0);
	expect_exception(vcpu, 2, GP_VECTOR, 0);
	expect_exception(vcpu, 3, GP_VECTOR, 0);
	expect_exception(vcpu, 4, GP_VECTOR, 0);
	coco_tg_done(vcpu);
}

TD_CODE static uint64_t read_xcr0(void)
{
	uint32_t low, high;

	asm volatile("xgetbv" : "=a" (low), "=d" (high) : "c" (0));
	return low | (uint64_t)high << 32;
}

TD_CODE static void guest_xcr0(uint64_t *arg, uint64_t vcpu)
{
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	asm volatile("mov %0, %%cr4" : : "r" (cr4 | X86_CR4_OSXSAVE));
	coco_tg_put64(read_xcr0());
	coco_tg_put64(read_xcr0());
	asm volatile("xsetbv" : : "a" (3), "c" (0), "d" (0));
	coco_tg_put64(read_xcr0());
	coco_tg_put64(read_xcr0());
	coco_tg_exit();
}

/* XCR0 is the TD's: 1 at first, and what it sets then. */
TEST_F_TIMEOUT(cpu, xcr0, TIMEOUT)
{
	struct kvm_vcpu *vcpu = self->td.vcpu;

	start(&self->td, guest_xcr0, 0);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 1);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 1);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 3);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 3);
	coco_tg_done(vcpu);
}

TD_CODE static void try_cr4(volatile struct coco_tg_seen *seen, uint64_t bits)
{
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	asm volatile(RESUME_AT_1 "mov %[cr4], %%cr4; 1:"
		     : [resume] "=m" (seen->resume) : [cr4] "r" (cr4 | bits) : "r8", "memory");
	seen->resume = 0;
	put_exception(seen);
}

TD_CODE static void guest_features(uint64_t *arg, uint64_t vcpu)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(COCO_TG_IDT);
	uint32_t eax = 7, ebx, ecx = 0, edx;

	coco_tg_set_handlers(COCO_TG_IDT);
	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "+c" (ecx), "=d" (edx));
	coco_tg_put(ecx);
	try_cr4(seen, X86_CR4_OSXSAVE);
	try_cr4(seen, X86_CR4_UMIP);
	try_cr4(seen, X86_CR4_PKE);

	asm volatile("rdmsr" : "=a" (eax), "=d" (edx) : "c" (MSR_IA32_MISC_ENABLE));
	coco_tg_put(eax);
	coco_tg_put(seen->nr_ve);
	coco_tg_exit();
}

/* UMIP was not configured, and PKU is not in XFAM: no such bits of CR4. And no #VE. */
TEST_F_TIMEOUT(cpu, features, TIMEOUT)
{
	const uint32_t perfmon = MSR_IA32_MISC_ENABLE_EMON;
	const uint32_t no_pebs = MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL;
	struct kvm_vcpu *vcpu = self->td.vcpu;

	start(&self->td, guest_features, 0);
	TEST_ASSERT(!(coco_tg_value(vcpu) & (BIT(2) | BIT(3) | BIT(4))), "UMIP, PKU or OSPKE");
	expect_exception(vcpu, 0, 0, 0);
	expect_exception(vcpu, 1, GP_VECTOR, 0);
	expect_exception(vcpu, 2, GP_VECTOR, 0);
	TEST_ASSERT_EQ(coco_tg_value(vcpu) & (perfmon | no_pebs), no_pebs);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), 0);
	coco_tg_done(vcpu);
}

TD_CODE static void put_status(uint64_t rax, uint64_t rdx)
{
	struct coco_tg_regs regs;

	regs.rax = rax;
	regs.rcx = 0;
	regs.rdx = rdx;
	coco_tg_tdcall(&regs);
	coco_tg_put64(regs.rax);
}

TD_CODE static void guest_versions(uint64_t *arg, uint64_t vcpu)
{
	uint64_t attributes = 0x1110000300000000;

	put_status(TDG_VP_INFO, 0);
	put_status(TDG_VP_INFO | 1 << 16, 0);
	put_status(TDG_VP_INFO | 1 << 24, 0);
	put_status(TDG_VM_RD | 1 << 16, attributes);
	put_status(TDG_VM_RD | 2 << 16, attributes);
	put_status(0x1234, 0);
	coco_tg_exit();
}

TEST_F_TIMEOUT(cpu, versions, TIMEOUT)
{
	struct kvm_vcpu *vcpu = self->td.vcpu;

	start(&self->td, guest_versions, 0);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), TDX_OPERAND_INVALID);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), TDX_OPERAND_INVALID);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), TDX_OPERAND_INVALID);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), TDX_OPERAND_INVALID);
	coco_tg_done(vcpu);
}

TD_CODE static void guest_shared(uint64_t *arg, uint64_t vcpu)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(COCO_TG_IDT);
	volatile uint64_t *shared = (void *)COCO_TG_SHARED(COCO_TD_GPA);
	struct coco_tg_regs regs;

	coco_tg_set_handlers(COCO_TG_IDT);
	coco_tg_put64(shared[0]);
	asm volatile(RESUME_AT_1 "jmp *%[to]; 1:"
		     : [resume] "=m" (seen->resume) : [to] "r" (shared) : "r8", "memory");
	put_exception(seen);
	coco_tg_put64(seen->cr2 ^ (uint64_t)shared);

	regs.rax = TDG_MR_REPORT;
	regs.rcx = COCO_TG_SHARED_BIT | COCO_TD_GPA;
	regs.rdx = COCO_TG_SHARED_BIT | (COCO_TD_GPA + 1024);
	regs.r8 = 0;
	coco_tg_tdcall(&regs);
	coco_tg_put64(regs.rax);
	coco_tg_exit();
}

/* Shared memory that the TD reads can hold a report, but no code. */
TEST_F_TIMEOUT(cpu, shared, TIMEOUT)
{
	struct kvm_vcpu *vcpu = self->td.vcpu;
	struct coco_td *td = &self->td;
	uint8_t *hva;

	coco_td_add_slot(td, COCO_TD_GPA, 1);
	vm_mem_set_shared(td->vm, COCO_TD_GPA, PAGE_SIZE);
	hva = addr_gpa2hva(td->vm, COCO_TD_GPA);
	memset(hva, 0xf4, PAGE_SIZE);
	start(td, guest_shared, 0);

	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0xf4f4f4f4f4f4f4f4);
	/* Present, instruction fetch */
	expect_exception(vcpu, 1, PF_VECTOR, 0x11);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0);
	TEST_ASSERT(hva[0] == 0x81 && !memcmp(hva + TDREPORT_DATA, hva + 1024, 64),
		    "No report: type %x", hva[0]);
	coco_tg_done(vcpu);
}

#define NR_STACKS	16

/* INT3, and each time to a stack that nothing has touched yet */
TD_CODE static void guest_int3(uint64_t *arg, uint64_t vcpu)
{
	uint64_t idt = COCO_TG_IDT + vcpu * PAGE_SIZE, top, i;

	coco_tg_set_handlers(idt);
	for (i = 1; i <= arg[0]; i++) {
		top = COCO_TD_GPA + (vcpu * arg[0] + i) * PAGE_SIZE;
		asm volatile("mov %%rsp, %%rbx; mov %0, %%rsp; int3; mov %%rbx, %%rsp"
			     : : "r" (top) : "rbx", "memory");
	}
	put_exception(coco_tg_seen(idt));
	coco_tg_exit();
}

static void *second_int3(void *vcpu)
{
	coco_set_cpu(1);
	expect_exception(vcpu, NR_STACKS, BP_VECTOR, 0);
	coco_tg_done(vcpu);
	return NULL;
}

/* What was not delivered is delivered when the page is there, on two CPUs at a time. */
TEST_F_TIMEOUT(cpu, int3, TIMEOUT)
{
	struct coco_td *td = &self->td;
	struct kvm_vcpu *second = coco_td_add_second_vcpu(td);
	uint8_t *pages = coco_random_pages(2 * NR_STACKS);
	pthread_t thread;

	coco_td_add_slot(td, COCO_TD_GPA, 2 * NR_STACKS);
	coco_td_add(td, 0, pages, COCO_TD_GPA, 2 * NR_STACKS);
	start(td, guest_int3, NR_STACKS);
	pthread_create(&thread, NULL, second_int3, second);
	expect_exception(td->vcpu, NR_STACKS, BP_VECTOR, 0);
	coco_tg_done(td->vcpu);
	pthread_join(thread, NULL);
	free(pages);
}

TD_CODE static void guest_breakpoint(uint64_t *arg, uint64_t vcpu)
{
	volatile struct coco_tg_seen *seen = coco_tg_seen(COCO_TG_IDT);
	uint64_t dr6, dr7 = 0x402;

	coco_tg_set_handlers(COCO_TG_IDT);
	/* One of its own */
	asm volatile("lea 2f(%%rip), %%r8; mov %%r8, %%dr0; mov %[dr7], %%dr7;"
		     RESUME_AT_1 "2: nop; 1:"
		     : [resume] "=m" (seen->resume) : [dr7] "r" (dr7) : "r8", "memory");
	put_exception(seen);
	asm volatile("mov %%dr6, %0" : "=r" (dr6));
	coco_tg_put64(dr6);

	/* And one that is none of its business */
	asm volatile("mov %0, %%dr0" : : "r" (arg[0]));
	coco_tg_put(1);
	asm volatile("mov %%dr7, %0" : "=r" (dr7));
	coco_tg_put64(dr7);
	asm volatile("mov %%dr0, %0" : "=r" (dr7));
	coco_tg_put64(dr7);
	coco_tg_exit();
}

/* Of the host, on the way to the TD */
static uint64_t host_address(void)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	unsigned long addr, found = 0;
	char name[256], type;

	TEST_ASSERT(file, "No /proc/kallsyms");
	while (fscanf(file, "%lx %c %255s%*[^\n]", &addr, &type, name) == 3) {
		if (!strcmp(name, "coco_emul_switch"))
			found = addr;
	}
	fclose(file);
	TEST_ASSERT(found, "No coco_emul_switch in /proc/kallsyms");
	return found;
}

/* A breakpoint of the TD is the TD's. One at an address of the host does the host no harm. */
TEST_F_TIMEOUT(cpu, breakpoint, TIMEOUT)
{
	uint64_t addr = host_address();
	struct kvm_vcpu *vcpu = self->td.vcpu;

	start(&self->td, guest_breakpoint, addr);
	expect_exception(vcpu, 1, DB_VECTOR, 0);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu) & 0xf, 1);
	TEST_ASSERT_EQ(coco_tg_value(vcpu), 1);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0x402);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), addr);
	coco_tg_done(vcpu);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
