# SPDX-License-Identifier: GPL-2.0-only
# Negative control of tdx-pwl5 and tdx-failure: on the base, pages and VMs are lost where two CPUs meet in the TDX
# module, a page that the module keeps is given to the next TD, and some arguments end in a WARN and a dead VM.
# boot: machine=tdx-pwl5 kernel=base timeout=300 verbs=test
# boot: splat=WARNING: arch/x86/kvm/vmx/tdx[.]c:
# boot: splat=WARNING: virt/kvm/kvm_main.c
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
want_not_ok tdx_init_mem_region_test td.measured.gpa_too_wide td.unmeasured.gpa_too_wide \
	td.measured.nr_pages_overflows td.unmeasured.nr_pages_overflows global.finalize_without_vcpu \
	td.measured.source_zero td.unmeasured.source_zero \
	global.memslot_before_init_vm
want_not_ok coco_tdx_busy_test busy.punch_hole_while_measuring busy.measure_while_punching_hole \
	busy.punch_hole_in_finalize busy.punch_hole_after_finalize busy.finalize_before_page_remove
want_not_ok coco_tdx_failure_test lost.mem_range_block.punch_hole lost.mem_page_remove.punch_hole \
	lost.phymem_page_wbinvd.punch_hole lost.mem_range_block.conversion lost.mem_page_remove.conversion \
	lost.phymem_page_wbinvd.conversion

# Pre-faulting, and launches that wait, are the same.
run_test coco_tdx_prefault_test
run_test coco_tdx_wait_test
