# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host with SEAMCALLs that fail for good, and TDs that are lost: KVM warns, once for each, and gives up
# that VM only. The two other warnings are known faults: KVM_RUN and KVM_PRE_FAULT_MEMORY of a TD that is lost.
# boot: machine=tdx kernel=series timeout=300 verbs=test,coverage
# boot: splat=WARNING: arch/x86/kvm/(vmx/(tdx|main)|.*/kvm_main)[.]c:
# boot: splat=WARNING: virt/kvm/kvm_main.c
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test coco_tdx_failure_test
run_test coco_tdx_lost_test
run_test coco_tdx_prefault_test -t page_aug_fatal
unload kvm-intel
