# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp: the base takes mmap_lock inside of the invalidate lock, and ccp waits for user memory with its
# mutex held. An update without a source is a WARN, and one whose source is not aligned goes through. Everything else is
# as with the series, and /dev/sev as with patches/other.
# boot: machine=snp kernel=base timeout=300 verbs=test
# boot: splat=WARNING: arch/x86/kvm/svm/sev.c
. /lib/guest.sh

load kvm-amd
want_not_ok sev_snp_launch_update_test launch_update.no_source launch_update.unaligned_source \
	launch_update.cpuid_write_back_in_range launch_update.after_finish launch_update.signal_before_first_page
want_not_ok coco_snp_launch_test launch.signals launch.error_after_progress launch.cpuid_third_of_five \
	launch.shared_guest_memfd
want_not_ok coco_snp_lock_test global.lock_order
want_not_ok coco_snp_dev_test dev_sev.others_go_on
run_test coco_snp_failure_test
run_test coco_snp_dev_test -T others_go_on

# Nobody loses a page, with the base as with the series.
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
run_test -n source coco_snp_source_test -f shared
