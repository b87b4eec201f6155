# SPDX-License-Identifier: GPL-2.0-only
# The status of firmware is not told if there was progress.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=coco_snp_launch_test/launch.error_after_progress
s/argp->error = sev_populate_args.fw_error;/argp->error = count < 0 ? sev_populate_args.fw_error : 0;/
