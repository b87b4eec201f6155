# SPDX-License-Identifier: GPL-2.0-only
# A ZERO page has to have a page-aligned source address.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=sev_snp_launch_update_test/launch_update.zero_ignores_source
/Firmware zeroes ZERO pages/,/return/s/params.type != KVM_SEV_SNP_PAGE_TYPE_ZERO &&$/1 \&\&/
/^static int snp_launch_update(/,/^}/s/if (params.type == KVM_SEV_SNP_PAGE_TYPE_ZERO)$/if (PAGE_ALIGNED(params.uaddr) \&\& params.uaddr \&\&\n\t    params.type == KVM_SEV_SNP_PAGE_TYPE_ZERO)/
