// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory error that nobody knows of until the kernel reads the byte.
 *
 * debugfs, directory coco_emul:
 *   memory_error	write an address of the calling process: the byte there
 *			is bad, and the kernel's next read of it a machine
 *			check. Write "clear": it is not. Read: "bad", or "read
 *			by <instruction>" once that has happened.
 *
 * A data breakpoint stands in for the machine check, so that it comes in the
 * middle of whatever instruction or loop reads the byte. It goes on as
 * do_machine_check() does: where the exception table says that an error is
 * recoverable the kernel recovers, anywhere else that is the end of the host.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/cleanup.h>
#include <linux/cpufeature.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/hw_breakpoint.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/perf_event.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/extable.h>
#include <asm/insn.h>
#include <asm/trapnr.h>

#include "../coco_emul.h"

/* Serialises the writers of the file; the breakpoint looks at the rest. */
static DEFINE_MUTEX(memory_error_lock);
static struct perf_event * __percpu *bad_byte;	/* NULL if there is none */
static bool found;
static unsigned long read_by;		/* the instruction that has found it, or 0 */

/*
 * A data breakpoint is a trap: @ip is that of the next instruction, or that of
 * a REP which has more to do. A machine check has the one that read.
 */
static unsigned long recoverable_read(unsigned long ip)
{
	int back;

	for (back = 0; back < MAX_INSN_SIZE; back++) {
		if (ex_get_fixup_type(ip - back) == EX_TYPE_DEFAULT_MCE_SAFE)
			return ip - back;
	}

	return 0;
}

static void bad_byte_accessed(struct perf_event *bp, struct perf_sample_data *data,
			      struct pt_regs *regs)
{
	unsigned long ip;

	/* Once is enough. */
	if (xchg(&found, true))
		return;

	ip = recoverable_read(regs->ip);
	if (!ip)
		panic("coco_emul: machine check, memory error read before %pS", (void *)regs->ip);

	regs->ip = ip;
	fixup_exception(regs, X86_TRAP_MC, 0, 0);
	WRITE_ONCE(read_by, ip);
}

static void forget(void)
{
	lockdep_assert_held(&memory_error_lock);

	if (bad_byte)
		unregister_wide_hw_breakpoint(bad_byte);
	bad_byte = NULL;
	found = false;
	read_by = 0;
}

/* @addr is where the kernel sees the byte: kmap_local_page() is page_address(). */
static int watch(void *addr)
{
	struct perf_event_attr attr;
	struct perf_event * __percpu *bp;

	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)addr;
	attr.bp_type = HW_BREAKPOINT_RW;
	attr.bp_len = HW_BREAKPOINT_LEN_1;

	guard(mutex)(&memory_error_lock);

	forget();
	bp = register_wide_hw_breakpoint(&attr, bad_byte_accessed, NULL);
	if (IS_ERR_PCPU(bp))
		return PTR_ERR_PCPU(bp);

	bad_byte = bp;
	return 0;
}

static int set_bad_byte(unsigned long addr)
{
	struct page *page;
	int ret;

	/* Without it, and without quirks, copy_mc_to_kernel() is memcpy(). */
	if (!cpu_feature_enabled(X86_FEATURE_ERMS))
		return -EOPNOTSUPP;

	ret = get_user_pages_fast(addr, 1, 0, &page);
	if (ret != 1)
		return ret < 0 ? ret : -EFAULT;

	/* No reference is kept: whoever handles the error must not find one too many. */
	put_page(page);
	return watch(page_address(page) + offset_in_page(addr));
}

static ssize_t memory_error_write(struct file *file, const char __user *ubuf,
				  size_t count, loff_t *ppos)
{
	char *buf __free(kfree) = coco_emul_line(ubuf, count);
	unsigned long addr;
	int ret;

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	if (!strcmp(strim(buf), "clear")) {
		guard(mutex)(&memory_error_lock);

		forget();
		return count;
	}

	ret = kstrtoul(strim(buf), 0, &addr);
	if (!ret)
		ret = set_bad_byte(addr);

	return ret ?: count;
}

static int memory_error_show(struct seq_file *m, void *v)
{
	guard(mutex)(&memory_error_lock);

	if (read_by)
		seq_printf(m, "read by %pS\n", (void *)read_by);
	else if (bad_byte)
		seq_puts(m, "bad\n");

	return 0;
}
DEFINE_SHOW_STORE_ATTRIBUTE(memory_error);

void __init coco_emul_memory_error_init(struct dentry *debugfs)
{
	debugfs_create_file("memory_error", 0600, debugfs, NULL, &memory_error_fops);
}
