# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host runs TDs: from the reset vector on, with the memory that they were launched with, and what they ask
# of the host.
# boot: machine=tdx-guest kernel=series timeout=300 verbs=run,test
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test coco_tdx_guest_test
run_test coco_tdx_guest_cpu_test
run_test coco_tdx_guest_vmcall_test
unload kvm-intel
