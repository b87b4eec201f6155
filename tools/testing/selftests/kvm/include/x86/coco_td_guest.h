/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code that runs in a TD on the emulated TDX host, and how the test gets it there.
 *
 * Everything with TD_CODE is copied into the TD as it is: such a function may use its
 * arguments and immediate values, and call others with TD_CODE, but no data of the test,
 * which is what constants for SSE registers would be.
 */
#ifndef SELFTEST_KVM_COCO_TD_GUEST_H
#define SELFTEST_KVM_COCO_TD_GUEST_H

#include <linux/bits.h>
#include <stdint.h>

#include "coco_tdx.h"

#define TD_CODE		__attribute__((section("tdguest"), __noinline__, used,	\
				       target("general-regs-only"),		\
				       optimize("no-tree-loop-distribute-patterns")))

/* Memory of the TD, in pages from COCO_TG_BASE on; addresses are the same as GPAs. */
#define COCO_TG_BASE		0x100000ul
#define COCO_TG_PAGE(n)		(COCO_TG_BASE + (n) * PAGE_SIZE)
#define COCO_TG_TABLES		COCO_TG_PAGE(0)		/* 6 page tables */
#define COCO_TG_IDT		COCO_TG_PAGE(6)		/* one for each vCPU */
#define COCO_TG_STACKS		COCO_TG_PAGE(8)		/* two pages for each vCPU */
#define COCO_TG_ARGS		COCO_TG_PAGE(12)
#define COCO_TG_CODE		COCO_TG_PAGE(16)
#define COCO_TG_NR_CODE		16
#define COCO_TG_NR_PAGES	32
#define COCO_TG_MAX_VCPUS	2

/* All code of the TD, and the page with the reset vector */
extern const char __start_tdguest[], __stop_tdguest[], coco_tg_boot[];

/* Where that page is */
#define COCO_TG_BOOT		0xfffff000ul

/* Where the TD sees the shared page of a GPA: page tables map 1 GiB there. */
#define COCO_TG_SHARED_BIT	BIT_ULL(47)
#define COCO_TG_SHARED(gpa)	((1ul << 39) | (gpa))

/**
 * struct coco_tg_args - what the code of a TD is told
 * @entry:	where each vCPU starts
 * @arg:	whatever the test wants
 */
struct coco_tg_args {
	uint64_t entry[COCO_TG_MAX_VCPUS];
	uint64_t arg[8];
};

/* Host: all that a TD needs to run @entry; then coco_td_finalize(). */
void coco_tg_load(struct coco_td *td, void (*entry)(uint64_t *arg, uint64_t vcpu),
		  const uint64_t *arg, int nr_args);
/* The same, and it is finalized. */
void coco_tg_start(struct coco_td *td, void (*entry)(uint64_t *arg, uint64_t vcpu),
		   const uint64_t *arg, int nr_args);
/* A TD with two pages at COCO_TD_GPA, the first of which is added. */
void coco_tg_create(struct coco_td *td, const void *page);
/* KVM_RUN, which has to return 0; and until the TD has put something, or is done. */
void coco_tg_run(struct kvm_vcpu *vcpu);
uint32_t coco_tg_value(struct kvm_vcpu *vcpu);
uint64_t coco_tg_value64(struct kvm_vcpu *vcpu);
void coco_tg_done(struct kvm_vcpu *vcpu);
/* COCO_TG_VECTOR, for the first vCPU */
void coco_tg_send_interrupt(struct coco_td *td);

/* Guest: registers of TDCALL, in the order of the assembly. */
struct coco_tg_regs {
	uint64_t rax, rcx, rdx, rbx, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

void coco_tg_tdcall(struct coco_tg_regs *regs);

#define TDG_VP_VMCALL		0
#define TDG_VP_INFO		1
#define TDG_MR_RTMR_EXTEND	2
#define TDG_VP_VEINFO_GET	3
#define TDG_MR_REPORT		4
#define TDG_MEM_PAGE_ACCEPT	6
#define TDG_VM_RD		7
#define TDG_SYS_RD		11

/* R11 of TDG.VP.VMCALL, Intel TDX Guest-Hypervisor Communication Interface */
#define TDVMCALL_CPUID		10
#define TDVMCALL_HLT		12
#define TDVMCALL_IO		30
#define TDVMCALL_RDMSR		31
#define TDVMCALL_WRMSR		32
#define TDVMCALL_MMIO		48
#define TDVMCALL_WBINVD		54
#define TDVMCALL_PCONFIG	65
#define TDVMCALL_GET_INFO	0x10000
#define TDVMCALL_MAP_GPA	0x10001
#define TDVMCALL_GET_QUOTE	0x10002
#define TDVMCALL_FATAL_ERROR	0x10003
#define TDVMCALL_SETUP_NOTIFY	0x10004
#define TDVMCALL_SERVICE	0x10005

/* And what R10 says after it */
#define TDVMCALL_RETRY		1ul
#define TDVMCALL_INVALID	0x8000000000000000ul
#define TDVMCALL_ALIGN_ERROR	0x8000000000000002ul
#define TDVMCALL_UNSUPPORTED	0x8000000000000003ul

/* R10 to R15 */
#define TDVMCALL_MASK		0xfc00

#define COCO_TG_PORT_VALUE	0xf00
#define COCO_TG_PORT_DONE	0xf01

/* TDVMCALL: returns R10, and R11 in @r11 */
uint64_t coco_tg_vmcall(uint64_t fn, uint64_t r12, uint64_t r13, uint64_t r14, uint64_t r15,
			uint64_t *r11);
void coco_tg_out(uint16_t port, uint32_t val);
uint32_t coco_tg_in(uint16_t port);
void coco_tg_put(uint32_t val);
void coco_tg_put64(uint64_t val);
void coco_tg_exit(void);
/* With interrupts off: waits for one, and takes it. */
void coco_tg_halt(void);
uint64_t coco_tg_accept(uint64_t gpa);
/* For coco_tg_start(): puts 1, and counts at COCO_TD_GPA for ever; or puts 1, then 2. */
void coco_tg_loop(uint64_t *arg, uint64_t vcpu);
void coco_tg_two_values(uint64_t *arg, uint64_t vcpu);
/* A number for what a page has, and the same in the host */
uint64_t coco_tg_page_sum(const volatile uint64_t *page);
uint64_t coco_td_page_sum(const void *page);
/*
 * Vectors 2 (NMI), 20 (#VE) and COCO_TG_VECTOR have handlers that count and remember, and
 * so have #DB, #BP, #UD, #GP and #PF, which share one.
 */
#define COCO_TG_VECTOR		0x55
void coco_tg_set_handlers(uint64_t idt);

/* At the end of the page of the IDT */
struct coco_tg_seen {
	uint64_t nr_ve;
	uint64_t nr_interrupts;
	uint64_t nr_nmis;
	uint64_t ve_reason;
	uint64_t ve_qual;
	uint64_t ve_gpa;
	uint64_t ve_len;
	uint64_t ve_status;
	/* Before it asks for it, a #VE puts the number of NMIs twice. */
	uint64_t put_in_ve;
	uint64_t nr_exceptions;
	uint64_t vector;
	uint64_t error;
	uint64_t cr2;
	/* Where the next exception returns to, if not to where it has come from */
	uint64_t resume;
};

/* A macro: the TD has only functions with TD_CODE. */
#define coco_tg_seen(idt)							\
	((volatile struct coco_tg_seen *)((idt) + PAGE_SIZE - sizeof(struct coco_tg_seen)))

#endif /* SELFTEST_KVM_COCO_TD_GUEST_H */
