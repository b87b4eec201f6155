// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of emulated instructions and firmware calls, and one-shot faults.
 *
 * debugfs, directory coco_emul:
 *   inject	write "<name> <n> <status>": the n-th call of <name> from now on
 *		fails with <status>. Write "clear": forget what is pending. Read:
 *		what is pending, in the same form.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../coco_emul.h"

LIST_HEAD(coco_emul_points);

/**
 * coco_emul_point_add() - count calls of something, and let it fail on demand
 * @point:	what it is; at boot only, and for good
 */
void __init coco_emul_point_add(struct coco_emul_point *point)
{
	list_add_tail(&point->node, &coco_emul_points);
}

/**
 * coco_emul_hit() - count a call and ask whether it has to fail
 * @point:	what is called
 * @status:	status to fail with, unchanged if the call is not to fail
 *
 * Return: true if an injected fault fires; it is then used up.
 */
bool coco_emul_hit(struct coco_emul_point *point, u64 *status)
{
	lockdep_assert_held(&coco_emul_lock);

	point->nr++;
	if (!point->fail_in || --point->fail_in)
		return false;

	*status = point->fail_status;
	return true;
}

/**
 * coco_emul_point_read() - look at a point
 * @point:	the point
 *
 * Return: a copy that is consistent.
 */
struct coco_emul_point coco_emul_point_read(const struct coco_emul_point *point)
{
	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	return *point;
}

static int inject_show(struct seq_file *m, void *v)
{
	struct coco_emul_point *point;

	list_for_each_entry(point, &coco_emul_points, node) {
		struct coco_emul_point p = coco_emul_point_read(point);

		if (p.fail_in)
			seq_printf(m, "%s %llu %#llx\n", p.name, p.fail_in, p.fail_status);
	}

	return 0;
}

static void inject_clear(void)
{
	struct coco_emul_point *point;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	list_for_each_entry(point, &coco_emul_points, node)
		point->fail_in = 0;
}

static int inject_set(const char *name, u64 n, u64 status)
{
	struct coco_emul_point *point;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	list_for_each_entry(point, &coco_emul_points, node) {
		if (strcmp(point->name, name))
			continue;

		point->fail_in = n;
		point->fail_status = status;
		return 0;
	}

	return -ENOENT;
}

static ssize_t inject_write(struct file *file, const char __user *ubuf,
			    size_t count, loff_t *ppos)
{
	char *buf __free(kfree) = coco_emul_line(ubuf, count);
	char *str, *name, *n_str, *status_str;
	u64 n, status;
	int ret;

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	str = strim(buf);
	if (!strcmp(str, "clear")) {
		inject_clear();
		return count;
	}

	name = strsep(&str, " ");
	n_str = strsep(&str, " ");
	status_str = strsep(&str, " ");
	if (!n_str || !status_str || str)
		return -EINVAL;

	ret = kstrtou64(n_str, 0, &n);
	if (!ret)
		ret = kstrtou64(status_str, 0, &status);
	if (!ret && !n)
		ret = -EINVAL;
	if (!ret)
		ret = inject_set(name, n, status);

	return ret ?: count;
}
DEFINE_SHOW_STORE_ATTRIBUTE(inject);

void __init coco_emul_inject_init(struct dentry *debugfs)
{
	debugfs_create_file("inject", 0600, debugfs, NULL, &inject_fops);
}
