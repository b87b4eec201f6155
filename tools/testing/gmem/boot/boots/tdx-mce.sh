# SPDX-License-Identifier: GPL-2.0-only
# TDs whose memory the host has written to, on the emulated TDX host: a machine check, of which KVM and the kernel get to
# know. The warnings are a known fault: KVM cannot take pages from a TD that is lost.
# boot: machine=tdx-guest kernel=series timeout=360 verbs=test base=6.19
# boot: splat=WARNING: arch/x86/kvm/(vmx/(tdx|main)|.*/kvm_main)[.]c:
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test coco_tdx_mce_test
unload kvm-intel
