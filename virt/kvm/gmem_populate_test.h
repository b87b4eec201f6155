/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _VIRT_KVM_GMEM_POPULATE_TEST_H
#define _VIRT_KVM_GMEM_POPULATE_TEST_H

#include <linux/compiler_types.h>

long kvm_gmem_populate_test_ioctl(unsigned int cmd, void __user *argp);

#endif /* _VIRT_KVM_GMEM_POPULATE_TEST_H */
