# SPDX-License-Identifier: GPL-2.0-only
# ASIDs are used again without DF_FLUSH.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp-sev
# mutant: fails=coco_sev_launch_test/asids.shared_and_recycled
s/if (sev_flush_asids(min_asid, max_asid))/if (0 \&\& sev_flush_asids(min_asid, max_asid))/
