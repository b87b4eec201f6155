// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a TD asks of the host by TDG.VP.VMCALL: what KVM answers by itself, what it asks
 * user space for, and what it refuses.
 *
 * The TD finds its calls in memory, makes one after the other, and puts what is in the
 * registers then.
 */
#include <errno.h>
#include <linux/kvm_para.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include "coco_td_guest.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

/* Seconds, where the harness gives 30: each case launches a TD, and runs it. */
#define TIMEOUT		120

#define TEST_PORT	0xabc
#define MMIO_GPA	0xd0000000ul
#define SHARED(gpa)	(COCO_TG_SHARED_BIT | (gpa))

#define MSR_SPURIOUS	0x80f
#define MSR_MTRR_BASE_0	0x200

/* VM exit reason of TDCALL */
#define TDCALL_EXIT	77

/* In which KVM has user space carry out MapGPA */
#define STEP		(2ul << 20)

#define CALL(fn, ...)	{ .rcx = TDVMCALL_MASK, .r11 = (fn), __VA_ARGS__ }

static struct coco_tg_regs page[PAGE_SIZE / sizeof(struct coco_tg_regs)] __aligned(PAGE_SIZE);

FIXTURE(vmcall) {
	struct coco_emul_census census;
	struct coco_td td;
};

FIXTURE_SETUP(vmcall)
{
	coco_set_cpu(0);
	coco_pamt_census(&self->census);
	coco_td_create(&self->td, 1);
}

FIXTURE_TEARDOWN(vmcall)
{
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

TD_CODE static void guest_calls(uint64_t *arg, uint64_t vcpu)
{
	struct coco_tg_regs *call = (void *)COCO_TD_GPA;
	uint64_t i;

	coco_tg_set_handlers(COCO_TG_IDT);
	for (i = 0; i < arg[0]; i++, call++) {
		coco_tg_tdcall(call);
		coco_tg_put64(call->rax);
		coco_tg_put64(call->r10);
		coco_tg_put64(call->r11);
		coco_tg_put64(call->r12);
		coco_tg_put64(call->r13);
		coco_tg_put64(call->r14);
		coco_tg_put64(call->r15);
	}
	coco_tg_exit();
}

/* With @nr calls, and then @nr_more */
static void start_two(struct coco_td *td, const struct coco_tg_regs *calls, uint64_t nr,
		      const struct coco_tg_regs *more, uint64_t nr_more)
{
	const uint64_t nr_all = nr + nr_more;

	TEST_ASSERT(nr_all <= ARRAY_SIZE(page), "%lu calls", nr_all);
	memcpy(page, calls, nr * sizeof(*calls));
	memcpy(page + nr, more, nr_more * sizeof(*more));
	coco_td_add(td, 0, page, COCO_TD_GPA, 1);
	coco_tg_start(td, guest_calls, &nr_all, 1);
}

static void start(struct coco_td *td, const struct coco_tg_regs *calls, uint64_t nr)
{
	start_two(td, calls, nr, calls, 0);
}

/* What the TD has after the call, RAX and R10 to R15 */
static void expect_regs(struct kvm_vcpu *vcpu, const struct coco_tg_regs *want)
{
	const uint64_t *want_r10 = &want->r10;
	uint64_t got;
	int i;

	got = coco_tg_value64(vcpu);
	TEST_ASSERT(got == want->rax, "RAX is %lx, not %lx", got, want->rax);
	for (i = 0; i < 6; i++) {
		got = coco_tg_value64(vcpu);
		TEST_ASSERT(got == want_r10[i], "R%d is %lx, not %lx", 10 + i, got, want_r10[i]);
	}
}

/* The registers of @call, but for R10 and R11 */
static void expect_value(struct kvm_vcpu *vcpu, const struct coco_tg_regs *call,
			 uint64_t status, uint64_t r11)
{
	struct coco_tg_regs want = *call;

	want.r10 = status;
	want.r11 = r11;
	expect_regs(vcpu, &want);
}

static void expect_status(struct kvm_vcpu *vcpu, const struct coco_tg_regs *call, uint64_t status)
{
	expect_value(vcpu, call, status, call->r11);
}

static void expect_exit(struct kvm_vcpu *vcpu, uint32_t reason)
{
	coco_tg_run(vcpu);
	TEST_ASSERT(vcpu->run->exit_reason == reason, "Exit reason %u (%s), not %u (%s)",
		    vcpu->run->exit_reason, exit_reason_str(vcpu->run->exit_reason), reason,
		    exit_reason_str(reason));
}

static void expect_cpuid(struct kvm_vcpu *vcpu, const struct coco_tg_regs *call,
			 const struct kvm_cpuid_entry2 *entry)
{
	struct coco_tg_regs want = *call;

	want.r12 = entry->eax;
	want.r13 = entry->ebx;
	want.r14 = entry->ecx;
	want.r15 = entry->edx;
	expect_regs(vcpu, &want);
}

/* It is what user space has set, also for leaves that the module knows nothing of. */
TEST_F_TIMEOUT(vmcall, cpuid, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_CPUID, .r12 = KVM_CPUID_FEATURES, .r14 = 1, .r15 = 1),
		CALL(TDVMCALL_CPUID, .r12 = 4, .r13 = 1),
		CALL(TDVMCALL_CPUID, .r12 = 4, .r13 = 2),
		/* 32 bits of them count. */
		CALL(TDVMCALL_CPUID, .r12 = 1ul << 32 | 4, .r13 = 1ul << 32 | 2),
		/* There is no such subleaf. */
		CALL(TDVMCALL_CPUID, .r12 = 7, .r13 = 9),
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;
	struct kvm_cpuid_entry2 *entry;

	entry = vcpu_get_cpuid_entry(vcpu, KVM_CPUID_FEATURES);
	entry->ebx = 0x11111111;
	entry->ecx = 0x22222222;
	entry->edx = 0x33333333;
	vcpu_set_cpuid(vcpu);
	start(&self->td, calls, ARRAY_SIZE(calls));

	expect_cpuid(vcpu, &calls[0], vcpu_get_cpuid_entry(vcpu, KVM_CPUID_FEATURES));
	expect_cpuid(vcpu, &calls[1], __vcpu_get_cpuid_entry(vcpu, 4, 1));
	expect_cpuid(vcpu, &calls[2], __vcpu_get_cpuid_entry(vcpu, 4, 2));
	expect_cpuid(vcpu, &calls[3], __vcpu_get_cpuid_entry(vcpu, 4, 2));
	expect_cpuid(vcpu, &calls[4], &(struct kvm_cpuid_entry2) {});
	coco_tg_done(vcpu);
}

/* MSRs that KVM has for a TD; it refuses others, and values that they cannot have. */
TEST_F_TIMEOUT(vmcall, msr, TIMEOUT)
{
	const uint64_t mtrr = 0x123456789006;
	const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_WRMSR, .r12 = MSR_MTRR_BASE_0, .r13 = mtrr),
		CALL(TDVMCALL_RDMSR, .r12 = MSR_MTRR_BASE_0),
		/* No such memory type */
		CALL(TDVMCALL_WRMSR, .r12 = MSR_MTRR_BASE_0, .r13 = 2),
		/* 32 bits of the number count. */
		CALL(TDVMCALL_RDMSR, .r12 = 1ul << 32 | MSR_MTRR_BASE_0),
		CALL(TDVMCALL_WRMSR, .r12 = MSR_SPURIOUS, .r13 = 0x1ff),
		CALL(TDVMCALL_RDMSR, .r12 = MSR_SPURIOUS),
		CALL(TDVMCALL_RDMSR, .r12 = MSR_IA32_FEAT_CTL),
	};
	const struct coco_tg_regs refused[] = {
		CALL(TDVMCALL_WRMSR, .r12 = MSR_IA32_FEAT_CTL, .r13 = FEAT_CTL_LOCKED),
		CALL(TDVMCALL_WRMSR, .r12 = MSR_IA32_APICBASE, .r13 = 0xfee00d00),
		CALL(TDVMCALL_WRMSR, .r12 = MSR_EFER, .r13 = 0xd01),
		/* The TD has them for itself: what KVM has would be wrong. */
		CALL(TDVMCALL_RDMSR, .r12 = MSR_IA32_TSC),
		CALL(TDVMCALL_RDMSR, .r12 = MSR_LSTAR),
		/* So are the task priority and the EOI of the virtual APIC. */
		CALL(TDVMCALL_RDMSR, .r12 = 0x808),
		CALL(TDVMCALL_WRMSR, .r12 = 0x80b),
		CALL(TDVMCALL_RDMSR, .r12 = 0xdead),
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;
	int i;

	start_two(&self->td, calls, ARRAY_SIZE(calls), refused, ARRAY_SIZE(refused));
	expect_status(vcpu, &calls[0], 0);
	expect_value(vcpu, &calls[1], 0, mtrr);
	expect_status(vcpu, &calls[2], TDVMCALL_INVALID);
	expect_value(vcpu, &calls[3], 0, mtrr);
	expect_status(vcpu, &calls[4], 0);
	expect_value(vcpu, &calls[5], 0, 0x1ff);
	expect_value(vcpu, &calls[6], 0, FEAT_CTL_LOCKED);
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		expect_status(vcpu, &refused[i], TDVMCALL_INVALID);
	coco_tg_done(vcpu);
}

static void expect_msr_exit(struct kvm_vcpu *vcpu, uint32_t reason, uint32_t msr, uint64_t data)
{
	struct kvm_run *run = vcpu->run;

	expect_exit(vcpu, reason);
	TEST_ASSERT(run->msr.index == msr && run->msr.reason == KVM_MSR_EXIT_REASON_INVAL &&
		    run->msr.data == data, "MSR %x, reason %x, %llx", run->msr.index,
		    run->msr.reason, run->msr.data);
}

/* What KVM refuses is user space's, if that wants it. */
TEST_F_TIMEOUT(vmcall, msr_of_user_space, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_RDMSR, .r12 = MSR_IA32_TSC),
		CALL(TDVMCALL_RDMSR, .r12 = MSR_IA32_TSC),
		CALL(TDVMCALL_WRMSR, .r12 = MSR_IA32_TSC, .r13 = 0x123456789abcdef0),
		CALL(TDVMCALL_WRMSR, .r12 = MSR_IA32_TSC, .r13 = 1),
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;

	vm_enable_cap(self->td.vm, KVM_CAP_X86_USER_SPACE_MSR, KVM_MSR_EXIT_REASON_INVAL);
	start(&self->td, calls, ARRAY_SIZE(calls));

	expect_msr_exit(vcpu, KVM_EXIT_X86_RDMSR, MSR_IA32_TSC, 0);
	vcpu->run->msr.data = 0xfedcba987654321;
	expect_value(vcpu, &calls[0], 0, 0xfedcba987654321);
	expect_msr_exit(vcpu, KVM_EXIT_X86_RDMSR, MSR_IA32_TSC, 0);
	vcpu->run->msr.error = 1;
	expect_status(vcpu, &calls[1], TDVMCALL_INVALID);
	expect_msr_exit(vcpu, KVM_EXIT_X86_WRMSR, MSR_IA32_TSC, calls[2].r13);
	expect_status(vcpu, &calls[2], 0);
	expect_msr_exit(vcpu, KVM_EXIT_X86_WRMSR, MSR_IA32_TSC, calls[3].r13);
	vcpu->run->msr.error = 1;
	expect_status(vcpu, &calls[3], TDVMCALL_INVALID);
	coco_tg_done(vcpu);
}

/* GPRs in the order of the kvm_run of a fatal error. No call shows RSP and RBP here. */
static void expect_fatal_error(struct kvm_vcpu *vcpu, const uint64_t want[16])
{
	struct kvm_run *run = vcpu->run;
	int i;

	expect_exit(vcpu, KVM_EXIT_SYSTEM_EVENT);
	TEST_ASSERT(run->system_event.type == KVM_SYSTEM_EVENT_TDX_FATAL &&
		    run->system_event.ndata == 16, "Type %u, %u values",
		    run->system_event.type, run->system_event.ndata);
	for (i = 0; i < 16; i++)
		TEST_ASSERT(run->system_event.data[i] == want[i], "Register %d is %llx, not %lx",
			    i, run->system_event.data[i], want[i]);
}

/* All registers that the TD shows are user space's to print. */
TEST_F_TIMEOUT(vmcall, fatal_error, TIMEOUT)
{
	/* In the place of RAX is what TDH.VP.ENTER has returned. */
	const uint64_t want[16] = {
		TDCALL_EXIT, 0xffcc, 0x22, 0x33, 0, 0, 0x66, 0x77, 0x88, 0x99,
		0, TDVMCALL_FATAL_ERROR, 0x8000000000000001, SHARED(COCO_TD_GPA), 0xee, 0xff,
	};
	const struct coco_tg_regs call = {
		.rcx = want[1], .rdx = want[2], .rbx = want[3], .rsi = want[6], .rdi = want[7],
		.r8 = want[8], .r9 = want[9], .r10 = want[10], .r11 = want[11], .r12 = want[12],
		.r13 = want[13], .r14 = want[14], .r15 = want[15],
	};

	start(&self->td, &call, 1);
	expect_fatal_error(self->td.vcpu, want);
}

/*
 * Registers that the call does not name are the TD's, on the way out, and R10 to R15 of them
 * on the way back.
 */
TEST_F_TIMEOUT(vmcall, registers, TIMEOUT)
{
	const uint64_t only_two = 0xc00;
	const struct coco_tg_regs refused[] = {
		/* RAX, RSP, and a register that there is not */
		{ .rcx = TDVMCALL_MASK | BIT(0), .r11 = TDVMCALL_GET_INFO, .r15 = 15 },
		{ .rcx = TDVMCALL_MASK | BIT(4), .r11 = TDVMCALL_GET_INFO, .r15 = 15 },
		{ .rcx = TDVMCALL_MASK | BIT(32), .r11 = TDVMCALL_GET_INFO, .r15 = 15 },
	};
	const struct coco_tg_regs calls[] = {
		/* KVM answers with 0 in R12 to R14. */
		{
			.rcx = only_two, .r11 = TDVMCALL_GET_INFO, .r12 = 2, .r13 = 3, .r14 = 4,
			.r15 = 5,
		},
		{
			.rcx = only_two, .rdx = 0x22, .rbx = 0x33, .rsi = 0x66, .rdi = 0x77,
			.r8 = 0x88, .r9 = 0x99, .r11 = TDVMCALL_FATAL_ERROR, .r12 = 0xcc,
			.r13 = 0xdd, .r14 = 0xee, .r15 = 0xff,
		},
	};
	const uint64_t want[16] = { TDCALL_EXIT, only_two, [11] = TDVMCALL_FATAL_ERROR };
	struct kvm_vcpu *vcpu = self->td.vcpu;
	struct coco_tg_regs after;
	int i;

	start_two(&self->td, refused, ARRAY_SIZE(refused), calls, ARRAY_SIZE(calls));
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		after = refused[i];
		after.rax = TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX;
		expect_regs(vcpu, &after);
	}
	expect_value(vcpu, &calls[0], 0, 0);
	expect_fatal_error(vcpu, want);
}

static void expect_tdx_exit(struct kvm_vcpu *vcpu, uint64_t nr)
{
	struct kvm_run *run = vcpu->run;

	expect_exit(vcpu, KVM_EXIT_TDX);
	TEST_ASSERT(run->tdx.nr == nr && !run->tdx.flags, "TDVMCALL %llx, flags %llx",
		    run->tdx.nr, run->tdx.flags);
}

/* KVM has the base of them. What there is besides, user space has to say. */
TEST_F_TIMEOUT(vmcall, get_info, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_GET_INFO, .r12 = 0, .r13 = 13, .r14 = 14, .r15 = 15),
		CALL(TDVMCALL_GET_INFO, .r12 = 1, .r13 = 13, .r14 = 14, .r15 = 15),
		CALL(TDVMCALL_GET_INFO, .r12 = 1, .r13 = 13, .r14 = 14, .r15 = 15),
		CALL(TDVMCALL_GET_INFO, .r12 = 2, .r13 = 13, .r14 = 14, .r15 = 15),
		CALL(TDVMCALL_GET_INFO, .r12 = 1ul << 32, .r15 = 15),
	};
	static const struct coco_tg_regs nothing = { .r15 = 15 };
	static const struct coco_tg_regs something = {
		.r11 = 0x1111111111111111, .r12 = 0x2222222222222222,
		.r13 = 0x3333333333333333, .r14 = 0x4444444444444444, .r15 = 15,
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;
	struct kvm_run *run = vcpu->run;
	struct coco_tg_regs refused = nothing;

	start(&self->td, calls, ARRAY_SIZE(calls));
	expect_regs(vcpu, &nothing);

	expect_tdx_exit(vcpu, TDVMCALL_GET_INFO);
	TEST_ASSERT_EQ(run->tdx.get_tdvmcall_info.leaf, 1);
	TEST_ASSERT(!run->tdx.get_tdvmcall_info.ret && !run->tdx.get_tdvmcall_info.r11 &&
		    !run->tdx.get_tdvmcall_info.r12 && !run->tdx.get_tdvmcall_info.r13 &&
		    !run->tdx.get_tdvmcall_info.r14, "Not 0 to begin with");
	run->tdx.get_tdvmcall_info.r11 = something.r11;
	run->tdx.get_tdvmcall_info.r12 = something.r12;
	run->tdx.get_tdvmcall_info.r13 = something.r13;
	run->tdx.get_tdvmcall_info.r14 = something.r14;
	expect_regs(vcpu, &something);

	expect_tdx_exit(vcpu, TDVMCALL_GET_INFO);
	run->tdx.get_tdvmcall_info.ret = TDVMCALL_INVALID;
	refused.r10 = TDVMCALL_INVALID;
	expect_regs(vcpu, &refused);

	expect_status(vcpu, &calls[3], TDVMCALL_INVALID);
	expect_status(vcpu, &calls[4], TDVMCALL_INVALID);
	coco_tg_done(vcpu);
}

/* Quotes are made by user space, which is asked if the buffer is shared. */
TEST_F_TIMEOUT(vmcall, get_quote, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_GET_QUOTE, .r12 = SHARED(COCO_TD_GPA), .r13 = 2 * PAGE_SIZE),
		CALL(TDVMCALL_GET_QUOTE, .r12 = SHARED(COCO_TD_GPA), .r13 = PAGE_SIZE),
		/* It is for user space to find fault with it. */
		CALL(TDVMCALL_GET_QUOTE, .r12 = SHARED(COCO_TD_GPA + 1), .r13 = 3),
		CALL(TDVMCALL_GET_QUOTE, .r12 = SHARED(COCO_TD_GPA), .r13 = PAGE_SIZE),
		CALL(TDVMCALL_GET_QUOTE, .r12 = COCO_TD_GPA, .r13 = PAGE_SIZE),
	};
	static const uint64_t status[] = {
		0, TDVMCALL_RETRY, TDVMCALL_ALIGN_ERROR, TDVMCALL_INVALID,
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;
	struct kvm_run *run = vcpu->run;
	int i;

	start(&self->td, calls, ARRAY_SIZE(calls));
	for (i = 0; i < ARRAY_SIZE(status); i++) {
		expect_tdx_exit(vcpu, TDVMCALL_GET_QUOTE);
		TEST_ASSERT_EQ(run->tdx.get_quote.gpa, calls[i].r12 & ~COCO_TG_SHARED_BIT);
		TEST_ASSERT_EQ(run->tdx.get_quote.size, calls[i].r13);
		/* What the TD gets from user space that does not know the call */
		TEST_ASSERT_EQ(run->tdx.get_quote.ret, TDVMCALL_UNSUPPORTED);
		run->tdx.get_quote.ret = status[i];
		expect_status(vcpu, &calls[i], status[i]);
	}
	expect_status(vcpu, &calls[i], TDVMCALL_INVALID);
	coco_tg_done(vcpu);
}

/* A vector that user space may use, to tell that a quote is there */
TEST_F_TIMEOUT(vmcall, setup_notify, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_SETUP_NOTIFY, .r12 = 32),
		CALL(TDVMCALL_SETUP_NOTIFY, .r12 = 255),
		/* An exception, and none */
		CALL(TDVMCALL_SETUP_NOTIFY, .r12 = 31),
		CALL(TDVMCALL_SETUP_NOTIFY, .r12 = 256),
		CALL(TDVMCALL_SETUP_NOTIFY, .r12 = 1ul << 32 | 32),
	};
	static const uint64_t status[] = { TDVMCALL_UNSUPPORTED, 0 };
	struct kvm_vcpu *vcpu = self->td.vcpu;
	struct kvm_run *run = vcpu->run;
	int i;

	start(&self->td, calls, ARRAY_SIZE(calls));
	for (i = 0; i < ARRAY_SIZE(status); i++) {
		expect_tdx_exit(vcpu, TDVMCALL_SETUP_NOTIFY);
		TEST_ASSERT_EQ(run->tdx.setup_event_notify.vector, calls[i].r12);
		TEST_ASSERT_EQ(run->tdx.setup_event_notify.ret, TDVMCALL_UNSUPPORTED);
		run->tdx.setup_event_notify.ret = status[i];
		expect_status(vcpu, &calls[i], status[i]);
	}
	for (; i < ARRAY_SIZE(calls); i++)
		expect_status(vcpu, &calls[i], TDVMCALL_INVALID);
	coco_tg_done(vcpu);
}

/* What there is, but not in KVM, and what there is not */
TEST_F_TIMEOUT(vmcall, unknown, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_WBINVD, .r12 = 12, .r13 = 13, .r14 = 14, .r15 = 15),
		CALL(TDVMCALL_PCONFIG),
		CALL(TDVMCALL_SERVICE),
		CALL(TDVMCALL_SERVICE + 1),
		CALL(0),
		CALL(1ul << 32 | TDVMCALL_CPUID),
		CALL(1ul << 32 | TDVMCALL_GET_INFO),
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;
	int i;

	start(&self->td, calls, ARRAY_SIZE(calls));
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		expect_status(vcpu, &calls[i], TDVMCALL_UNSUPPORTED);
	coco_tg_done(vcpu);
}

static void expect_hypercall(struct kvm_vcpu *vcpu, uint64_t gpa, uint64_t nr_pages,
			     uint64_t flags)
{
	struct kvm_run *run = vcpu->run;

	expect_exit(vcpu, KVM_EXIT_HYPERCALL);
	TEST_ASSERT(run->hypercall.nr == KVM_HC_MAP_GPA_RANGE && run->hypercall.args[0] == gpa &&
		    run->hypercall.args[1] == nr_pages && run->hypercall.args[2] == flags &&
		    run->hypercall.flags == KVM_EXIT_HYPERCALL_LONG_MODE && !run->hypercall.ret,
		    "Hypercall %llu: %llx, %llx, %llx, flags %llx, %llx", run->hypercall.nr,
		    run->hypercall.args[0], run->hypercall.args[1], run->hypercall.args[2],
		    run->hypercall.flags, run->hypercall.ret);
}

/* With R10 it is a hypercall of KVM, whose arguments are in the registers behind that. */
TEST_F_TIMEOUT(vmcall, hypercall, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		{ .rcx = TDVMCALL_MASK, .r10 = KVM_HC_VAPIC_POLL_IRQ, .r11 = TDVMCALL_CPUID },
		{ .rcx = TDVMCALL_MASK, .r10 = 0x1234, .r11 = TDVMCALL_GET_INFO, .r14 = 14 },
		{
			.rcx = TDVMCALL_MASK, .r10 = KVM_HC_MAP_GPA_RANGE, .r11 = COCO_TD_GPA + 1,
			.r12 = 3,
		},
		{
			.rcx = TDVMCALL_MASK, .r10 = KVM_HC_MAP_GPA_RANGE, .r11 = COCO_TD_GPA,
			.r12 = 3, .r13 = KVM_MAP_GPA_RANGE_ENCRYPTED,
		},
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;

	vm_enable_cap(self->td.vm, KVM_CAP_EXIT_HYPERCALL, BIT_ULL(KVM_HC_MAP_GPA_RANGE));
	start(&self->td, calls, ARRAY_SIZE(calls));
	expect_status(vcpu, &calls[0], 0);
	expect_status(vcpu, &calls[1], -KVM_ENOSYS);
	expect_status(vcpu, &calls[2], -KVM_EINVAL);
	expect_hypercall(vcpu, COCO_TD_GPA, 3, KVM_MAP_GPA_RANGE_ENCRYPTED);
	vcpu->run->hypercall.ret = 0x55;
	expect_status(vcpu, &calls[3], 0x55);
	coco_tg_done(vcpu);
}

static void *io_data(struct kvm_vcpu *vcpu, uint8_t direction, uint8_t size)
{
	struct kvm_run *run = vcpu->run;

	expect_exit(vcpu, KVM_EXIT_IO);
	TEST_ASSERT(run->io.direction == direction && run->io.size == size &&
		    run->io.port == TEST_PORT && run->io.count == 1,
		    "Port %x, direction %u, %u times %u bytes", run->io.port, run->io.direction,
		    run->io.count, run->io.size);
	return (void *)run + run->io.data_offset;
}

/* Of as many bytes as there are, and no others */
TEST_F_TIMEOUT(vmcall, io_size, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_IO, .r12 = 1, .r13 = 1, .r14 = TEST_PORT, .r15 = 0x12345678),
		CALL(TDVMCALL_IO, .r12 = 2, .r13 = 1, .r14 = TEST_PORT, .r15 = 0x12345678),
		CALL(TDVMCALL_IO, .r12 = 1, .r13 = 0, .r14 = TEST_PORT),
		CALL(TDVMCALL_IO, .r12 = 2, .r13 = 0, .r14 = TEST_PORT),
		/* Not a size, not a direction */
		CALL(TDVMCALL_IO, .r12 = 0, .r13 = 0, .r14 = TEST_PORT),
		CALL(TDVMCALL_IO, .r12 = 3, .r13 = 0, .r14 = TEST_PORT),
		CALL(TDVMCALL_IO, .r12 = 8, .r13 = 1, .r14 = TEST_PORT),
		CALL(TDVMCALL_IO, .r12 = 1ul << 32 | 4, .r13 = 1, .r14 = TEST_PORT),
		CALL(TDVMCALL_IO, .r12 = 4, .r13 = 2, .r14 = TEST_PORT),
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;
	int i;

	start(&self->td, calls, ARRAY_SIZE(calls));
	TEST_ASSERT_EQ(*(uint8_t *)io_data(vcpu, KVM_EXIT_IO_OUT, 1), 0x78);
	expect_status(vcpu, &calls[0], 0);
	TEST_ASSERT_EQ(*(uint16_t *)io_data(vcpu, KVM_EXIT_IO_OUT, 2), 0x5678);
	expect_status(vcpu, &calls[1], 0);
	*(uint32_t *)io_data(vcpu, KVM_EXIT_IO_IN, 1) = 0xaabbccdd;
	expect_value(vcpu, &calls[2], 0, 0xdd);
	*(uint32_t *)io_data(vcpu, KVM_EXIT_IO_IN, 2) = 0xaabbccdd;
	expect_value(vcpu, &calls[3], 0, 0xccdd);
	for (i = 4; i < ARRAY_SIZE(calls); i++)
		expect_status(vcpu, &calls[i], TDVMCALL_INVALID);
	coco_tg_done(vcpu);
}

static int add_eventfd(struct coco_td *td, uint64_t gpa, uint32_t len, uint64_t match)
{
	struct kvm_ioeventfd event = {
		.addr = gpa,
		.len = len,
		.fd = eventfd(0, EFD_NONBLOCK),
		.datamatch = match,
		.flags = len ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0,
	};

	TEST_ASSERT(event.fd >= 0, "eventfd(), errno %d", errno);
	vm_ioctl(td->vm, KVM_IOEVENTFD, &event);
	return event.fd;
}

static void expect_event(int fd)
{
	uint64_t count;

	TEST_ASSERT(read(fd, &count, sizeof(count)) == sizeof(count) && count == 1,
		    "Not one event");
	close(fd);
}

/* Devices of KVM, which user space does not get to know of; and what no device can be */
TEST_F_TIMEOUT(vmcall, mmio, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_MMIO, .r12 = 4, .r13 = 1, .r14 = SHARED(MMIO_GPA), .r15 = 5),
		CALL(TDVMCALL_MMIO, .r12 = 2, .r13 = 1, .r14 = SHARED(MMIO_GPA + 8), .r15 = 5),
		/* User space's: another value, and a byte to read */
		CALL(TDVMCALL_MMIO, .r12 = 4, .r13 = 1, .r14 = SHARED(MMIO_GPA), .r15 = 6),
		CALL(TDVMCALL_MMIO, .r12 = 1, .r13 = 0, .r14 = SHARED(MMIO_GPA)),
		/* Not a size, not a direction, and private, with its last byte as well */
		CALL(TDVMCALL_MMIO, .r12 = 3, .r13 = 0, .r14 = SHARED(MMIO_GPA)),
		CALL(TDVMCALL_MMIO, .r12 = 16, .r13 = 0, .r14 = SHARED(MMIO_GPA)),
		CALL(TDVMCALL_MMIO, .r12 = 4, .r13 = 2, .r14 = SHARED(MMIO_GPA)),
		CALL(TDVMCALL_MMIO, .r12 = 4, .r13 = 0, .r14 = MMIO_GPA),
		CALL(TDVMCALL_MMIO, .r12 = 2, .r13 = 1, .r14 = 2 * COCO_TG_SHARED_BIT - 1),
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;
	struct kvm_run *run = vcpu->run;
	int i, matched, fast;

	matched = add_eventfd(&self->td, MMIO_GPA, 4, 5);
	fast = add_eventfd(&self->td, MMIO_GPA + 8, 0, 0);
	start(&self->td, calls, ARRAY_SIZE(calls));
	expect_status(vcpu, &calls[0], 0);
	expect_event(matched);
	expect_status(vcpu, &calls[1], 0);
	expect_event(fast);

	expect_exit(vcpu, KVM_EXIT_MMIO);
	TEST_ASSERT(run->mmio.is_write && run->mmio.phys_addr == MMIO_GPA && run->mmio.len == 4 &&
		    *(uint32_t *)run->mmio.data == 6, "MMIO at %llx, %u bytes",
		    run->mmio.phys_addr, run->mmio.len);
	expect_status(vcpu, &calls[2], 0);
	expect_exit(vcpu, KVM_EXIT_MMIO);
	TEST_ASSERT(!run->mmio.is_write && run->mmio.len == 1, "%u bytes", run->mmio.len);
	*(uint32_t *)run->mmio.data = 0xaabbccdd;
	expect_value(vcpu, &calls[3], 0, 0xdd);

	for (i = 4; i < ARRAY_SIZE(calls); i++)
		expect_status(vcpu, &calls[i], TDVMCALL_INVALID);
	coco_tg_done(vcpu);
}

/* Not without a user space that converts memory */
TEST_F_TIMEOUT(vmcall, map_gpa_unsupported, TIMEOUT)
{
	const struct coco_tg_regs call =
		CALL(TDVMCALL_MAP_GPA, .r12 = SHARED(COCO_TD_GPA), .r13 = PAGE_SIZE);

	start(&self->td, &call, 1);
	expect_value(self->td.vcpu, &call, TDVMCALL_UNSUPPORTED, call.r12);
	coco_tg_done(self->td.vcpu);
}

/* R11 is where it has come to. */
TEST_F_TIMEOUT(vmcall, map_gpa_refused, TIMEOUT)
{
	static const struct coco_tg_regs invalid[] = {
		/* Nothing, and around the end; beyond the TD; half of it private */
		CALL(TDVMCALL_MAP_GPA, .r12 = SHARED(COCO_TD_GPA), .r13 = 0),
		CALL(TDVMCALL_MAP_GPA, .r12 = SHARED(COCO_TD_GPA), .r13 = -PAGE_SIZE),
		CALL(TDVMCALL_MAP_GPA, .r12 = 2 * COCO_TG_SHARED_BIT, .r13 = PAGE_SIZE),
		CALL(TDVMCALL_MAP_GPA, .r12 = 2 * COCO_TG_SHARED_BIT - PAGE_SIZE,
		     .r13 = 2 * PAGE_SIZE),
		CALL(TDVMCALL_MAP_GPA, .r12 = COCO_TG_SHARED_BIT - PAGE_SIZE,
		     .r13 = 2 * PAGE_SIZE),
	};
	static const struct coco_tg_regs unaligned[] = {
		CALL(TDVMCALL_MAP_GPA, .r12 = SHARED(COCO_TD_GPA) + 1, .r13 = PAGE_SIZE),
		CALL(TDVMCALL_MAP_GPA, .r12 = SHARED(COCO_TD_GPA), .r13 = PAGE_SIZE + 1),
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;
	int i;

	vm_enable_cap(self->td.vm, KVM_CAP_EXIT_HYPERCALL, BIT_ULL(KVM_HC_MAP_GPA_RANGE));
	start_two(&self->td, invalid, ARRAY_SIZE(invalid), unaligned, ARRAY_SIZE(unaligned));
	for (i = 0; i < ARRAY_SIZE(invalid); i++)
		expect_value(vcpu, &invalid[i], TDVMCALL_INVALID, invalid[i].r12);
	for (i = 0; i < ARRAY_SIZE(unaligned); i++)
		expect_value(vcpu, &unaligned[i], TDVMCALL_ALIGN_ERROR, unaligned[i].r12);
	coco_tg_done(vcpu);
}

/* User space gets it in steps, and can stop at each. */
TEST_F_TIMEOUT(vmcall, map_gpa_steps, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_MAP_GPA, .r12 = SHARED(COCO_TD_GPA), .r13 = 2 * STEP + PAGE_SIZE),
		CALL(TDVMCALL_MAP_GPA, .r12 = COCO_TD_GPA, .r13 = 2 * STEP + PAGE_SIZE),
		CALL(TDVMCALL_MAP_GPA, .r12 = COCO_TD_GPA, .r13 = PAGE_SIZE),
	};
	const uint64_t private = KVM_MAP_GPA_RANGE_ENCRYPTED;
	struct kvm_vcpu *vcpu = self->td.vcpu;
	uint64_t status;

	vm_enable_cap(self->td.vm, KVM_CAP_EXIT_HYPERCALL, BIT_ULL(KVM_HC_MAP_GPA_RANGE));
	start(&self->td, calls, ARRAY_SIZE(calls));
	expect_hypercall(vcpu, COCO_TD_GPA, STEP / PAGE_SIZE, 0);
	expect_hypercall(vcpu, COCO_TD_GPA + STEP, STEP / PAGE_SIZE, 0);
	expect_hypercall(vcpu, COCO_TD_GPA + 2 * STEP, 1, 0);
	expect_status(vcpu, &calls[0], 0);

	expect_hypercall(vcpu, COCO_TD_GPA, STEP / PAGE_SIZE, private);
	expect_hypercall(vcpu, COCO_TD_GPA + STEP, STEP / PAGE_SIZE, private);
	vcpu->run->hypercall.ret = EINVAL;
	expect_value(vcpu, &calls[1], TDVMCALL_INVALID, COCO_TD_GPA + STEP);

	/* To try again: KVM of Linux 6.19 has one answer for all errors. */
	expect_hypercall(vcpu, COCO_TD_GPA, 1, private);
	vcpu->run->hypercall.ret = EAGAIN;
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), 0);
	status = coco_tg_value64(vcpu);
	TEST_ASSERT(status == TDVMCALL_RETRY || status == TDVMCALL_INVALID, "R10 is %lx", status);
	TEST_ASSERT_EQ(coco_tg_value64(vcpu), COCO_TD_GPA);
}

/* An interrupt does not wait for all steps: the TD is to come back for the others. */
TEST_F_TIMEOUT(vmcall, map_gpa_interrupted, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_WRMSR, .r12 = MSR_SPURIOUS, .r13 = 0x1ff),
		CALL(TDVMCALL_MAP_GPA, .r12 = SHARED(COCO_TD_GPA), .r13 = 2 * STEP),
		CALL(TDVMCALL_MAP_GPA, .r12 = SHARED(COCO_TD_GPA + STEP), .r13 = STEP),
	};
	struct kvm_vcpu *vcpu = self->td.vcpu;

	vm_enable_cap(self->td.vm, KVM_CAP_EXIT_HYPERCALL, BIT_ULL(KVM_HC_MAP_GPA_RANGE));
	start(&self->td, calls, ARRAY_SIZE(calls));
	expect_status(vcpu, &calls[0], 0);
	expect_hypercall(vcpu, COCO_TD_GPA, STEP / PAGE_SIZE, 0);
	coco_tg_send_interrupt(&self->td);
	expect_value(vcpu, &calls[1], TDVMCALL_RETRY, SHARED(COCO_TD_GPA + STEP));
	expect_hypercall(vcpu, COCO_TD_GPA + STEP, STEP / PAGE_SIZE, 0);
	expect_status(vcpu, &calls[2], 0);
	coco_tg_done(vcpu);
}

static void ignore(int sig)
{
}

/* A TD that waits with interrupts off is not for interrupts, but for an NMI. */
TEST_F_TIMEOUT(vmcall, halt_blocked, TIMEOUT)
{
	static const struct coco_tg_regs calls[] = {
		CALL(TDVMCALL_WRMSR, .r12 = MSR_SPURIOUS, .r13 = 0x1ff),
		CALL(TDVMCALL_HLT, .r12 = 1),
	};
	struct itimerval timer = { { .tv_usec = 200000 }, { .tv_usec = 200000 } };
	struct sigaction action = { .sa_handler = ignore };
	struct kvm_vcpu *vcpu = self->td.vcpu;
	struct kvm_mp_state state;
	int ret;

	start(&self->td, calls, ARRAY_SIZE(calls));
	expect_status(vcpu, &calls[0], 0);
	coco_tg_send_interrupt(&self->td);

	/* The first signal may come before KVM_RUN, or before the TD waits. */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	do {
		ret = __vcpu_run(vcpu);
		TEST_ASSERT(ret == -1 && errno == EINTR, "KVM_RUN: %d, errno %d", ret, errno);
		vcpu_mp_state_get(vcpu, &state);
	} while (state.mp_state != KVM_MP_STATE_HALTED);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);

	vcpu_ioctl(vcpu, KVM_NMI, NULL);
	expect_status(vcpu, &calls[1], 0);
	coco_tg_done(vcpu);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
