# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp-failure: the base lets go of pages that the firmware still has, so that others get them, and
# the list that it keeps of them is corrupted. Whoever writes to one first would not survive it, so RMP faults are off then.
# Each page that is lost takes its ASID along, so there are more of them.
# boot: machine=snp kernel=base timeout=180 verbs=test,short
# boot: append=kmemleak=off coco_emul_asids=63,48
# boot: splat=invoked oom-killer
. /lib/guest.sh

load kvm-amd
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
want_not_ok coco_snp_errno_test
# Last, as whoever gets these pages fails
case_ok no-rmp-faults sh -c "echo N >$emul/faults"
want_not_ok coco_snp_leak_test
