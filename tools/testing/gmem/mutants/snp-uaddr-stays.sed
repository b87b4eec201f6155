# SPDX-License-Identifier: GPL-2.0-only
# The source address is not advanced.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=sev_snp_launch_update_test/launch_update.shared_gfn_in_range
s/params.uaddr += count \* PAGE_SIZE;/params.uaddr += 0;/
