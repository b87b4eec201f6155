# SPDX-License-Identifier: GPL-2.0-only
# kvm_gmem_populate() and guest_memfd on a host with two NUMA nodes, and memory policies of the file.
# boot: machine=amd-numa kernel=series,base timeout=180 verbs=test,coverage
. /lib/guest.sh

case_ok two-nodes test -d /sys/devices/system/node/node1
load kvm-amd
load kvm-gmem-test
run_test gmem_populate_numa_test
run_test guest_memfd_test
