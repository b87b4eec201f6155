# SPDX-License-Identifier: GPL-2.0-only
# KVM writes to a page that it has added to a TD.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx-guest
# mutant: fails=coco_tdx_guest_test/run.content
/^static int tdx_gmem_post_populate(/,/^}/s/kvm_tdx->page_add_src = NULL;/&\n\tif (!ret)\n\t\t(*(u8 *)__va(PFN_PHYS(pfn)))++;/
