// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: a look inside, debugfs directory coco_emul.
 *
 *   tds	per TD: physical address of the TDR, KeyID, states, vCPUs, number
 *		of pages, first word of MRCONFIGID, and MRTD (of what has been
 *		measured so far, until the measurement is final)
 *   sept	per TD: every entry of the Secure EPT, and how the page that it
 *		points to begins when the host reads it
 *   pamt	number of pages of each type, and of those that the host was found
 *		to have written to while a TD had them
 *   host_write	write a physical address: changes the byte there, in a page of a
 *		TD, as a stray write of the host would; for the test of the above
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "tdx.h"

static const char *const lifecycle_names[] = {
	[TD_HKID_ASSIGNED]	= "HKID_ASSIGNED",
	[TD_KEYS_CONFIGURED]	= "KEYS_CONFIGURED",
	[TD_BLOCKED]		= "BLOCKED",
	[TD_TEARDOWN]		= "TEARDOWN",
};

static const char *const op_state_names[] = {
	[OP_UNINITIALIZED]	= "UNINITIALIZED",
	[OP_INITIALIZED]	= "INITIALIZED",
	[OP_RUNNABLE]		= "RUNNABLE",
};

static const char *const page_type_names[NR_PT] = {
	[PT_NDA]		= "NDA",
	[PT_RSVD]		= "RSVD",
	[PT_REG]		= "REG",
	[PT_TDR]		= "TDR",
	[PT_TDCX]		= "TDCX",
	[PT_TDVPR]		= "TDVPR",
	[PT_EPT]		= "EPT",
};

static void td_show(struct seq_file *m, struct emul_td *td)
{
	u8 mrtd[SHA384_DIGEST_SIZE] = {};

	if (td->op_state != OP_UNINITIALIZED)
		tdx_mrtd_read(td, mrtd);

	seq_printf(m, "tdr %#llx hkid %u %s %s vcpus %u pages %llu mrconfigid %#llx mrtd %*phN\n",
		   td->tdr, td->hkid, lifecycle_names[td->lifecycle],
		   op_state_names[td->op_state], td->nr_vcpus, td->nr_children,
		   td->mrconfigid, SHA384_DIGEST_SIZE, mrtd);
}

static int tds_show(struct seq_file *m, void *v)
{
	unsigned int i;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	for (i = 0; i < TDX_MAX_TDS; i++) {
		if (tdx_tds[i].tdr)
			td_show(m, &tdx_tds[i]);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(tds);

static int sept_show(struct seq_file *m, void *v)
{
	unsigned int i;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	for (i = 0; i < TDX_MAX_TDS; i++) {
		if (tdx_tds[i].tdr)
			tdx_sept_show(m, &tdx_tds[i]);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sept);

static int pamt_show(struct seq_file *m, void *v)
{
	u64 count[NR_PT];
	unsigned int i;

	tdx_pamt_census(count);

	for (i = 0; i < NR_PT; i++) {
		if (page_type_names[i])
			seq_printf(m, "%s %llu\n", page_type_names[i], count[i]);
	}

	seq_printf(m, "host-writes %llu\n", READ_ONCE(tdx_nr_host_writes));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pamt);

static ssize_t host_write_write(struct file *file, const char __user *ubuf, size_t count,
				loff_t *ppos)
{
	struct pamt_entry *pamt;
	u64 pa;
	int ret;

	ret = kstrtou64_from_user(ubuf, count, 0, &pa);
	if (ret)
		return ret;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	pamt = tdx_pamt(pa);
	if (!pamt || pamt->type == PT_NDA || pamt->type == PT_RSVD)
		return -EINVAL;

	*(u8 *)__va(pa) ^= 1;
	return count;
}

static const struct file_operations host_write_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= host_write_write,
};

void __init tdx_debugfs_init(struct dentry *dir)
{
	debugfs_create_file("tds", 0400, dir, NULL, &tds_fops);
	debugfs_create_file("sept", 0400, dir, NULL, &sept_fops);
	debugfs_create_file("pamt", 0400, dir, NULL, &pamt_fops);
	debugfs_create_file("host_write", 0200, dir, NULL, &host_write_fops);
	tdx_lock_debugfs_init(dir);
}
