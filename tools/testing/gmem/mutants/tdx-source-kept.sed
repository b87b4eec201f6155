# SPDX-License-Identifier: GPL-2.0-only
# The source page is not forgotten after the page was added.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=tdx_init_mem_region_test/td.measured.regions
/^static int tdx_gmem_post_populate(/,/^}/s/kvm_tdx->page_add_src = NULL;//
