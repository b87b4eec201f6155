# SPDX-License-Identifier: GPL-2.0-only
# SNP_LAUNCH_UPDATE is accepted after LAUNCH_FINISH.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: test=coco_snp_late_test fails=kernel-log,sev_snp_launch_update_test/launch_update.after_finish
/^static int snp_launch_update(/,/^}/s/if (snp_launch_finished(kvm))/if (0)/
