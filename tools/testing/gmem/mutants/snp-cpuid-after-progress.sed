# SPDX-License-Identifier: GPL-2.0-only
# A CPUID page is written back by a call that succeeds.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=sev_snp_launch_update_test/launch_update.cpuid_write_back_in_range,coco_snp_launch_test/launch.cpuid_third_of_five
s/sev_populate_args.cpuid_rejected = false;/;/
/cpuid_page = cpuid_page;/,/^\tif (count < 0) {$/s/^\tif (count < 0) {$/\tif (count > 0 \&\& sev_populate_args.cpuid_rejected \&\&\n\t    copy_to_user(src + count * PAGE_SIZE, cpuid_page, PAGE_SIZE))\n\t\treturn -EIO;\n&/
