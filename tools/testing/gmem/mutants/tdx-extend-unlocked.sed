# SPDX-License-Identifier: GPL-2.0-only
# The measurement is extended without mmu_lock.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx-pwl5
# mutant: fails=coco_tdx_busy_test/busy.punch_hole_while_measuring
/^static int tdx_gmem_post_populate(/,/^}/s/guard(write_lock)(&kvm->mmu_lock);//
