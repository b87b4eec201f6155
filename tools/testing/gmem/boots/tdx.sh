# SPDX-License-Identifier: GPL-2.0-only
# An emulated TDX host: KVM_TDX_INIT_MEM_REGION through KVM's own code, from VMXON to the teardown of the TD.
# boot: kernel=host
# boot: cpu=max,vendor=GenuineIntel,-svm,-hypervisor,-avx,-avx2,-la57
# boot: smp=2 mem=4G timeout=240
# boot: append=coco_emul=tdx nohibernate
# boot: verbs=run,test
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
case_ok module-initialized grep -q '^Y$' /sys/module/kvm_intel/parameters/tdx
case_ok counters cat /sys/kernel/debug/coco_emul/counters
case_ok pamt cat /sys/kernel/debug/coco_emul/pamt
unload kvm-intel
