# SPDX-License-Identifier: GPL-2.0-only
# Negative control of populate-inplace: the base inverts the order of mmap_lock and the invalidate lock, which
# lockdep reports, and everybody waits for a source that is not there.
# boot: kernel=base-inplace
# boot: cpu=EPYC-Milan,+svm,+npt
# boot: smp=2 mem=2G timeout=180
# boot: verbs=test
# boot: splat=possible circular locking dependency detected
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
want_not_ok gmem_populate_lockdep_test lockdep.no_inversion
run_test gmem_populate_progress_test
