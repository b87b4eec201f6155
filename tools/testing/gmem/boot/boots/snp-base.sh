# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp: what CONTROLS of the series says fails on the base. Everything else is as with the series, and
# /dev/sev as with patches/other.
# boot: machine=snp kernel=base timeout=300 verbs=test,short
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
. /lib/guest.sh

load kvm-amd
want_not_ok sev_snp_launch_update_test
load kvm-gmem-test
want_not_ok coco_snp_launch_test
want_not_ok coco_snp_lock_test
want_not_ok coco_snp_wait_test
want_only_not_ok coco_snp_dev_test
want_only_not_ok coco_snp_failure_test
want_only_not_ok coco_snp_prefault_test

# Nobody loses a page, with the base as with the series.
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
run_test -n source coco_snp_source_test -f shared
