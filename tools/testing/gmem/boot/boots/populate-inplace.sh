# SPDX-License-Identifier: GPL-2.0-only
# kvm_gmem_populate() with the locking of in-place conversion, see inplace.diff: the order of the locks, progress,
# sources in the same file.
# boot: machine=amd kernel=series-inplace timeout=180 verbs=test
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
run_test gmem_populate_lockdep_test
run_test gmem_populate_progress_test
run_test gmem_populate_inplace_test
run_test gmem_populate_error_test
