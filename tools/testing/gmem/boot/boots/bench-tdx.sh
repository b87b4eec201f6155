# SPDX-License-Identifier: GPL-2.0-only
# Measures KVM_TDX_INIT_MEM_REGION on the emulated TDX host. Booted by make bench only, like bench.sh; see there.
# boot: machine=tdx features=-erms,-fsrm kernel=series smp=1 timeout=300 verbs=bench
# boot: append=tsc=reliable kmemleak=off sysctl.vm.percpu_pagelist_high_fraction=8
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test gmem_populate_bench_ioctl
case_ok counters cat "$emul/counters"
