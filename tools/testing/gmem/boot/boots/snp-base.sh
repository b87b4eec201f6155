# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp: on the base, an update without a source is a WARN, one whose source is not aligned goes
# through, and mmap_lock is taken inside of the invalidate lock. Everything else is as with the series.
# boot: machine=snp kernel=base timeout=300 verbs=test
# boot: splat=WARNING: arch/x86/kvm/svm/sev.c
. /lib/guest.sh

load kvm-amd
want_not_ok sev_snp_launch_update_test launch_update.no_source launch_update.unaligned_source
want_not_ok coco_snp_lock_test global.lock_order
run_test coco_snp_failure_test
