# SPDX-License-Identifier: GPL-2.0-only
# TDs on the emulated TDX host, and what the host does besides: all kinds of memory that they are launched from, calls that
# it interrupts, and how it ends them.
# boot: machine=tdx-guest kernel=series timeout=300 verbs=test
. /lib/guest.sh

swap_on
load kvm-intel tdx=1 nested=0
run_test coco_tdx_guest_end_test
run_test coco_tdx_guest_source_test
unload kvm-intel
