# SPDX-License-Identifier: GPL-2.0-only
# A page that firmware refused is left with it.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=coco_snp_failure_test/failure.launch_update
s/if (!snp_page_reclaim(kvm, pfn) &&/if (1 \&\&/
s/if (ret \&\& !snp_page_reclaim(kvm, pfn) &&/if (ret \&\&/
