# SPDX-License-Identifier: GPL-2.0-only
# Control pages are not reset where the CPU has the erratum.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx-pw-mce
# mutant: fails=coco_tdx_digest_test/tdx.mrtd_of_nothing
/^static int tdx_reclaim_page(/,/^}/s/tdx_quirk_reset_pa.*;/(void)0;/
