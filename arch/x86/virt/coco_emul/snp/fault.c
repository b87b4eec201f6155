// SPDX-License-Identifier: GPL-2.0-only
/*
 * RMP faults of the host on the emulated SEV-SNP host.
 *
 * A write of the host to a page that is assigned in the RMP is a page fault with
 * bit 31 set in the error code (AMD64 Architecture Programmer's Manual, volume 2,
 * "RMP and VMPL Access Checks", "#PF - Page-Fault Exception"). Three parts stand
 * in for the check in hardware:
 *
 *   - What maps the page in the direct map is made read-only as long as the
 *     page is assigned. If that is a large page, all of it is read-only as long
 *     as any page there is assigned: hardware faults as well, which is why the
 *     kernel splits the mapping first.
 *   - The page fault then comes without the bit. The IDT gate leads to fault_entry.S,
 *     which adds it if the address is in fault_map and goes on as ever.
 *   - The firmware, which no RMP keeps out, writes with CR0.WP clear.
 *
 * No CPU may have a writable translation left when RMPUPDATE is over: on
 * hardware the instruction sees to that itself. It is emulated with interrupts
 * off and under a raw spinlock, where nobody can wait for another CPU. So the
 * page table is changed there, and the TLBs are flushed when the lock is
 * dropped, before the instruction is stepped over: whoever executed it had
 * interrupts on, and so can the exception handler. All that comes too early for
 * that is a panic, when no other CPU runs any more. A write of another CPU in
 * between comes before the instruction, but after its checksum: it is counted.
 *
 * In the other direction there is no flush: a translation that is read-only still
 * makes a fault without the bit, for which the kernel looks at the page table and
 * tries again (spurious_kernel_fault()); QEMU looks there before it faults.
 *
 * Not write-protected is every other mapping: those of user space, vmap(), and
 * what the CPU itself writes, accessed and dirty bits in page tables above all.
 *
 * debugfs, directory coco_emul:
 *   faults	write "N": pages that are assigned from now on are not write-
 *		protected, so that a kernel that writes to them lives on to be
 *		looked at. "Y", the default: they are.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/bitmap.h>
#include <linux/debugfs.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/set_memory.h>
#include <linux/slab.h>

#include <asm/desc.h>
#include <asm/idtentry.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <asm/special_insns.h>
#include <asm/tlbflush.h>
#include <asm/trapnr.h>

#include "snp.h"

/* Of fault_entry.S: a bit for each page of the direct map that is read-only. */
unsigned long *snp_emul_fault_map __ro_after_init;
unsigned long snp_emul_fault_base __ro_after_init;
unsigned long snp_emul_fault_nr __ro_after_init;

/* How many pages of each 2 MiB are assigned */
static u16 *nr_assigned;

static bool faults = true;

/* What this CPU has made read-only and not yet flushed; empty if end is 0. */
static DEFINE_PER_CPU(struct snp_emul_range, unflushed);

static void unflushed_add(unsigned long start, unsigned long end)
{
	struct snp_emul_range *range = this_cpu_ptr(&unflushed);

	range->start = range->end ? min(range->start, start) : start;
	range->end = max(range->end, end);
}

/* Others may have an eye on the entry, set_memory_*() above all. */
static void set_writable(pte_t *ptep, bool writable)
{
	const pteval_t bits = _PAGE_RW | _PAGE_DIRTY;
	pteval_t old = READ_ONCE(ptep->pte), new;

	do {
		new = writable ? old | bits : old & ~bits;
	} while (!try_cmpxchg(&ptep->pte, &old, new));
}

/**
 * snp_emul_fault_assigned() - a page was assigned, or no longer is
 * @pfn:	the page
 * @assigned:	which of the two
 */
void snp_emul_fault_assigned(u64 pfn, bool assigned)
{
	u16 *nr = &nr_assigned[pfn / PTRS_PER_PMD];
	unsigned long start, nr_pages = 1;
	unsigned int level;
	bool writable;
	pte_t *pte;

	lockdep_assert_held(&coco_emul_lock);

	*nr += assigned ? 1 : -1;

	pte = lookup_address((unsigned long)pfn_to_kaddr(pfn), &level);
	if (!pte || pte_none(*pte) || level > PG_LEVEL_2M)
		return;

	writable = !assigned || !READ_ONCE(faults);
	if (level == PG_LEVEL_2M) {
		writable = !*nr || !READ_ONCE(faults);
		pfn = ALIGN_DOWN(pfn, PTRS_PER_PMD);
		nr_pages = PTRS_PER_PMD;
	}
	if (test_bit(pfn, snp_emul_fault_map) != writable)
		return;

	set_writable(pte, writable);
	start = (unsigned long)pfn_to_kaddr(pfn);
	if (writable) {
		bitmap_clear(snp_emul_fault_map, pfn, nr_pages);
	} else {
		bitmap_set(snp_emul_fault_map, pfn, nr_pages);
		unflushed_add(start, start + nr_pages * PAGE_SIZE);
	}
}

/**
 * snp_emul_fault_unflushed() - what has to be flushed before others may rely on it
 *
 * To be called by whoever changed the RMP, before interrupts are enabled again.
 *
 * Return: the range for snp_emul_fault_flush().
 */
struct snp_emul_range snp_emul_fault_unflushed(void)
{
	struct snp_emul_range range = *this_cpu_ptr(&unflushed);

	lockdep_assert_irqs_disabled();

	this_cpu_ptr(&unflushed)->end = 0;
	return range;
}

/**
 * snp_emul_fault_flush() - from now on no CPU writes there
 * @range:	what snp_emul_fault_unflushed() returned
 *
 * Interrupts have to be on, or else only this CPU is flushed.
 */
void snp_emul_fault_flush(struct snp_emul_range range)
{
	unsigned long addr;

	if (!range.end)
		return;

	if (!irqs_disabled() && in_task()) {
		flush_tlb_kernel_range(range.start, range.end);
		return;
	}

	for (addr = range.start; addr < range.end; addr += PAGE_SIZE)
		flush_tlb_one_kernel(addr);
}

/**
 * snp_emul_fault_settle() - an instruction was carried out, the lock is dropped
 * @regs:	registers at the exception
 */
void snp_emul_fault_settle(struct pt_regs *regs)
{
	struct snp_emul_range range = snp_emul_fault_unflushed();

	if (!range.end)
		return;

	if (regs->flags & X86_EFLAGS_IF)
		local_irq_enable();
	snp_emul_fault_flush(range);
	local_irq_disable();
}

/* Not write_cr0(), which insists on CR0.WP. */
static void flip_write_protect(void)
{
	unsigned long cr0 = read_cr0() ^ X86_CR0_WP;

	asm volatile("mov %0, %%cr0" : : "r" (cr0) : "memory");
}

/**
 * snp_emul_fault_off() - what follows on this CPU is not done by the host
 *
 * Until snp_emul_fault_on() interrupts have to be off: nobody else may run.
 */
void snp_emul_fault_off(void)
{
	lockdep_assert_irqs_disabled();

	if (!WARN_ON_ONCE(!(read_cr0() & X86_CR0_WP)))
		flip_write_protect();
}

/**
 * snp_emul_fault_on() - it is the host again
 */
void snp_emul_fault_on(void)
{
	lockdep_assert_irqs_disabled();

	if (!WARN_ON_ONCE(read_cr0() & X86_CR0_WP))
		flip_write_protect();
}

/*
 * The other half of a gate is the upper half of the address, which all of the
 * kernel has in common: one store, and no CPU ever sees anything in between.
 */
static int __init gate_init(void)
{
	struct desc_ptr idt;
	unsigned long flags;
	gate_desc *gate, new;

	store_idt(&idt);
	gate = (gate_desc *)idt.address + X86_TRAP_PF;
	if (gate_offset(gate) != (unsigned long)asm_exc_page_fault)
		return -EBUSY;

	new = *gate;
	new.offset_low = (u16)(unsigned long)snp_emul_exc_page_fault;
	new.offset_middle = (u16)((unsigned long)snp_emul_exc_page_fault >> 16);
	if (gate_offset(&new) != (unsigned long)snp_emul_exc_page_fault)
		return -EINVAL;

	local_irq_save(flags);
	snp_emul_fault_off();
	WRITE_ONCE(*(u64 *)gate, *(u64 *)&new);
	snp_emul_fault_on();
	local_irq_restore(flags);
	return 0;
}

/* Hardware checks 1 GiB mappings as if they were of 2 MiB; a page table cannot. */
static int __init split_1g(void)
{
	unsigned long start = (unsigned long)__va(0), addr;
	unsigned int level;
	pte_t *pte;
	int ret;

	for (addr = start; addr < start + PFN_PHYS(max_pfn); addr += PUD_SIZE) {
		pte = lookup_address(addr, &level);
		if (!pte || pte_none(*pte) || level != PG_LEVEL_1G)
			continue;

		ret = set_memory_4k(addr, 1);
		if (ret)
			return ret;
	}

	return 0;
}

int __init snp_emul_fault_init(struct dentry *debugfs)
{
	int ret;

	if (native_read_cr4() & X86_CR4_CET) {
		pr_err("CR0.WP cannot be cleared with control-flow enforcement\n");
		return -ENODEV;
	}

	snp_emul_fault_map = bitmap_zalloc(ALIGN(max_pfn, PTRS_PER_PMD), GFP_KERNEL);
	nr_assigned = kvcalloc(DIV_ROUND_UP(max_pfn, PTRS_PER_PMD), sizeof(*nr_assigned),
			       GFP_KERNEL);
	if (!snp_emul_fault_map || !nr_assigned)
		return -ENOMEM;

	snp_emul_fault_base = (unsigned long)__va(0);
	snp_emul_fault_nr = max_pfn;

	debugfs_create_bool("faults", 0600, debugfs, &faults);

	ret = split_1g();
	return ret ?: gate_init();
}
