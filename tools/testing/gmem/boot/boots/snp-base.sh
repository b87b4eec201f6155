# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp: what CONTROLS of the series says fails on the base. Everything else is as with the series, and
# /dev/sev as with patches/other.
# boot: machine=snp kernel=base timeout=300 verbs=test
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
. /lib/guest.sh

load kvm-amd
want_not_ok sev_snp_launch_update_test
load kvm-gmem-test
want_not_ok coco_snp_launch_test
want_not_ok coco_snp_lock_test
want_not_ok coco_snp_wait_test
want_not_ok coco_snp_asid_test
want_only_not_ok coco_snp_dev_test -T not_initialised
# Where it fails, ccp cannot initialize the platform any more until it is loaded anew.
want_only_not_ok -n coco_snp_dev_init_test coco_snp_dev_test -t not_initialised
case_ok unload-driver rmmod kvm_gmem_test
case_ok unload-with-ccp modprobe -r kvm-amd ccp
case_ok load-again modprobe -a kvm-amd kvm-gmem-test
want_only_not_ok coco_snp_failure_test
want_only_not_ok coco_snp_prefault_test

# Nobody loses a page, with the base as with the series.
swap_on
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
run_test -n source coco_snp_source_test -f shared

# The rest is last, as pages are not given back. With RMP faults the host would not survive it, see snp-fault-base; and
# coco_snp_fault_test has to notice that there are none.
case_ok no-rmp-faults sh -c "echo N >$emul/faults"
want_not_ok coco_snp_late_test
want_not_ok coco_snp_fault_test fault.assigned_by_rmpupdate fault.neighbours fault.launch fault.large_entry \
	fault.other_cpu
