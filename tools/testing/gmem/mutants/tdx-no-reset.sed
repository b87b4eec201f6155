# SPDX-License-Identifier: GPL-2.0-only
# A page that was taken from a TD is not reset where the CPU has the erratum.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx-pw-mce
# mutant: fails=coco_tdx_digest_test/tdx.mrtd_of_measured_page
/^static int tdx_mem_page_remove(/,/^}/s/tdx_quirk_reset_pa[a-z]*([^;]*);//
