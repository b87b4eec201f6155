# SPDX-License-Identifier: GPL-2.0-only
# A CPUID page is written back by a call that succeeds.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=sev_snp_launch_update_test/launch_update.cpuid_write_back_in_range,coco_snp_launch_test/launch.cpuid_third_of_five
s/sev_populate_args.cpuid_rejected = false;/;/
