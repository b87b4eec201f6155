# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host with pages that cannot be taken back from the firmware, of which the kernel warns, and with
# what else it reports with a backtrace. kmemleak gives up when an allocation of its own fails, so it is off. Each page
# that is lost takes its ASID along, so there are more of them.
# boot: machine=snp kernel=series timeout=180 verbs=test,coverage
# boot: append=kmemleak=off coco_emul_asids=63,48
# boot: splat=WARNING: arch/x86/kvm/svm/sev.c
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
# boot: splat=GUP no longer grows the stack
# boot: splat=invoked oom-killer
. /lib/guest.sh

load kvm-amd
run_test coco_snp_leak_test
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
run_test coco_snp_errno_test
unload kvm-amd
