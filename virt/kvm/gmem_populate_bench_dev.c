// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device node of the kvm_gmem_populate() benchmark driver.  A module of its
 * own, because kvm.ko has its own module_init() and has to stay as it is.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "gmem_populate_bench.h"

static long gmem_bench_dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return kvm_gmem_populate_bench_ioctl(cmd, (void __user *)arg);
}

static const struct file_operations gmem_bench_dev_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= gmem_bench_dev_ioctl,
};

static struct miscdevice gmem_bench_dev = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= KVM_GMEM_BENCH_DEVICE,
	.fops	= &gmem_bench_dev_fops,
	.mode	= 0600,
};

module_misc_device(gmem_bench_dev);

MODULE_DESCRIPTION("Benchmark driver of kvm_gmem_populate()");
MODULE_LICENSE("GPL");
