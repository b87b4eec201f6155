// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages for where none can be allocated: under coco_emul_lock, which is a raw
 * spinlock, and with GIF clear. A work item keeps some in stock.
 */
#include <linux/cleanup.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "../coco_emul.h"
#include "pool.h"

#define POOL_LOW	128
#define POOL_FULL	512
#define POOL_HIGH	1024

/* Protected by coco_emul_lock. */
static LIST_HEAD(pool);
static unsigned int nr_pool;

static void pool_add(struct page *page)
{
	lockdep_assert_held(&coco_emul_lock);

	list_add(&page->lru, &pool);
	nr_pool++;
}

static struct page *pool_take(void)
{
	struct page *page = list_first_entry_or_null(&pool, struct page, lru);

	lockdep_assert_held(&coco_emul_lock);

	if (page) {
		list_del(&page->lru);
		nr_pool--;
	}
	return page;
}

/* A page more than the pool needs, NULL if there is none; its stock in @nr */
static struct page *pool_surplus(unsigned int *nr)
{
	struct page *page;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	page = nr_pool > POOL_HIGH ? pool_take() : NULL;
	*nr = nr_pool;
	return page;
}

static void pool_work_fn(struct work_struct *work)
{
	struct page *page;
	unsigned int nr;

	while ((page = pool_surplus(&nr)))
		__free_page(page);

	for (; nr < POOL_FULL; nr++) {
		page = alloc_page(GFP_KERNEL);
		if (!page)
			return;

		guard(raw_spinlock_irqsave)(&coco_emul_lock);

		pool_add(page);
	}
}

static DECLARE_WORK(pool_work, pool_work_fn);

/* The scheduler must not be called under coco_emul_lock either. */
static void pool_irq_work_fn(struct irq_work *work)
{
	schedule_work(&pool_work);
}

static DEFINE_IRQ_WORK(pool_irq_work, pool_irq_work_fn);

/**
 * coco_emul_page_get() - take a page from the pool
 *
 * Return: the page, with anything in it. NULL if there is none at the moment: the
 *	   caller has to try again once the work item has run.
 */
void *coco_emul_page_get(void)
{
	struct page *page = pool_take();

	if (nr_pool < POOL_LOW)
		irq_work_queue(&pool_irq_work);

	return page ? page_address(page) : NULL;
}

/**
 * coco_emul_page_put() - give it back
 * @addr:	the page
 */
void coco_emul_page_put(void *addr)
{
	pool_add(virt_to_page(addr));
	if (nr_pool > POOL_HIGH)
		irq_work_queue(&pool_irq_work);
}

void __init coco_emul_pool_init(void)
{
	pool_work_fn(&pool_work);
}
