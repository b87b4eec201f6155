# SPDX-License-Identifier: GPL-2.0-only
# An SNP guest is not told that the firmware has refused its request.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp-guest
# mutant: fails=coco_snp_report_test/report.replayed,coco_snp_report_test/report.not_authentic
s/SNP_GUEST_ERR(0, fw_err)/SNP_GUEST_ERR(0, 0)/
