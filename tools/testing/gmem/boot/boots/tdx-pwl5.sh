# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host as servers are: 52 address bits, and an EPT with five levels for them. Here memslots can be
# where a TD has no addresses. And two CPUs in the TDX module, of which one is busy.
# boot: kernel=series
# boot: cpu=max,vendor=GenuineIntel,family=6,model=122,stepping=1,phys-bits=52,-svm,-hypervisor,-avx,-avx2,-la57,xlevel=0x80000008
# boot: smp=2 mem=3G timeout=180
# boot: append=coco_emul=tdx nohibernate
# boot: verbs=test
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test tdx_init_mem_region_test
run_test coco_tdx_test
run_test coco_tdx_busy_test
unload kvm-intel
