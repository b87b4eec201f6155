# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host with SEAMCALLs that fail for good: KVM warns, once for each, and gives up that VM only.
# boot: kernel=series
# boot: cpu=max,vendor=GenuineIntel,-svm,-hypervisor,-avx,-avx2,-la57,xlevel=0x80000008
# boot: smp=2 mem=3G timeout=180
# boot: append=coco_emul=tdx nohibernate
# boot: verbs=test
# boot: splat=WARNING: arch/x86/kvm/vmx/tdx[.]c:
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test coco_tdx_failure_test
unload kvm-intel
