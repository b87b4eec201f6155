# SPDX-License-Identifier: GPL-2.0-only
# A memory error in the source is not recoverable.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=kernel-log test=coco_snp_memory_error_test
s/^\tif (src_page && copy_mc_highpage(.*/\tif (src_page)\n\t\tcopy_highpage(pfn_to_page(pfn), src_page);\n\tif (0) {/
