# SPDX-License-Identifier: GPL-2.0-only
# Half of a page is measured.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=coco_tdx_digest_test/tdx.mrtd_of_measured_page
s/i < PAGE_SIZE; i += TDX_EXTENDMR_CHUNKSIZE/i < PAGE_SIZE \/ 2; i += TDX_EXTENDMR_CHUNKSIZE/
