# SPDX-License-Identifier: GPL-2.0-only
# Memory slots, with and without guest_memfd, on an AMD host without confidential VMs: slow, so a boot of its own.
# boot: kernel=series
# boot: cpu=EPYC-Milan,+svm,+npt
# boot: smp=2 mem=2G timeout=300
# boot: verbs=test
. /lib/guest.sh

load kvm-amd
run_test set_memory_region_test
unload kvm-amd
