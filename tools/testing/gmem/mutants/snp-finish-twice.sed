# SPDX-License-Identifier: GPL-2.0-only
# A second SNP_LAUNCH_FINISH is accepted.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=coco_snp_launch_test/launch.finish_twice,sev_snp_launch_update_test/launch_update.after_finish
/^static int snp_launch_finish(/,/^}/s/if (snp_launch_finished(kvm))/if (0)/
