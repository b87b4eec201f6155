# SPDX-License-Identifier: GPL-2.0-only
# Measures KVM_TDX_INIT_MEM_REGION on the emulated TDX host. Booted by make bench only, like bench.sh; see there.
# boot: kernel=series
# boot: cpu=max,vendor=GenuineIntel,-svm,-erms,-fsrm,-hypervisor,-avx,-avx2,-la57,xlevel=0x80000008
# boot: smp=1 mem=3G timeout=300
# boot: append=tsc=reliable kmemleak=off sysctl.vm.percpu_pagelist_high_fraction=8 coco_emul=tdx nohibernate
# boot: verbs=bench
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test gmem_populate_bench_ioctl
case_ok counters cat /sys/kernel/debug/coco_emul/counters
