# SPDX-License-Identifier: GPL-2.0-only
# A page that belongs to the guest is loaded once more.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=sev_snp_launch_update_test/launch_update.same_page_twice
/^static int sev_gmem_post_populate(/,/^}/s/if (ret || assigned)/if (ret)/
