# SPDX-License-Identifier: GPL-2.0-only
# Negative control of tdx-inplace: the base looks up the source inside the invalidate lock, which lockdep reports.
# boot: machine=tdx kernel=base-inplace timeout=180 verbs=test
# boot: splat=possible circular locking dependency detected
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
want_not_ok coco_tdx_inplace_test global.lock_order

# Nobody loses a page, with the base as with the series.
swap_on
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
run_test -n source coco_tdx_source_test -f shared
