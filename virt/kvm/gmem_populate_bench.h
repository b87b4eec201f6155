/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _VIRT_KVM_GMEM_POPULATE_BENCH_H
#define _VIRT_KVM_GMEM_POPULATE_BENCH_H

#include <linux/kvm_gmem_populate_bench.h>
#include <linux/kvm_host.h>

long kvm_gmem_populate_bench_ioctl(unsigned int cmd, void __user *argp);

/* kvm_gmem_populate() compiled once more, with taps. */
extern typeof(kvm_gmem_populate) gmem_bench_tapped_populate;

/* A part of populating a page ends here, the next one begins. */
void gmem_bench_tap(enum kvm_gmem_bench_part part);

/*
 * The same where the folio is about to be unlocked.  What ends there is its
 * look-up if the callback runs without the folio lock, and the page otherwise.
 */
void gmem_bench_tap_unlock_folio(void);

#endif /* _VIRT_KVM_GMEM_POPULATE_BENCH_H */
