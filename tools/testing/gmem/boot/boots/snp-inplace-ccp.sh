# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp-inplace: the series with ccp as it is, which accesses user memory under its mutex. Lockdep
# reports it, and two tasks wait for each other for ever, so this has to be the last case.
# boot: machine=snp kernel=series-inplace timeout=180 verbs=test
# boot: splat=possible circular locking dependency detected
. /lib/guest.sh

load kvm-amd
want_not_ok coco_snp_lock_test global.lock_order_dev_sev
stuck_tasks
want_not_ok coco_snp_inplace_test global.lock_order global.two_tasks
