# SPDX-License-Identifier: GPL-2.0-only
# Measures KVM_SEV_SNP_LAUNCH_UPDATE on the emulated SNP host. Booted by make bench only, like bench.sh; see there.
# The CPU has ERMS, as all that have SNP: without it copy_mc_to_kernel() is memcpy(), which copy_from_user() is not.
# boot: machine=snp kernel=series smp=1 timeout=300 verbs=bench
# boot: append=tsc=reliable kmemleak=off sysctl.vm.percpu_pagelist_high_fraction=8
. /lib/guest.sh

load kvm-amd
run_test gmem_populate_bench_ioctl
case_ok counters cat "$emul/counters"
