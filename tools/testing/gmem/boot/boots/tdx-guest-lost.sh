# SPDX-License-Identifier: GPL-2.0-only
# TDs on the emulated TDX host that are lost while they run: KVM warns, once for each, as in tdx-failure, and gives up that
# VM only.
# boot: machine=tdx-guest kernel=series timeout=300 verbs=test
# boot: splat=WARNING: arch/x86/kvm/(vmx/(tdx|main)|.*/kvm_main)[.]c:
# boot: splat=WARNING: virt/kvm/kvm_main.c
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test coco_tdx_guest_lost_test
unload kvm-intel
