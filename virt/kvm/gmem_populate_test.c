// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test driver for kvm_gmem_populate().
 *
 * The only callers of kvm_gmem_populate() need SEV-SNP or TDX.  This one needs
 * neither: it takes any VM that has private memory, e.g. KVM_X86_SW_PROTECTED_VM,
 * calls kvm_gmem_populate() as the vendor ioctls do, with a callback that can
 * be told to misbehave, and reports what the callback saw and no ioctl shows:
 * locks, references and pins.
 *
 * It is linked into kvm.ko, because kvm_gmem_populate() is exported to the
 * vendor modules only, and reached through the device of kvm-gmem-test.ko.
 */
#define pr_fmt(fmt) "kvm_gmem_test: " fmt

#include <linux/completion.h>
#include <linux/export.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kvm_gmem_populate_test.h>
#include <linux/kvm_host.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "gmem_populate_test.h"
#include "gmem_populate_types.h"

/*
 * Private to kernel/locking/rwsem.c, see there: bits of rw_semaphore::owner.
 * Taking the lock writes the owner afresh, i.e. clears NONSPINNABLE.
 */
#define RWSEM_READER_OWNED	BIT(0)
#define RWSEM_NONSPINNABLE	BIT(1)

struct gmem_test {
	struct kvm_gmem_test_populate *cmd;
	struct kvm_gmem_test_call *calls;

	/* Source page of the previous call; no reference is held. */
	struct page *prev;
	u32 this_hold;

	struct work_struct punch;
	struct file *punch_file;
	loff_t punch_offset;

	struct work_struct error;
	struct completion error_done;
	unsigned long error_pfn;
	int error_ret;
};

static u32 gmem_test_api(void)
{
	if (GMEM_POPULATE_CB_GETS_USER)
		return KVM_GMEM_TEST_API_USER;
	if (GMEM_POPULATE_ANNOUNCES_WRITES)
		return KVM_GMEM_TEST_API_PAGE_WRITE;
	/* What prepared pages before Linux 7.0 has another name since. */
	if (IS_ENABLED(CONFIG_HAVE_KVM_ARCH_GMEM_CONVERT))
		return KVM_GMEM_TEST_API_PAGE_LINUX_7;
	return KVM_GMEM_TEST_API_PAGE;
}

static int gmem_test_pins(struct folio *folio, int refs)
{
	/* It may be freed, and even become large, while it is looked at. */
	return data_race(folio_has_pincount(folio)) ? atomic_read(&folio->_pincount) :
						      refs / GUP_PIN_COUNTING_BIAS;
}

static u32 gmem_test_page_flags(struct page *page)
{
	struct folio *folio = page_folio(page);

	return (folio_test_uptodate(folio) ? KVM_GMEM_TEST_UPTODATE : 0) |
	       (folio_test_locked(folio) ? KVM_GMEM_TEST_LOCKED : 0) |
	       (folio_test_dirty(folio) ? KVM_GMEM_TEST_DIRTY : 0) |
	       (folio_test_anon(folio) ? KVM_GMEM_TEST_ANON : 0) |
	       (folio_test_ksm(folio) ? KVM_GMEM_TEST_KSM : 0) |
	       (folio_test_hugetlb(folio) ? KVM_GMEM_TEST_HUGETLB : 0) |
	       (folio_test_large(folio) ? KVM_GMEM_TEST_LARGE : 0) |
	       (folio_test_swapbacked(folio) ? KVM_GMEM_TEST_SWAPBACKED : 0) |
	       (PageHWPoison(page) ? KVM_GMEM_TEST_HWPOISON : 0) |
	       (is_zero_pfn(page_to_pfn(page)) ? KVM_GMEM_TEST_ZERO_PAGE : 0);
}

static void gmem_test_report_page(struct kvm_gmem_test_page *report,
				  struct page *page, int own_refs)
{
	struct folio *folio = page_folio(page);
	int refs = folio_ref_count(folio) - own_refs;

	report->pfn = page_to_pfn(page);
	report->refs = refs;
	report->pins = gmem_test_pins(folio, refs);
	/* Testing a flag reads the word that the list of the LRU is in, too. */
	report->flags = data_race(gmem_test_page_flags(page));
}

static struct address_space *gmem_test_mapping(struct kvm_memory_slot *slot)
{
	return slot->gmem.file->f_mapping;
}

static pgoff_t gmem_test_index(struct kvm_memory_slot *slot, gfn_t gfn)
{
	return gfn - slot->base_gfn + slot->gmem.pgoff;
}

/*
 * Is this task the writer that owns @sem, and if so, since when?  There is no
 * way to ask a rwsem how often it was taken, so leave a mark that does no harm
 * to an exclusive owner (others sleep instead of spinning) and that the next
 * down_write() removes.
 */
static u32 gmem_test_mark_hold(struct rw_semaphore *sem)
{
	unsigned long owner = atomic_long_read(&sem->owner);

	if ((owner & ~RWSEM_NONSPINNABLE) != (unsigned long)current)
		return 0;

	atomic_long_or(RWSEM_NONSPINNABLE, &sem->owner);
	if (owner & RWSEM_NONSPINNABLE)
		return KVM_GMEM_TEST_INVALIDATE_EXCL;
	return KVM_GMEM_TEST_INVALIDATE_EXCL | KVM_GMEM_TEST_NEW_HOLD;
}

static u32 gmem_test_locks(struct kvm *kvm, struct rw_semaphore *invalidate_lock)
{
	struct rw_semaphore *mmap_lock = &current->mm->mmap_lock;
	u32 flags = gmem_test_mark_hold(invalidate_lock);

	if (!IS_ENABLED(CONFIG_LOCKDEP) || !debug_locks)
		return flags | (mutex_is_locked(&kvm->slots_lock) ?
				KVM_GMEM_TEST_SLOTS_HELD : 0);

	flags |= KVM_GMEM_TEST_LOCKDEP;
	if (lockdep_is_held(&kvm->slots_lock) == LOCK_STATE_HELD)
		flags |= KVM_GMEM_TEST_SLOTS_HELD;
	if (lockdep_is_held(mmap_lock) == LOCK_STATE_HELD)
		flags |= KVM_GMEM_TEST_MMAP_HELD;
	if (lockdep_is_held_type(invalidate_lock, 0) != LOCK_STATE_HELD)
		flags &= ~KVM_GMEM_TEST_INVALIDATE_EXCL;
	return flags;
}

static void gmem_test_record(struct gmem_test *test, struct kvm *kvm, gfn_t gfn,
			     kvm_pfn_t pfn, struct page *src_page, bool has_source)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);
	struct address_space *mapping = gmem_test_mapping(slot);
	struct folio *dst = page_folio(pfn_to_page(pfn));
	struct kvm_gmem_test_populate *cmd = test->cmd;
	struct kvm_gmem_test_call call = {
		.gfn = gfn,
		.flags = gmem_test_locks(kvm, &mapping->invalidate_lock),
	};

	test->this_hold = call.flags & KVM_GMEM_TEST_NEW_HOLD ? 1 : test->this_hold + 1;
	cmd->max_per_hold = max(cmd->max_per_hold, test->this_hold);

	gmem_test_report_page(&call.dst, pfn_to_page(pfn), 0);
	if (dst->mapping == mapping && dst->index == gmem_test_index(slot, gfn))
		call.flags |= KVM_GMEM_TEST_DST_IN_FILE;
	if (has_source)
		call.flags |= KVM_GMEM_TEST_HAS_SOURCE;
	if (src_page) {
		gmem_test_report_page(&call.src, src_page, 0);
		/* More references than those of page tables and page cache */
		if (call.src.refs > folio_expected_ref_count(page_folio(src_page)))
			call.flags |= KVM_GMEM_TEST_SRC_HELD;
	}

	/*
	 * The struct page outlives the page.  Only its counters are reported, as
	 * nobody holds it any more.
	 */
	if (test->prev)
		call.prev_refs = folio_ref_count(page_folio(test->prev));
	test->prev = src_page;

	if (cmd->nr_calls < cmd->max_calls)
		test->calls[cmd->nr_calls] = call;
	cmd->nr_calls++;
}

static void gmem_test_punch(struct work_struct *work)
{
	struct gmem_test *test = container_of(work, struct gmem_test, punch);

	if (vfs_fallocate(test->punch_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  test->punch_offset, PAGE_SIZE))
		pr_warn("could not punch a hole\n");
}

static void gmem_test_start_punch(struct gmem_test *test, struct kvm *kvm, gfn_t gfn)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);

	test->punch_file = get_file(slot->gmem.file);
	test->punch_offset = (loff_t)gmem_test_index(slot, gfn) << PAGE_SHIFT;
	queue_work(system_dfl_wq, &test->punch);
}

static void gmem_test_error(struct work_struct *work)
{
	struct gmem_test *test = container_of(work, struct gmem_test, error);

	test->error_ret = memory_failure(test->error_pfn, MF_SW_SIMULATED);
	complete(&test->error_done);
}

/*
 * A memory error in the next page.  With the page locked its handling comes to
 * guest_memfd, and must not wait there for what populate holds: by the time that
 * populate wants the page, they would wait for each other.
 */
static int gmem_test_make_error(struct gmem_test *test, struct kvm *kvm, gfn_t gfn)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);
	struct kvm_gmem_test_populate *cmd = test->cmd;
	struct folio *folio;

	folio = filemap_get_folio(gmem_test_mapping(slot), gmem_test_index(slot, gfn + 1));
	if (IS_ERR(folio))
		return PTR_ERR(folio);

	test->error_pfn = folio_pfn(folio);
	folio_put(folio);
	queue_work(system_dfl_wq, &test->error);
	if (wait_for_completion_timeout(&test->error_done, msecs_to_jiffies(cmd->arg)))
		cmd->memory_error = test->error_ret;
	else
		cmd->memory_error = -ETIMEDOUT;
	return 0;
}

/* What the callback does for its test, whatever it does to the memory. */
static int gmem_test_act(struct gmem_test *test, struct kvm *kvm, gfn_t gfn)
{
	struct kvm_gmem_test_populate *cmd = test->cmd;

	/* gmem_test_record() has counted this call already. */
	if (cmd->nr_calls - 1 != cmd->at)
		return 0;

	switch (cmd->action) {
	case KVM_GMEM_TEST_FAIL:
		return -(int)cmd->arg;
	case KVM_GMEM_TEST_SLEEP:
		schedule_timeout_killable(msecs_to_jiffies(cmd->arg));
		return 0;
	case KVM_GMEM_TEST_SIGNAL:
		send_sig(cmd->arg, current, 0);
		return 0;
	case KVM_GMEM_TEST_PUNCH:
		gmem_test_start_punch(test, kvm, gfn);
		return 0;
	case KVM_GMEM_TEST_MEMORY_ERROR:
		return gmem_test_make_error(test, kvm, gfn);
	default:
		return 0;
	}
}

static int __maybe_unused gmem_test_user_callback(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn,
						  void __user *src, int order, void *opaque)
{
	struct gmem_test *test = opaque;
	unsigned long left = 0;
	void *dst;

	gmem_test_record(test, kvm, gfn, pfn, NULL, src);

	/* As sev_gmem_post_populate() does, mmap_lock included. */
	if (test->cmd->action != KVM_GMEM_TEST_REPORT) {
		dst = kmap_local_pfn(pfn);
		if (src)
			left = copy_from_user(dst, src, PAGE_SIZE);
		else
			clear_page(dst);
		kunmap_local(dst);
	}
	if (left)
		return -EFAULT;

	return gmem_test_act(test, kvm, gfn);
}

static int __maybe_unused gmem_test_page_callback(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn,
						  struct page *src_page, void *opaque)
{
	struct gmem_test *test = opaque;

	gmem_test_record(test, kvm, gfn, pfn, src_page, src_page);

	if (test->cmd->action != KVM_GMEM_TEST_REPORT) {
		if (src_page)
			copy_highpage(pfn_to_page(pfn), src_page);
		else
			clear_highpage(pfn_to_page(pfn));
	}

	return gmem_test_act(test, kvm, gfn);
}

static void gmem_test_do_populate(struct gmem_test *test, struct kvm *kvm)
{
	kvm_gmem_populate_cb cb = gmem_populate_choose_cb(gmem_test_user_callback,
							  gmem_test_page_callback);
	struct kvm_gmem_test_populate *cmd = test->cmd;

	if (cmd->action == KVM_GMEM_TEST_SIGNAL && cmd->at == KVM_GMEM_TEST_AT_ENTRY)
		send_sig(cmd->arg, current, 0);

	INIT_WORK_ONSTACK(&test->punch, gmem_test_punch);
	INIT_WORK_ONSTACK(&test->error, gmem_test_error);
	init_completion(&test->error_done);

	mutex_lock(&kvm->slots_lock);
	cmd->ret = gmem_populate_call(kvm_gmem_populate, kvm, gpa_to_gfn(cmd->gpa),
				      u64_to_user_ptr(cmd->source), cmd->npages, cb, test);
	mutex_unlock(&kvm->slots_lock);

	flush_work(&test->punch);
	destroy_work_on_stack(&test->punch);
	flush_work(&test->error);
	destroy_work_on_stack(&test->error);
	if (test->punch_file)
		fput(test->punch_file);
}

static bool gmem_test_populate_is_valid(const struct kvm_gmem_test_populate *cmd)
{
	if (cmd->action < KVM_GMEM_TEST_COPY || cmd->action > KVM_GMEM_TEST_MEMORY_ERROR)
		return false;
	if (cmd->action == KVM_GMEM_TEST_FAIL && (!cmd->arg || cmd->arg > MAX_ERRNO))
		return false;
	if (cmd->action == KVM_GMEM_TEST_SIGNAL && !valid_signal(cmd->arg))
		return false;
	/* Callers have to see to that. */
	if (!PAGE_ALIGNED(cmd->source))
		return false;
	return cmd->npages > 0 && PAGE_ALIGNED(cmd->gpa) && !cmd->memory_error &&
	       cmd->max_calls <= KVM_GMEM_TEST_MAX_CALLS;
}

static long gmem_test_populate(struct kvm *kvm, void *arg)
{
	struct kvm_gmem_test_populate *cmd = arg;
	struct gmem_test test = { .cmd = cmd };
	u32 nr;

	if (!gmem_test_populate_is_valid(cmd))
		return -EINVAL;

	cmd->nr_calls = 0;
	cmd->max_per_hold = 0;
	if (!cmd->calls)
		cmd->max_calls = 0;
	if (cmd->max_calls) {
		test.calls = kvcalloc(cmd->max_calls, sizeof(*test.calls), GFP_KERNEL);
		if (!test.calls)
			return -ENOMEM;
	}

	gmem_test_do_populate(&test, kvm);

	nr = min(cmd->nr_calls, cmd->max_calls);
	if (copy_to_user(u64_to_user_ptr(cmd->calls), test.calls,
			 array_size(nr, sizeof(*test.calls)))) {
		kvfree(test.calls);
		return -EFAULT;
	}

	kvfree(test.calls);
	return 0;
}

static long gmem_test_file_page(struct kvm *kvm, void *arg)
{
	struct kvm_gmem_test_file_page *cmd = arg;
	struct address_space *mapping;
	struct kvm_memory_slot *slot;
	struct folio *folio;

	guard(mutex)(&kvm->slots_lock);

	slot = gfn_to_memslot(kvm, gpa_to_gfn(cmd->gpa));
	if (!kvm_slot_has_gmem(slot) || !slot->gmem.file)
		return -EINVAL;

	mapping = gmem_test_mapping(slot);
	memset(&cmd->page, 0, sizeof(cmd->page));
	cmd->nr_pages = mapping->nrpages;

	folio = filemap_get_folio(mapping, gmem_test_index(slot, gpa_to_gfn(cmd->gpa)));
	if (IS_ERR(folio))
		return 0;

	gmem_test_report_page(&cmd->page, folio_page(folio, 0), 1);
	folio_put(folio);
	return 0;
}

static long gmem_test_protect(struct kvm *kvm, void *arg)
{
	guard(mutex)(&kvm->slots_lock);

	if (kvm->arch.vm_type != KVM_X86_DEFAULT_VM)
		return -EINVAL;

	kvm->arch.vm_type = KVM_X86_SW_PROTECTED_VM;
	kvm->arch.has_private_mem = true;
	return 0;
}

static long gmem_test_user_page(struct kvm *unused, void *arg)
{
	struct kvm_gmem_test_user_page *cmd = arg;
	struct page *page;

	if (cmd->reserved)
		return -EINVAL;

	if (get_user_pages_fast(cmd->addr, 1, 0, &page) != 1)
		return -EFAULT;

	memset(&cmd->page, 0, sizeof(cmd->page));
	gmem_test_report_page(&cmd->page, page, 1);
	put_page(page);
	return 0;
}

static long gmem_test_info(struct kvm *unused, void *arg)
{
	struct kvm_gmem_test_info *cmd = arg;

	cmd->api = gmem_test_api();
	return 0;
}

/* All that follow @size, and @vm_fd if there is one. */
union gmem_test_cmd {
	struct {
		__u32 size;
		__s32 vm_fd;
	};
	struct kvm_gmem_test_populate populate;
	struct kvm_gmem_test_file_page file_page;
	struct kvm_gmem_test_user_page user_page;
	struct kvm_gmem_test_info info;
	struct kvm_gmem_test_protect protect;
};

static const struct gmem_test_op {
	unsigned int	cmd;
	bool		needs_vm;
	long		(*execute)(struct kvm *kvm, void *arg);
} gmem_test_ops[] = {
	{ KVM_GMEM_TEST_POPULATE,	true,	gmem_test_populate },
	{ KVM_GMEM_TEST_FILE_PAGE,	true,	gmem_test_file_page },
	{ KVM_GMEM_TEST_USER_PAGE,	false,	gmem_test_user_page },
	{ KVM_GMEM_TEST_INFO,		false,	gmem_test_info },
	{ KVM_GMEM_TEST_PROTECT,	true,	gmem_test_protect },
};

static long gmem_test_execute_on_vm(const struct gmem_test_op *op, union gmem_test_cmd *cmd)
{
	struct file *file = fget(cmd->vm_fd);
	long ret = -EINVAL;

	if (!file)
		return -EBADF;

	if (file_is_kvm(file))
		ret = op->execute(file->private_data, cmd);

	fput(file);
	return ret;
}

static long gmem_test_execute(const struct gmem_test_op *op, void __user *argp)
{
	size_t size = _IOC_SIZE(op->cmd);
	union gmem_test_cmd cmd = {};
	long ret;

	if (copy_from_user(&cmd, argp, size))
		return -EFAULT;
	if (cmd.size != size)
		return -EINVAL;

	if (op->needs_vm)
		ret = gmem_test_execute_on_vm(op, &cmd);
	else
		ret = op->execute(NULL, &cmd);

	if (!ret && copy_to_user(argp, &cmd, size))
		ret = -EFAULT;
	return ret;
}

long kvm_gmem_populate_test_ioctl(unsigned int cmd, void __user *argp)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(gmem_test_ops); i++) {
		if (gmem_test_ops[i].cmd == cmd)
			return gmem_test_execute(&gmem_test_ops[i], argp);
	}
	return -ENOTTY;
}
EXPORT_SYMBOL_FOR_MODULES(kvm_gmem_populate_test_ioctl, "kvm-gmem-test");
