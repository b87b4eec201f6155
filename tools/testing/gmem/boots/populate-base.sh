# SPDX-License-Identifier: GPL-2.0-only
# The cases of populate on the base: the same where the series changes nothing, its own results where it does, and
# everybody waits for a source that is not there.
# boot: kernel=base
# boot: cpu=EPYC-Milan,+svm,+npt
# boot: smp=2 mem=2G timeout=180
# boot: verbs=test
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
case_ok swap sh -c 'echo 64M >/sys/block/zram0/disksize && mkswap /dev/zram0 && swapon /dev/zram0'
run_test gmem_populate_content_test
run_test gmem_populate_source_test
run_test gmem_populate_state_test
run_test gmem_populate_progress_test
run_test gmem_populate_hwpoison_test
