// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated SEV-SNP host: what a guest has as its memory, AMD64 Architecture
 * Programmer's Manual, volume 2, "Secure Nested Paging".
 *
 * SEV and SEV-ES guests run on KVM's nested page table, with and without the C-bit.
 * SNP guests have one of their own, of 4 KiB pages, which is filled from KVM's and
 * from the RMP as they fault. In it the halves without and with the C-bit lead to
 * the memory that the guest shares and to copies of its private memory.
 *
 * Instruction fetches and accesses to the guest's page tables are private without
 * the C-bit, "Encrypted and Shared Memory": so its data accesses to the same pages
 * find the private memory as well, where hardware has them find the ciphertext.
 */
#include <linux/kvm_host.h>
#include <linux/processor.h>

#include "../guest/npt.h"
#include "run.h"

/* Bits that CPUID has as reserved in a nested page table: KVM's mark of MMIO */
#define NPT_RSVD	GENMASK_ULL(51, SNP_EMUL_C_BIT + 1)

#define PFERR_ACCESS	(PFERR_WRITE_MASK | PFERR_USER_MASK | PFERR_FETCH_MASK | \
			 PFERR_GUEST_FINAL_MASK | PFERR_GUEST_PAGE_MASK)

/* What a guest physical address leads to */
struct target {
	void	*page;
	u64	entry;		/* for a nested page table */
};

/**
 * snp_emul_run_lock() - take coco_emul_lock on the way into a guest and out of it
 *
 * Those who do are in no queue: next in it may be a CPU that the machine around this one
 * has no time for, and all others would wait until it has.
 */
void snp_emul_run_lock(void)
	__acquires(&coco_emul_lock)
{
	lockdep_assert_irqs_disabled();
	might_lock(&coco_emul_lock);
	while (!raw_spin_trylock(&coco_emul_lock))
		cpu_relax();
}

static bool is_private(const struct snp_run *run, u64 gpa, u64 error)
{
	/* "without paging all accesses are private" */
	return gpa & SNP_C_BIT || error & (PFERR_GUEST_PAGE_MASK | PFERR_FETCH_MASK) ||
	       !(run->space.save->cr0 & X86_CR0_PG);
}

static bool nested_fault(struct snp_run *run, u64 gpa, u64 error)
{
	run->pending = (struct snp_exit) {
		.code	= SVM_EXIT_NPF,
		.info_1	= error,
		.info_2	= gpa,
	};
	return false;
}

static bool vc_fault(struct snp_run *run, u64 code)
{
	run->pending = (struct snp_exit) {
		.code	= code,
		.vc	= true,
	};
	return false;
}

/* There is nothing wrong, but it has to be tried again. An interrupt is always possible. */
static bool try_again(struct snp_run *run)
{
	run->pending = (struct snp_exit) {
		.code	= SVM_EXIT_INTR,
	};
	return false;
}

/* What the CPU does in KVM's table when the guest accesses a page */
static void set_accessed(u64 *entry, u64 old, bool write)
{
	u64 new = old | NPT_A | (write ? NPT_D : 0);

	/* KVM may be about to remove it. */
	if (new != old)
		cmpxchg64(entry, old, new);
}

/* Where a page of 4 KiB is, in an entry of KVM's table */
static u64 entry_pa(u64 entry, u64 gpa, int level)
{
	u64 mask = (PAGE_SIZE << 9 * (level - 1)) - 1;

	return (entry & NPT_ADDR & ~mask) | (gpa & mask & PAGE_MASK);
}

/*
 * KVM's translation of @gpa. @error is that of a fault, without what is wrong. A
 * nested page fault is pending if there is none.
 */
static bool translate(struct snp_run *run, u64 gpa, u64 error, u64 *pa, u64 *prot, int *level)
{
	u64 *e = coco_emul_npt_find(run->kvm->control.nested_cr3, gpa, level), entry;

	entry = e ? READ_ONCE(*e) : 0;
	if (!(entry & NPT_P))
		return nested_fault(run, gpa, error);
	if (entry & NPT_RSVD)
		return vc_fault(run, SVM_EXIT_NPF);
	if ((error & PFERR_WRITE_MASK && !(entry & NPT_W)) ||
	    (error & PFERR_FETCH_MASK && entry & NPT_NX))
		return nested_fault(run, gpa, error | PFERR_PRESENT_MASK);

	set_accessed(e, entry, error & PFERR_WRITE_MASK);
	*pa = entry_pa(entry, gpa, *level);
	*prot = entry & (NPT_W | NPT_NX);
	return true;
}

/* Has the RMP got the page for this guest at this address, be it validated or not? */
static bool is_assigned_here(const struct snp_run *run, const struct rmp_page *page, u64 gpa)
{
	return page && page->asid == run->asid && page->gpa == gpa &&
	       (page->state == RMP_GUEST_INVALID || page->state == RMP_GUEST_VALID);
}

/*
 * "RMP and VMPL Access Checks". On success the page is the guest's, be it validated
 * or not. @sizem is PFERR_GUEST_SIZEM_MASK for PVALIDATE and RMPADJUST, of 4 KiB, and is
 * in the error code if the entry of the RMP is a larger one.
 */
static struct rmp_page *guest_page(struct snp_run *run, u64 gpa, u64 error, u64 sizem, u64 *prot)
{
	struct rmp_page *page;
	bool large;
	int level;
	u64 pa;

	error |= PFERR_GUEST_ENC_MASK;
	if (!translate(run, gpa, error, &pa, prot, &level))
		return NULL;

	error |= PFERR_PRESENT_MASK | PFERR_GUEST_RMP_MASK;
	page = snp_emul_rmp_page(pa);
	if (!is_assigned_here(run, page, gpa)) {
		nested_fault(run, gpa, error);
		return NULL;
	}
	large = snp_emul_rmp_is_large(page);
	if (large ? sizem || level == 1 : level > 1) {
		nested_fault(run, gpa, error | (large ? sizem : 0));
		return NULL;
	}

	return page;
}

static bool private_target(struct snp_run *run, u64 gpa, u64 error, struct target *t)
{
	struct rmp_page *page;
	u64 prot;

	page = guest_page(run, gpa, error, 0, &prot);
	if (!page)
		return false;
	if (page->state != RMP_GUEST_VALID)
		return vc_fault(run, EXIT_NOT_VALIDATED);

	t->page = snp_emul_plain(page, run->key);
	if (!t->page)
		return try_again(run);

	t->entry = __pa(t->page) | NPT_P | NPT_U | NPT_A | NPT_D | prot;
	return true;
}

static bool shared_target(struct snp_run *run, u64 gpa, u64 error, struct target *t)
{
	struct rmp_page *page;
	u64 pa, prot;
	int level;

	if (!translate(run, gpa, error, &pa, &prot, &level))
		return false;

	/* A page of somebody else is ciphertext, and cannot be written. */
	page = snp_emul_rmp_page(pa);
	if (!page || page->state != RMP_HYPERVISOR) {
		if (!page || error & PFERR_WRITE_MASK)
			return nested_fault(run, gpa, error | PFERR_PRESENT_MASK |
						      PFERR_GUEST_RMP_MASK);
		prot &= ~NPT_W;
	}

	/* Not writable before the first write, which sets KVM's dirty bit. */
	if (!(error & PFERR_WRITE_MASK))
		prot &= ~NPT_W;

	t->page = __va(pa);
	t->entry = pa | NPT_P | NPT_U | NPT_A | NPT_D | NPT_NX | prot;
	return true;
}

/**
 * snp_emul_kvm_page() - a page of a guest without SNP
 * @root:	KVM's nested page table
 * @gpa:	guest physical address without the C-bit
 *
 * Return: NULL if KVM does not have it mapped.
 */
void *snp_emul_kvm_page(u64 root, u64 gpa)
{
	u64 *e, entry;
	int level;

	e = coco_emul_npt_find(root, gpa, &level);
	entry = e ? READ_ONCE(*e) : 0;
	if (!(entry & NPT_P) || entry & NPT_RSVD)
		return NULL;

	return coco_emul_ram(entry_pa(entry, gpa, level), PAGE_SIZE);
}

static u64 access_error(enum coco_emul_access access)
{
	switch (access) {
	case ACCESS_WRITE:
		return PFERR_WRITE_MASK | PFERR_GUEST_FINAL_MASK;
	case ACCESS_FETCH:
		return PFERR_FETCH_MASK | PFERR_GUEST_FINAL_MASK;
	case ACCESS_WALK:
		return PFERR_WRITE_MASK | PFERR_GUEST_PAGE_MASK;
	default:
		return PFERR_GUEST_FINAL_MASK;
	}
}

/* "RMP and VMPL Access Checks" of guests without SNP: who writes needs the hypervisor's. */
static void *sev_es_page(struct snp_run *run, u64 gpa, u64 error)
{
	u64 prot, pa;
	void *page;
	int level;

	if (!translate(run, gpa, error, &pa, &prot, &level))
		return NULL;

	page = coco_emul_ram(pa, PAGE_SIZE);
	if (!page || (error & PFERR_WRITE_MASK && snp_emul_rmp_owns(pa))) {
		nested_fault(run, gpa, error | PFERR_PRESENT_MASK | PFERR_GUEST_RMP_MASK);
		return NULL;
	}

	return page;
}

/**
 * snp_emul_run_page() - coco_emul_space.page of SEV-ES and SNP guests
 * @space:	of a struct snp_run
 * @gpa:	guest physical address, with the C-bit
 * @access:	what for
 *
 * Return: NULL if an exit is pending instead.
 */
void *snp_emul_run_page(struct coco_emul_space *space, u64 gpa, enum coco_emul_access access)
{
	struct snp_run *run = container_of(space, struct snp_run, space);
	u64 error = access_error(access);
	struct target t;

	lockdep_assert_held(&coco_emul_lock);

	if (!run->snp)
		return sev_es_page(run, gpa & ~SNP_C_BIT, error);

	if (is_private(run, gpa, error))
		return private_target(run, gpa & ~SNP_C_BIT, error, &t) ? t.page : NULL;

	return shared_target(run, gpa, error, &t) ? t.page : NULL;
}

/**
 * snp_emul_run_rmp_page() - the RMP entry behind a private address
 * @run:	an SNP guest
 * @gpa:	guest physical address, with or without the C-bit
 *
 * Return: NULL if an exit is pending instead.
 */
struct rmp_page *snp_emul_run_rmp_page(struct snp_run *run, u64 gpa)
{
	u64 prot;

	return guest_page(run, gpa & PAGE_MASK & ~SNP_C_BIT,
			  PFERR_WRITE_MASK | PFERR_GUEST_FINAL_MASK, PFERR_GUEST_SIZEM_MASK, &prot);
}

/**
 * snp_emul_run_fault() - a nested page fault of an SNP guest
 * @run:	the guest
 *
 * Return: true if the page is mapped now, false if an exit is pending.
 */
bool snp_emul_run_fault(struct snp_run *run)
{
	u64 error = run->vmcb->control.exit_info_1 & PFERR_ACCESS;
	u64 gpa = run->vmcb->control.exit_info_2 & PAGE_MASK;
	u64 address = run->vmcb->control.exit_info_2 & ~SNP_C_BIT;
	struct target t;
	bool ok;

	/* A page table is written to when it is walked. */
	if (error & PFERR_GUEST_PAGE_MASK)
		error |= PFERR_WRITE_MASK;

	if (!is_private(run, gpa, error)) {
		ok = shared_target(run, gpa, error, &t);
	} else {
		ok = private_target(run, gpa & ~SNP_C_BIT, error, &t);
		/* Data that is written without the C-bit is not private. */
		if (ok && error & PFERR_FETCH_MASK && !(gpa & SNP_C_BIT))
			t.entry &= ~NPT_W;
	}

	if (ok)
		coco_emul_npt_map(run->npt, gpa, t.entry);
	else if (run->pending.code == SVM_EXIT_NPF && !run->pending.vc)
		run->pending.info_2 = address;
	return ok;
}

/*
 * What an entry has to be now: less than it was, if it can still be that. The CPU may look
 * up what it wants, but only an access sets KVM's accessed and dirty bits: without them it
 * has to come first.
 */
static u64 look_up_again(void *arg, u64 gpa, u64 entry)
{
	u64 *e, kvm, pa, private = gpa & ~SNP_C_BIT;
	struct snp_run *run = arg;
	struct rmp_page *page;
	int level;

	e = coco_emul_npt_find(run->kvm->control.nested_cr3, private, &level);
	kvm = e ? READ_ONCE(*e) : 0;
	if (!(kvm & NPT_P) || !(kvm & NPT_A) || kvm & NPT_RSVD ||
	    (kvm & NPT_NX && !(entry & NPT_NX)))
		return 0;
	if (!(kvm & NPT_W) || !(kvm & NPT_D))
		entry &= ~NPT_W;

	pa = entry_pa(kvm, private, level);
	page = snp_emul_rmp_page(pa);
	if (!page)
		return 0;

	/*
	 * Without the C-bit: what has been fetched from, or walked as a page table, is private.
	 * If NX says something else of such a page, its address is another, and it goes.
	 */
	if (!is_private(run, gpa, 0) && entry & NPT_NX) {
		if (page->state != RMP_HYPERVISOR)
			entry &= ~NPT_W;
		return (entry & NPT_ADDR) == pa ? entry : 0;
	}

	if (!is_assigned_here(run, page, private) || page->state != RMP_GUEST_VALID ||
	    !page->plain)
		return 0;
	if (snp_emul_rmp_is_large(page) ? level == 1 : level > 1)
		return 0;

	return (entry & NPT_ADDR) == __pa(page->plain) ? entry : 0;
}

/**
 * snp_emul_run_flush() - the TLB of an SNP guest is to be empty
 * @run:	the guest
 */
void snp_emul_run_flush(struct snp_run *run)
{
	lockdep_assert_held(&coco_emul_lock);

	coco_emul_npt_refresh(run->npt, look_up_again, run);
}
