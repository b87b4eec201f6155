# SPDX-License-Identifier: GPL-2.0-only
# Shared memory of an SNP guest is made private in the RMP.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: fails=coco_snp_launch_test/launch.shared_guest_memfd
/^int sev_gmem_\(prepare\|make_private\)(/,/^}/s/if (!kvm_mem_is_private(kvm, gfn))/if (0)/
