// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device node of the kvm_gmem_populate() test driver.  A module of its own,
 * because kvm.ko has its own module_init() and has to stay as it is.
 */
#include <linux/fs.h>
#include <linux/kvm_gmem_populate_test.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "gmem_populate_test.h"

static long gmem_test_dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return kvm_gmem_populate_test_ioctl(cmd, (void __user *)arg);
}

static const struct file_operations gmem_test_dev_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= gmem_test_dev_ioctl,
};

static struct miscdevice gmem_test_dev = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= KVM_GMEM_TEST_DEVICE,
	.fops	= &gmem_test_dev_fops,
	.mode	= 0600,
};

module_misc_device(gmem_test_dev);

MODULE_DESCRIPTION("Test driver for kvm_gmem_populate()");
MODULE_LICENSE("GPL");
