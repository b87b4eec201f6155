# SPDX-License-Identifier: GPL-2.0-only
# A TD is finalized without mmu_lock.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx-pwl5
# mutant: fails=coco_tdx_busy_test/busy.punch_hole_after_finalize
/^static int tdx_td_finalize(/,/^}/s/guard(write_lock)(&kvm->mmu_lock);//
