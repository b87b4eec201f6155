# SPDX-License-Identifier: GPL-2.0-only
# A second SNP_LAUNCH_FINISH is accepted.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: test=coco_snp_late_test fails=kernel-log,sev_snp_launch_update_test/launch_update.after_finish
/^static int snp_launch_finish(/,/^}/s/if (snp_launch_finished(kvm))/if (0)/
