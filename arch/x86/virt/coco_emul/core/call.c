// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host that misbehaves: instructions and firmware commands with operands
 * that the kernel's own code never has, for the tests of what is refused.
 *
 * debugfs, directory coco_emul:
 *   call	write "<name> <number>...", then read the results from the same
 *		open file. One call for each time it is opened.
 *
 * The instructions are executed, so they take the same way through the
 * invalid-opcode exception as those of the code under test.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/string.h>

#include <asm/asm.h>
#include <asm/sev.h>

#include "../snp/snp.h"

/* RAX, RCX, RDX, R8, R9; RAX is the number of the exception if there is one. */
static void call_seamcall(u64 *v)
{
	u64 rax = v[0], rcx = v[1], rdx = v[2], in_r8 = v[3], in_r9 = v[4], out_r8, out_r9;
	/* No access to @v from here to out_r9: with KASAN each is a function call. */
	register u64 r8 asm("r8") = in_r8;
	register u64 r9 asm("r9") = in_r9;

	asm volatile("1: .byte 0x66, 0x0f, 0x01, 0xcf\n"
		     "2:\n"
		     _ASM_EXTABLE_FAULT(1b, 2b)
		     : "+a" (rax), "+c" (rcx), "+d" (rdx), "+r" (r8), "+r" (r9)
		     :
		     : "r10", "r11", "memory", "cc");
	out_r8 = r8;
	out_r9 = r9;

	v[0] = rax;
	v[1] = rcx;
	v[2] = rdx;
	v[3] = out_r8;
	v[4] = out_r9;
}

/* Physical address, and the new state as two words: struct rmp_state */
static void call_rmpupdate(u64 *v)
{
	BUILD_BUG_ON(sizeof(struct rmp_state) != 2 * sizeof(*v));

	asm volatile(".byte 0xf2, 0x0f, 0x01, 0xfe"
		     : "+a" (v[0])
		     : "c" (&v[1])
		     : "memory", "cc");
}

static void call_rmpread(u64 *v)
{
	asm volatile(".byte 0xf2, 0x0f, 0x01, 0xfd"
		     : "+a" (v[0])
		     : "c" (&v[1])
		     : "memory", "cc");
}

static void call_psmash(u64 *v)
{
	asm volatile(".byte 0xf3, 0x0f, 0x01, 0xff" : "+a" (v[0]) : : "memory", "cc");
}

/* Command number and physical address of its buffer; the mailbox is left to ccp. */
static void call_firmware(u64 *v)
{
	v[0] = psp_emul_command(v[0], v[1]);
}

const struct coco_emul_call tdx_emul_calls[NR_TDX_CALLS] = {
	{ "SEAMCALL",	5, 5, call_seamcall },
};

const struct coco_emul_call snp_emul_calls[NR_SNP_CALLS] = {
	{ "RMPUPDATE",	3, 1, call_rmpupdate },
	{ "RMPREAD",	1, 3, call_rmpread },
	{ "PSMASH",	1, 1, call_psmash },
	{ "FIRMWARE",	2, 1, call_firmware },
};

static const struct coco_emul_call *call_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < coco_emul_host->nr_calls; i++) {
		if (!strcmp(coco_emul_host->calls[i].name, name))
			return &coco_emul_host->calls[i];
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
