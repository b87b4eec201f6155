# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host: kvm-amd and ccp as on an EPYC, launches through the real ioctls.
# boot: machine=snp kernel=series timeout=300 verbs=test,short,coverage
. /lib/guest.sh

# Nothing is left with the firmware: every page of the RMP belongs to the hypervisor.
enabled() { dmesg | grep "kvm_amd: $1 enabled (ASIDs"; }
snp_on_every_cpu() { test "$(grep -cw sev_snp /proc/cpuinfo)" = "$(grep -c ^processor /proc/cpuinfo)"; }

load kvm-amd
case_ok sev-enabled enabled SEV
case_ok sev-es-enabled enabled SEV-ES
case_ok sev-snp-enabled enabled SEV-SNP
case_ok snp-on-every-cpu snp_on_every_cpu
case_ok real-ccp-driver test -e /sys/bus/pci/drivers/ccp/10000:00:00.0
run_test sev_snp_launch_update_test
run_test coco_snp_digest_test
run_test coco_snp_failure_test
run_test coco_snp_launch_test
run_test coco_snp_fault_test
load kvm-gmem-test
run_test coco_snp_late_test
run_test coco_snp_memory_error_test
case_ok unload/kvm-gmem-test rmmod kvm-gmem-test
swap_on
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
run_test coco_snp_source_test
# Not the case that uses /dev/sev: that needs patches/other, see snp-inplace.
run_test coco_snp_lock_test -t lock_order
run_test coco_snp_strict_test
run_test coco_snp_vmm_test
case_ok no-instruction-declined grep '^declined 0$' "$emul/counters"
unload kvm-amd
case_ok all-pages-back rmp_is_back host-writes
# strict.host_writes writes to pages of guests, twice, and through a mapping where that does not fault. Nobody else may.
case_ok two-host-writes grep '^host-writes 2$' "$emul/rmp"
