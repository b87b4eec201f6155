# SPDX-License-Identifier: GPL-2.0-only
# A page that firmware does not give back is freed.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp-failure
# mutant: fails=coco_snp_leak_test/leak.reclaim
/^static int snp_page_reclaim(/,/^}/s/snp_leak_pages(pfn, 1);/;/
