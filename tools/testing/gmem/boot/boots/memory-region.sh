# SPDX-License-Identifier: GPL-2.0-only
# Memory slots, with and without guest_memfd, on an AMD host without confidential VMs: slow, so a boot of its own.
# boot: machine=amd kernel=series timeout=300 verbs=test
. /lib/guest.sh

load kvm-amd
run_test set_memory_region_test
unload kvm-amd
