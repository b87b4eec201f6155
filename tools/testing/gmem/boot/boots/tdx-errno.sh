# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host when allocations fail in the middle of KVM_TDX_INIT_MEM_REGION, and other errors of its that are the
# same on the base. kmemleak gives up when an allocation of its own fails, so it is off.
# boot: machine=tdx kernel=series,base timeout=180 verbs=test,coverage
# boot: append=kmemleak=off
# boot: splat=invoked oom-killer
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
run_test coco_tdx_errno_test
unload kvm-intel
