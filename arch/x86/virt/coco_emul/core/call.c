// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host that misbehaves: instructions and firmware commands with operands
 * that the kernel's own code never has, for the tests of what is refused. The
 * platforms know which there are.
 *
 * debugfs, directory coco_emul:
 *   call	write "<name> <number>...", then read the results from the same
 *		open file. One call for each time it is opened.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/string.h>

#include "../coco_emul.h"

static const struct coco_emul_call *call_find(const char *name)
{
	const struct coco_emul_call *call;

	for (call = coco_emul_host->calls; call->fn; call++) {
		if (!strcmp(call->name, name))
			return call;
	}

	return NULL;
}

static ssize_t call_write(struct file *file, const char __user *ubuf, size_t count,
			  loff_t *ppos)
{
	char *buf = simple_transaction_get(file, ubuf, count), *str, *word;
	const struct coco_emul_call *call;
	u64 v[COCO_EMUL_CALL_MAX] = {};
	unsigned int i;
	int ret, len;

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	str = strim(buf);
	call = call_find(strsep(&str, " "));
	if (!call)
		return -ENOENT;

	for (i = 0; i < call->nr_in; i++) {
		word = strsep(&str, " ");
		ret = word ? kstrtou64(word, 0, &v[i]) : -EINVAL;
		if (ret)
			return ret;
	}
	if (str)
		return -EINVAL;

	call->fn(v);

	for (i = 0, len = 0; i < call->nr_out; i++)
		len += sprintf(buf + len, "%#llx\n", v[i]);
	simple_transaction_set(file, len);
	return count;
}

static const struct file_operations call_fops = {
	.owner		= THIS_MODULE,
	.write		= call_write,
	.read		= simple_transaction_read,
	.release	= simple_transaction_release,
};

void __init coco_emul_call_init(struct dentry *debugfs)
{
	debugfs_create_file("call", 0600, debugfs, NULL, &call_fops);
}
