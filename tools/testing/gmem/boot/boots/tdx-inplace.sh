# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host with the locking of in-place conversion: initial memory is added without a lockdep report.
# boot: kernel=series-inplace
# boot: cpu=max,vendor=GenuineIntel,-svm,-hypervisor,-avx,-avx2,-la57,xlevel=0x80000008
# boot: smp=2 mem=3G timeout=180
# boot: append=coco_emul=tdx nohibernate
# boot: verbs=test
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test coco_tdx_inplace_test
unload kvm-intel
