/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _VIRT_KVM_GMEM_POPULATE_TEST_H
#define _VIRT_KVM_GMEM_POPULATE_TEST_H

#include <linux/compiler_types.h>

struct kvm;

long kvm_gmem_populate_test_ioctl(unsigned int cmd, void __user *argp);

/* gmem_populate_test_error.c */
long gmem_test_memory_error(struct kvm *kvm, void *arg);

#endif /* _VIRT_KVM_GMEM_POPULATE_TEST_H */
