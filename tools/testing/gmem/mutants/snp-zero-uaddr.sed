# SPDX-License-Identifier: GPL-2.0-only
# A source address of 0 is taken.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=sev_snp_launch_update_test/launch_update.no_source
s/(!params.uaddr || !PAGE_ALIGNED(params.uaddr))/!PAGE_ALIGNED(params.uaddr)/
