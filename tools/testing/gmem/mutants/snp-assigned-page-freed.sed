# SPDX-License-Identifier: GPL-2.0-only
# A page that cannot be made shared when it is removed from the file is freed.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp-failure
# mutant: fails=coco_snp_leak_test/leak.punch_hole,coco_snp_leak_test/leak.close
/^void sev_gmem_\(invalidate\|make_shared\)(/,/^}/s/snp_leak_pages(pfn, .*);/;/
