// SPDX-License-Identifier: GPL-2.0-only
/*
 * The debugfs directory coco_emul, and what is there on every platform:
 *
 *   host	name of the emulated platform
 *   counters	"<name> <calls>" per line; "traps" and "declined" count the
 *		invalid-opcode exceptions that were carried out and left alone,
 *		"ticks" the time that the former took
 *   host_write	write a physical address in a page that was taken from the host:
 *		the byte there changes, as by a stray write of the host, for the
 *		test of what is found out then; or it is -EFAULT, if the platform
 *		has that write fault
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "../coco_emul.h"

static int host_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", coco_emul_host->name);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(host);

static int counters_show(struct seq_file *m, void *v)
{
	struct coco_emul_point *point;
	u64 traps, declined;

	coco_emul_trap_counts(&traps, &declined);

	seq_printf(m, "traps %llu\ndeclined %llu\n", traps, declined);
	seq_printf(m, "ticks %llu\n", coco_emul_ticks());
	list_for_each_entry(point, &coco_emul_points, node) {
		struct coco_emul_point p = coco_emul_point_read(point);

		seq_printf(m, "%s %llu\n", p.name, p.nr);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static ssize_t host_write_write(struct file *file, const char __user *ubuf, size_t count,
				loff_t *ppos)
{
	u8 byte;
	u64 pa;
	int ret;

	ret = kstrtou64_from_user(ubuf, count, 0, &pa);
	if (ret)
		return ret;

	scoped_guard(raw_spinlock_irqsave, &coco_emul_lock) {
		if (!coco_emul_host->owns(pa))
			return -EINVAL;
	}

	ret = copy_from_kernel_nofault(&byte, __va(pa), sizeof(byte));
	byte ^= 1;
	if (!ret)
		ret = copy_to_kernel_nofault(__va(pa), &byte, sizeof(byte));

	return ret ?: count;
}

static const struct file_operations host_write_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= host_write_write,
};

struct dentry * __init coco_emul_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("coco_emul", NULL);

	debugfs_create_file("host", 0400, dir, NULL, &host_fops);
	debugfs_create_file("counters", 0400, dir, NULL, &counters_fops);
	debugfs_create_file("host_write", 0200, dir, NULL, &host_write_fops);
	coco_emul_inject_init(dir);
	coco_emul_memory_error_init(dir);

	return dir;
}
