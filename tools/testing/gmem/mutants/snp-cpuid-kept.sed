# SPDX-License-Identifier: GPL-2.0-only
# What firmware expects of a CPUID page is not written back.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=sev_snp_launch_update_test/launch_update.cpuid_write_back
s/cpuid_rejected = true;/cpuid_rejected = false;/
