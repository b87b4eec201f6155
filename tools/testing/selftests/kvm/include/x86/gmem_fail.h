/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations of one system call that fail, one after the other; see
 * Documentation/fault-injection/fault-injection.rst.
 */
#ifndef SELFTEST_KVM_GMEM_FAIL_H
#define SELFTEST_KVM_GMEM_FAIL_H

#include <stdbool.h>

/* Allocations of all kinds are counted from now on, and none fails yet. */
void gmem_fail_init(void);

/* The @n-th allocation of this thread fails. */
int gmem_fail_begin(int n);
/* Was there one? None fails any more. @fd is from gmem_fail_begin(). */
bool gmem_fail_end(int fd);

#endif /* SELFTEST_KVM_GMEM_FAIL_H */
