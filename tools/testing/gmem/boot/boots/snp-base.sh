# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp: the base takes mmap_lock inside of the invalidate lock. An update without a source is a WARN,
# and one whose source is not aligned goes through. Everything else is as with the series.
# boot: machine=snp kernel=base timeout=300 verbs=test
# boot: splat=WARNING: arch/x86/kvm/svm/sev.c
. /lib/guest.sh

load kvm-amd
want_not_ok sev_snp_launch_update_test launch_update.no_source launch_update.unaligned_source
want_not_ok coco_snp_lock_test global.lock_order
run_test coco_snp_failure_test
