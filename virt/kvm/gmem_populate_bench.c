// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark driver of kvm_gmem_populate().
 *
 * Calls kvm_gmem_populate() as the vendor ioctls do, on any VM with private
 * memory, and measures what it costs, how long it holds the invalidate lock
 * and where the time goes.  User space drives it: gmem_populate_bench.c.
 *
 * Compiles for each of the callback types that kvm_gmem_populate() has had, so
 * that the same driver measures kernels before and after.
 */
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <asm/msr.h>

#include "gmem_populate_bench.h"
#include "gmem_populate_types.h"

/* One measurement at a time; protects all static data below. */
static DEFINE_MUTEX(gmem_bench_lock);

/*
 * The clock of the taps stands still while a tap does its work.  What little
 * the counter still sees of a tap, the call and the return, is @overhead.
 */
static struct gmem_bench_taps {
	u64	last;
	u64	overhead;
	u64	clock;
	u64	hold_start;
	u64	hold_start_folio;
	unsigned long hold_start_jiffies;
	enum kvm_gmem_bench_part last_part;
	struct kvm_gmem_bench_populate *cmd;
} gmem_bench_taps;

static void gmem_bench_hold_ends(struct gmem_bench_taps *taps)
{
	struct kvm_gmem_bench_populate *cmd = taps->cmd;
	u64 hold = taps->clock - taps->hold_start;
	u64 folio = cmd->parts[KVM_GMEM_BENCH_FOLIO] - taps->hold_start_folio;

	cmd->holds++;
	cmd->hold_total += hold;
	cmd->hold_max = max(cmd->hold_max, hold);
	if (time_after(jiffies, taps->hold_start_jiffies)) {
		cmd->holds_ticked++;
		return;
	}
	cmd->hold_max_quiet = max(cmd->hold_max_quiet, hold);
	cmd->hold_max_rest = max(cmd->hold_max_rest, hold - folio);
}

static __always_inline void gmem_bench_part_ends(struct gmem_bench_taps *taps, u64 now,
						 enum kvm_gmem_bench_part part)
{
	u64 delta = now - taps->last - taps->overhead;

	/* The hold was over when the lock began to be released, i.e. at the last tap. */
	if (part == KVM_GMEM_BENCH_UNLOCK)
		gmem_bench_hold_ends(taps);

	taps->clock += delta;
	taps->cmd->parts[part] += delta;
	taps->last_part = part;

	if (part == KVM_GMEM_BENCH_LOCK) {
		taps->hold_start = taps->clock;
		taps->hold_start_folio = taps->cmd->parts[KVM_GMEM_BENCH_FOLIO];
		taps->hold_start_jiffies = jiffies;
	}
	taps->last = rdtsc();
}

noinline void gmem_bench_tap(enum kvm_gmem_bench_part part)
{
	gmem_bench_part_ends(&gmem_bench_taps, rdtsc(), part);
}

noinline void gmem_bench_tap_unlock_folio(void)
{
	struct gmem_bench_taps *taps = &gmem_bench_taps;
	u64 now = rdtsc();

	gmem_bench_part_ends(taps, now, taps->last_part == KVM_GMEM_BENCH_CALLBACK ?
					KVM_GMEM_BENCH_FINISH : KVM_GMEM_BENCH_FOLIO);
}

static void gmem_bench_start_taps(struct kvm_gmem_bench_populate *cmd)
{
	struct gmem_bench_taps *taps = &gmem_bench_taps;
	int i;

	memset(taps, 0, sizeof(*taps));
	taps->cmd = cmd;

	/* Two in a row: nothing but overhead in between. */
	for (i = 0; i < 2; i++) {
		cmd->parts[KVM_GMEM_BENCH_OTHER] = 0;
		gmem_bench_tap(KVM_GMEM_BENCH_OTHER);
	}
	taps->overhead = cmd->parts[KVM_GMEM_BENCH_OTHER];
	cmd->parts[KVM_GMEM_BENCH_OTHER] = 0;
	taps->clock = 0;
}

static __always_inline void gmem_bench_copy(kvm_pfn_t pfn, struct page *src_page)
{
	void *dst = kmap_local_pfn(pfn);
	void *src = kmap_local_page(src_page);

	memcpy(dst, src, PAGE_SIZE);
	kunmap_local(src);
	kunmap_local(dst);
}

static int gmem_bench_fill_from_user(kvm_pfn_t pfn, void __user *src)
{
	void *dst = kmap_local_pfn(pfn);
	unsigned long left = copy_from_user(dst, src, PAGE_SIZE);

	kunmap_local(dst);
	return left ? -EFAULT : 0;
}

/* As tdx_gmem_post_populate() did, except that the TDX module does the copy. */
static int gmem_bench_gup_and_fill(kvm_pfn_t pfn, void __user *src)
{
	struct page *src_page;
	int ret;

	ret = get_user_pages_fast((unsigned long)src, 1, 0, &src_page);
	if (ret != 1)
		return ret < 0 ? ret : -ENOMEM;

	gmem_bench_copy(pfn, src_page);
	put_page(src_page);
	return 0;
}

static int __maybe_unused gmem_bench_user_callback(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn,
						   void __user *src, int order, void *opaque)
{
	struct kvm_gmem_bench_populate *cmd = opaque;
	int ret = 0;

	if (cmd->taps)
		gmem_bench_tap(KVM_GMEM_BENCH_FOLIO);

	if (cmd->callback == KVM_GMEM_BENCH_COPY)
		ret = gmem_bench_fill_from_user(pfn, src);
	else if (cmd->callback == KVM_GMEM_BENCH_GUP_COPY)
		ret = gmem_bench_gup_and_fill(pfn, src);

	if (cmd->taps)
		gmem_bench_tap(KVM_GMEM_BENCH_CALLBACK);
	return ret;
}

static int __maybe_unused gmem_bench_page_callback(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn,
						   struct page *src_page, void *opaque)
{
	struct kvm_gmem_bench_populate *cmd = opaque;

	if (cmd->taps)
		gmem_bench_tap(KVM_GMEM_BENCH_FOLIO);

	if (cmd->callback == KVM_GMEM_BENCH_COPY)
		gmem_bench_copy(pfn, src_page);

	if (cmd->taps)
		gmem_bench_tap(KVM_GMEM_BENCH_CALLBACK);
	return 0;
}

static long gmem_bench_call(typeof(kvm_gmem_populate) *fn, struct kvm *kvm,
			    struct kvm_gmem_bench_populate *cmd)
{
	kvm_gmem_populate_cb cb = gmem_populate_choose_cb(gmem_bench_user_callback,
							  gmem_bench_page_callback);

	return gmem_populate_call(fn, kvm, gpa_to_gfn(cmd->gpa), u64_to_user_ptr(cmd->source),
				  cmd->npages, cb, cmd);
}

static void gmem_bench_do_populate(struct kvm *kvm, struct kvm_gmem_bench_populate *cmd)
{
	u64 start;

	guard(mutex)(&gmem_bench_lock);
	guard(mutex)(&kvm->slots_lock);

	if (!cmd->taps) {
		start = rdtsc();
		cmd->ret = gmem_bench_call(kvm_gmem_populate, kvm, cmd);
		cmd->cost = rdtsc() - start;
		return;
	}

	gmem_bench_start_taps(cmd);
	cmd->ret = gmem_bench_call(gmem_bench_tapped_populate, kvm, cmd);
	gmem_bench_tap(KVM_GMEM_BENCH_OTHER);
	cmd->cost = gmem_bench_taps.clock;
}

static long gmem_bench_populate(void *arg)
{
	struct kvm_gmem_bench_populate *cmd = arg;
	struct file *file;

	if (cmd->callback < KVM_GMEM_BENCH_EMPTY ||
	    cmd->callback > KVM_GMEM_BENCH_GUP_COPY || cmd->taps > 1 ||
	    cmd->npages <= 0 || !PAGE_ALIGNED(cmd->gpa) || !PAGE_ALIGNED(cmd->source))
		return -EINVAL;
	if (cmd->callback != KVM_GMEM_BENCH_EMPTY && !cmd->source)
		return -EINVAL;
	if (cmd->callback == KVM_GMEM_BENCH_GUP_COPY && !GMEM_POPULATE_CB_GETS_USER)
		return -EOPNOTSUPP;

	file = fget(cmd->vm_fd);
	if (!file)
		return -EBADF;
	if (!file_is_kvm(file)) {
		fput(file);
		return -EINVAL;
	}

	cmd->cost = 0;
	cmd->hold_total = 0;
	cmd->hold_max = 0;
	cmd->hold_max_quiet = 0;
	cmd->hold_max_rest = 0;
	cmd->holds = 0;
	cmd->holds_ticked = 0;
	memset(cmd->parts, 0, sizeof(cmd->parts));

	gmem_bench_do_populate(file->private_data, cmd);
	fput(file);
	return 0;
}

/* Fresh pages as guest_memfd allocates them; @pages keeps them until the end. */
static bool gmem_bench_round(struct kvm_gmem_bench_loop *cmd, u32 i, struct page **pages,
			     struct page *from)
{
	unsigned long addr = cmd->source + (unsigned long)i * PAGE_SIZE;
	static DECLARE_RWSEM(sem);
	struct page *page;

	switch (cmd->op) {
	case KVM_GMEM_BENCH_ALLOC:
		pages[i] = alloc_page(GFP_HIGHUSER);
		return pages[i];
	case KVM_GMEM_BENCH_COPY_PAGE:
		gmem_bench_copy(page_to_pfn(pages[0]), from);
		return true;
	case KVM_GMEM_BENCH_ALLOC_COPY:
		pages[i] = alloc_page(GFP_HIGHUSER);
		if (!pages[i])
			return false;
		gmem_bench_copy(page_to_pfn(pages[i]), from);
		return true;
	case KVM_GMEM_BENCH_PIN_UNPIN:
		if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
			return false;
		unpin_user_page(page);
		return true;
	case KVM_GMEM_BENCH_GET_PUT:
		if (get_user_pages_fast(addr, 1, 0, &page) != 1)
			return false;
		put_page(page);
		return true;
	case KVM_GMEM_BENCH_LOCK_UNLOCK:
		down_write(&sem);
		up_write(&sem);
		return true;
	default:
		return false;
	}
}

static long gmem_bench_do_loop(struct kvm_gmem_bench_loop *cmd, struct page **pages,
			       struct page *from)
{
	bool ok = true;
	u64 start;
	u32 i;

	guard(mutex)(&gmem_bench_lock);

	start = rdtsc();
	for (i = 0; ok && i < cmd->nr; i++)
		ok = gmem_bench_round(cmd, i, pages, from);
	cmd->cost = rdtsc() - start;

	return ok ? 0 : -ENOMEM;
}

static long gmem_bench_loop(void *arg)
{
	struct kvm_gmem_bench_loop *cmd = arg;
	struct page **pages, *from;
	long ret = -ENOMEM;
	u32 i;

	if (cmd->op < KVM_GMEM_BENCH_ALLOC || cmd->op > KVM_GMEM_BENCH_LOCK_UNLOCK ||
	    !cmd->nr || cmd->nr > KVM_GMEM_BENCH_MAX_LOOP || cmd->reserved ||
	    !PAGE_ALIGNED(cmd->source))
		return -EINVAL;

	pages = kvcalloc(cmd->nr, sizeof(*pages), GFP_KERNEL);
	from = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!pages || !from)
		goto out;

	if (cmd->op == KVM_GMEM_BENCH_COPY_PAGE) {
		pages[0] = alloc_page(GFP_KERNEL);
		if (!pages[0])
			goto out;
	}

	ret = gmem_bench_do_loop(cmd, pages, from);
out:
	for (i = 0; pages && i < cmd->nr; i++) {
		if (pages[i])
			__free_page(pages[i]);
	}
	if (from)
		__free_page(from);
	kvfree(pages);
	return ret;
}

static long gmem_bench_shared(void *arg)
{
	struct kvm_gmem_bench_lock *cmd = arg;
	struct file *file = fget(cmd->gmem_fd);

	if (!file)
		return -EBADF;

	filemap_invalidate_lock_shared(file->f_mapping);
	filemap_invalidate_unlock_shared(file->f_mapping);
	fput(file);
	return 0;
}

/* Each of them begins with @size. */
union gmem_bench_cmd {
	__u32 size;
	struct kvm_gmem_bench_populate populate;
	struct kvm_gmem_bench_loop loop;
	struct kvm_gmem_bench_lock lock;
};

static const struct gmem_bench_op {
	unsigned int	cmd;
	long		(*execute)(void *arg);
} gmem_bench_ops[] = {
	{ KVM_GMEM_BENCH_POPULATE,	gmem_bench_populate },
	{ KVM_GMEM_BENCH_LOOP,		gmem_bench_loop },
	{ KVM_GMEM_BENCH_SHARED,	gmem_bench_shared },
};

static long gmem_bench_execute(const struct gmem_bench_op *op, void __user *argp)
{
	size_t size = _IOC_SIZE(op->cmd);
	union gmem_bench_cmd cmd = {};
	long ret;

	if (copy_from_user(&cmd, argp, size))
		return -EFAULT;
	if (cmd.size != size)
		return -EINVAL;

	ret = op->execute(&cmd);
	if (!ret && copy_to_user(argp, &cmd, size))
		ret = -EFAULT;
	return ret;
}

long kvm_gmem_populate_bench_ioctl(unsigned int cmd, void __user *argp)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(gmem_bench_ops); i++) {
		if (gmem_bench_ops[i].cmd == cmd)
			return gmem_bench_execute(&gmem_bench_ops[i], argp);
	}
	return -ENOTTY;
}
EXPORT_SYMBOL_FOR_MODULES(kvm_gmem_populate_bench_ioctl, "kvm-gmem-bench");
