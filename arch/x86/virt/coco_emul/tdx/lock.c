// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: what a leaf has locked while it is carried out, and how
 * it comes that another CPU sees it.
 *
 * The locks of the module do not wait: who comes second gets TDX_OPERAND_BUSY,
 * "Concurrency Restrictions and Enforcement" in the Intel TDX Module Base
 * Architecture Specification. Which leaf locks what, and how, is as in Intel's
 * implementation. As all leaves run under coco_emul_lock, nobody would ever come
 * second: a test has to have a leaf pause.
 *
 * debugfs, directory coco_emul:
 *   pause	write "<leaf> before|inside|after <n> <us>": on its n-th call from
 *		now on the leaf takes that long before it has locked anything,
 *		with everything locked that it locks, or after it has released
 *		it. It is used up then. Write "clear": forget what is pending and
 *		end what is going on. Read: what is pending, in the same form,
 *		with n = 0 for what is going on.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include <asm/tsc.h>

#include "tdx.h"

/* More than a leaf locks, times the CPUs that can be inside at the same time */
#define TDX_MAX_LOCKS	64

#define PAUSE_MAX_US	5000000

/**
 * struct module_lock - a lock that a leaf holds
 * @id:		physical address of the page, with a LOCK_ in the low bits for
 *		what has no page of its own
 * @exclusive:	nobody else may have it
 * @cpu:	the logical processor that the leaf was called on
 */
struct module_lock {
	u64	id;
	bool	exclusive;
	int	cpu;
};

/* The Secure EPT of the TD with this TDR */
#define LOCK_SEPT	1
/* The table of KeyIDs */
#define LOCK_KOT	2
/* The cache write-back of a package, by number in place of an address */
#define LOCK_WBCACHE	3

/* Both are protected by coco_emul_lock. */
static struct module_lock module_locks[TDX_MAX_LOCKS];
static unsigned int nr_module_locks;

/* Like the real ones, these do not know who holds them: a leaf can be in its own way. */
static u64 lock(u64 id, enum tdx_lock_mode mode, enum tdx_operand operand)
{
	unsigned int i;

	lockdep_assert_held(&coco_emul_lock);

	for (i = 0; i < nr_module_locks; i++) {
		if (module_locks[i].id == id &&
		    (module_locks[i].exclusive || mode == TDX_EXCLUSIVE))
			return TDX_OPERAND_BUSY | operand;
	}
	if (nr_module_locks == TDX_MAX_LOCKS)
		return TDX_OPERAND_BUSY | operand;

	module_locks[nr_module_locks++] = (struct module_lock) {
		.id		= id,
		.exclusive	= mode == TDX_EXCLUSIVE,
		.cpu		= raw_smp_processor_id(),
	};
	return TDX_SUCCESS;
}

/**
 * tdx_emul_lock_page() - lock a page, by its entry in the PAMT
 * @pa:		physical address; that of the TDR stands for the TD
 * @mode:	how
 * @operand:	which operand it is, for the status
 */
u64 tdx_emul_lock_page(u64 pa, enum tdx_lock_mode mode, enum tdx_operand operand)
{
	return lock(pa, mode, operand);
}

/**
 * tdx_emul_lock_sept() - lock the Secure EPT of a TD
 * @tdr:	physical address of the TDR
 * @mode:	how; not at all if the leaf has the TD for itself
 */
u64 tdx_emul_lock_sept(u64 tdr, enum tdx_lock_mode mode)
{
	return mode == TDX_NO_LOCK ? TDX_SUCCESS : lock(tdr | LOCK_SEPT, mode, OPERAND_SEPT_TREE);
}

/**
 * tdx_emul_lock_kot() - lock the table that says which TD has which KeyID
 * @mode:	how
 */
u64 tdx_emul_lock_kot(enum tdx_lock_mode mode)
{
	return lock(LOCK_KOT, mode, OPERAND_KOT);
}

/**
 * tdx_emul_lock_wbcache() - lock the cache write-back of this package
 */
u64 tdx_emul_lock_wbcache(void)
{
	u64 package = topology_logical_package_id(raw_smp_processor_id());

	return lock(package << PAGE_SHIFT | LOCK_WBCACHE, TDX_EXCLUSIVE, OPERAND_WBCACHE);
}

/**
 * tdx_emul_unlock_all() - whatever the leaf that ends on this CPU holds
 */
void tdx_emul_unlock_all(void)
{
	int cpu = raw_smp_processor_id();
	unsigned int i = 0;

	lockdep_assert_held(&coco_emul_lock);

	while (i < nr_module_locks) {
		if (module_locks[i].cpu == cpu)
			module_locks[i] = module_locks[--nr_module_locks];
		else
			i++;
	}
}

static LIST_HEAD(pauses);

static const char *const pause_names[NR_TDX_PAUSES] = {
	[TDX_PAUSE_BEFORE]	= "before",
	[TDX_PAUSE_INSIDE]	= "inside",
	[TDX_PAUSE_AFTER]	= "after",
};

/**
 * tdx_emul_pauses_add() - a leaf that can pause
 * @leaf:	its pauses; at boot only, and for good
 * @name:	its name
 */
void __init tdx_emul_pauses_add(struct tdx_pauses *leaf, const char *name)
{
	leaf->name = name;
	list_add_tail(&leaf->node, &pauses);
}

/**
 * tdx_emul_pause() - take time if a test wants it
 * @leaf:	pauses of the leaf that is carried out
 * @id:		how far it is
 *
 * With interrupts off, as in the module. The other CPUs can use the emulator
 * meanwhile, or the pause would be of no use.
 */
void tdx_emul_pause(struct tdx_pauses *leaf, enum tdx_pause_id id)
{
	struct tdx_pause *p = &leaf->at[id];
	u64 end;

	lockdep_assert_held(&coco_emul_lock);

	/* What an NMI has interrupted may hold any lock but this one. */
	if (!p->in || --p->in || in_nmi())
		return;

	p->going_on++;
	end = rdtsc() + p->us * tsc_khz / 1000;
	raw_spin_unlock(&coco_emul_lock);

	while (rdtsc() < end && READ_ONCE(p->going_on))
		cpu_relax();

	raw_spin_lock(&coco_emul_lock);
	if (p->going_on)
		p->going_on--;
}

static int pause_show(struct seq_file *m, void *v)
{
	struct tdx_pauses *leaf;
	unsigned int i;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	list_for_each_entry(leaf, &pauses, node) {
		for (i = 0; i < NR_TDX_PAUSES; i++) {
			const struct tdx_pause *p = &leaf->at[i];

			if (p->in || p->going_on)
				seq_printf(m, "%s %s %llu %llu\n", leaf->name, pause_names[i],
					   p->in, p->us);
		}
	}

	return 0;
}

static void pause_clear(void)
{
	struct tdx_pauses *leaf;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	list_for_each_entry(leaf, &pauses, node)
		memset(leaf->at, 0, sizeof(leaf->at));
}

static int pause_set(const char *name, const char *where, u64 n, u64 us)
{
	int i = match_string(pause_names, NR_TDX_PAUSES, where);
	struct tdx_pauses *leaf;

	if (i < 0)
		return -EINVAL;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	list_for_each_entry(leaf, &pauses, node) {
		if (strcmp(leaf->name, name))
			continue;

		leaf->at[i].in = n;
		leaf->at[i].us = us;
		return 0;
	}

	return -ENOENT;
}

static ssize_t pause_write(struct file *file, const char __user *ubuf, size_t count,
			   loff_t *ppos)
{
	char *buf __free(kfree) = coco_emul_line(ubuf, count);
	char *str, *name, *where, *n_str, *us_str;
	u64 n, us;
	int ret;

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	str = strim(buf);
	if (!strcmp(str, "clear")) {
		pause_clear();
		return count;
	}

	name = strsep(&str, " ");
	where = strsep(&str, " ");
	n_str = strsep(&str, " ");
	us_str = strsep(&str, " ");
	if (!us_str || str)
		return -EINVAL;

	ret = kstrtou64(n_str, 0, &n);
	if (!ret)
		ret = kstrtou64(us_str, 0, &us);
	if (!ret && (!n || us > PAUSE_MAX_US))
		ret = -EINVAL;
	if (!ret)
		ret = pause_set(name, where, n, us);

	return ret ?: count;
}
DEFINE_SHOW_STORE_ATTRIBUTE(pause);

void __init tdx_emul_lock_init(struct dentry *debugfs)
{
	debugfs_create_file("pause", 0600, debugfs, NULL, &pause_fops);
}
