// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test driver for kvm_gmem_populate(): a memory error in a page that somebody
 * else is about to lock.
 *
 * The error's handling has the page locked when it tells guest_memfd; populating
 * and punching a hole lock it with the invalidate lock held.  That these two do
 * not wait for each other is a matter of the order in which they get the page,
 * which is the driver's choice here.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_gmem_populate_test.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "gmem_populate_test.h"

/* For the others to come to the lock, and for the error to be done with */
#define GMEM_ERROR_TIMEOUT_MS	10000

/* Outlives the ioctl if memory_failure() does. */
struct gmem_error {
	struct work_struct work;
	struct completion done;
	refcount_t refs;
	unsigned long pfn;
	int ret;
};

static void gmem_error_put(struct gmem_error *e)
{
	if (refcount_dec_and_test(&e->refs))
		kfree(e);
}

static void gmem_error_work(struct work_struct *work)
{
	struct gmem_error *e = container_of(work, struct gmem_error, work);

	e->ret = memory_failure(e->pfn, MF_SW_SIMULATED);
	complete(&e->done);
	gmem_error_put(e);
}

static struct gmem_error *gmem_error_start(struct folio *folio)
{
	struct gmem_error *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return NULL;

	INIT_WORK(&e->work, gmem_error_work);
	init_completion(&e->done);
	refcount_set(&e->refs, 2);
	e->pfn = folio_pfn(folio);
	queue_work(system_dfl_wq, &e->work);
	return e;
}

static bool gmem_wait_for_waiter(struct folio *folio)
{
	int ms;

	for (ms = 0; ms < GMEM_ERROR_TIMEOUT_MS; ms++) {
		if (folio_test_waiters(folio))
			return true;
		fsleep(1000);
	}
	return false;
}

/* Whoever has it will want the folio next, and gets a while for that. */
static bool gmem_wait_for_lock(struct rw_semaphore *lock)
{
	int ms;

	for (ms = 0; ms < GMEM_ERROR_TIMEOUT_MS; ms++) {
		if (rwsem_is_locked(lock)) {
			msleep(100);
			return true;
		}
		fsleep(1000);
	}
	return false;
}

static int gmem_error_in_folio(struct address_space *mapping, struct folio *folio)
{
	struct gmem_error *e = gmem_error_start(folio);
	bool in_order = e && gmem_wait_for_waiter(folio) &&
			gmem_wait_for_lock(&mapping->invalidate_lock);
	int ret = -ETIMEDOUT;

	folio_unlock(folio);
	folio_put(folio);
	if (!e)
		return -ENOMEM;

	if (wait_for_completion_timeout(&e->done, msecs_to_jiffies(GMEM_ERROR_TIMEOUT_MS)) &&
	    in_order)
		ret = e->ret;
	gmem_error_put(e);
	return ret;
}

static struct file *gmem_file_of_gpa(struct kvm *kvm, gpa_t gpa, pgoff_t *index)
{
	struct kvm_memory_slot *slot;

	guard(mutex)(&kvm->slots_lock);

	slot = gfn_to_memslot(kvm, gpa_to_gfn(gpa));
	if (!kvm_slot_has_gmem(slot) || !slot->gmem.file)
		return NULL;

	*index = gpa_to_gfn(gpa) - slot->base_gfn + slot->gmem.pgoff;
	return get_file(slot->gmem.file);
}

long gmem_test_memory_error(struct kvm *kvm, void *arg)
{
	struct kvm_gmem_test_memory_error *cmd = arg;
	struct file *file;
	struct folio *folio;
	pgoff_t index;

	if (cmd->reserved)
		return -EINVAL;

	file = gmem_file_of_gpa(kvm, cmd->gpa, &index);
	if (!file)
		return -EINVAL;

	folio = filemap_lock_folio(file->f_mapping, index);
	if (!IS_ERR(folio))
		cmd->ret = gmem_error_in_folio(file->f_mapping, folio);

	fput(file);
	return PTR_ERR_OR_ZERO(folio);
}
