// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of SNP guests in the clear. A page of a guest is scrambled for the host,
 * and stays as it is for as long as the guest has it. What the guest works on is a
 * copy, made when it first touches the page, and thrown away when the page changes
 * hands: nobody can expect more of its contents then.
 *
 * Other CPUs may still have a copy mapped that is thrown away: KVM should have seen
 * to it that they have not, and would find out on hardware. Nobody is to pay for it
 * with his memory: a copy goes back to the pool once all guests that ran at that
 * time have left.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include "../guest/pool.h"
#include "snp.h"

/* All of this is protected by coco_emul_lock. */
static LIST_HEAD(thrown_away);
static u64 nr_thrown_away;

/* The value of nr_thrown_away at the entry to a guest, of a CPU that runs one */
static DEFINE_PER_CPU(u64, in_guest_since);
#define NOT_IN_GUEST	U64_MAX

/**
 * snp_emul_plain() - what the guest has in a page of its own
 * @page:	entry of the page
 * @key:	key of the guest
 *
 * Return: NULL if there is no memory for a copy at the moment.
 */
void *snp_emul_plain(struct rmp_page *page, u64 key)
{
	void *data = snp_emul_rmp_data(page);

	lockdep_assert_held(&coco_emul_lock);

	if (page->plain)
		return page->plain;

	page->plain = coco_emul_page_get();
	if (page->plain)
		coco_emul_scramble(key, __pa(data), page->plain, data, PAGE_SIZE);
	return page->plain;
}

static void put_thrown_away(void)
{
	u64 oldest = NOT_IN_GUEST;
	struct page *page, *next;
	int cpu;

	for_each_possible_cpu(cpu)
		oldest = min(oldest, per_cpu(in_guest_since, cpu));

	list_for_each_entry_safe(page, next, &thrown_away, lru) {
		if (page->private > oldest)
			return;

		list_del(&page->lru);
		page->private = 0;
		coco_emul_page_put(page_address(page));
	}
}

/**
 * snp_emul_plain_drop() - throw away what a guest had in a page
 * @page:	entry of the page
 */
void snp_emul_plain_drop(struct rmp_page *page)
{
	struct page *copy;

	lockdep_assert_held(&coco_emul_lock);

	if (!page->plain)
		return;

	copy = virt_to_page(page->plain);
	copy->private = ++nr_thrown_away;
	list_add_tail(&copy->lru, &thrown_away);
	page->plain = NULL;
	put_thrown_away();
}

/**
 * snp_emul_plain_unmap() - no page may stay mapped as it is beyond the next exit
 */
void snp_emul_plain_unmap(void)
{
	lockdep_assert_held(&coco_emul_lock);

	nr_thrown_away++;
}

/**
 * snp_emul_plain_enter() - this CPU is about to run a guest
 *
 * Return: a number that changes whenever nothing may be in the nested page table that
 *	   is from before.
 */
u64 snp_emul_plain_enter(void)
{
	lockdep_assert_held(&coco_emul_lock);

	this_cpu_write(in_guest_since, nr_thrown_away);
	return nr_thrown_away;
}

/**
 * snp_emul_plain_leave() - it no longer does
 */
void snp_emul_plain_leave(void)
{
	lockdep_assert_held(&coco_emul_lock);

	this_cpu_write(in_guest_since, NOT_IN_GUEST);
	put_thrown_away();
}

void __init snp_emul_plain_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(in_guest_since, cpu) = NOT_IN_GUEST;

	coco_emul_pool_init();
}
