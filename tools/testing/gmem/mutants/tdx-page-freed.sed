# SPDX-License-Identifier: GPL-2.0-only
# A page that the TDX module does not give back is freed.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx-failure
# mutant: fails=coco_tdx_failure_test/lost.mem_range_block.conversion
/^static void tdx_sept_remove_private_spte(/,/^}/s/get_page(page);/(void)page;/
s/get_page(pfn_to_page(pfn));/;/
