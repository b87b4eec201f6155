# SPDX-License-Identifier: GPL-2.0-only
# A source address that is not page-aligned gets as far as guest_memfd.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=sev_snp_launch_update_test/launch_update.unaligned_source
s/(!params.uaddr || !PAGE_ALIGNED(params.uaddr))/!params.uaddr/
