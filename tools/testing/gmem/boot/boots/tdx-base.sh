# SPDX-License-Identifier: GPL-2.0-only
# Negative control of tdx-pwl5 and tdx-failure: on the base, pages and VMs are lost where two CPUs meet in the TDX
# module, a page that the module keeps is given to the next TD, and some arguments end in a WARN and a dead VM.
# boot: machine=tdx-pwl5 kernel=base timeout=300 verbs=test,short
# boot: splat=WARNING: .*virt/kvm/kvm_main.c
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
want_not_ok tdx_init_mem_region_test
want_only_not_ok coco_tdx_prefault_test
# Launches that wait are the same.
run_test coco_tdx_wait_test
# Last, as whoever gets the pages that are lost fails
want_not_ok coco_tdx_busy_test
want_not_ok coco_tdx_failure_test
