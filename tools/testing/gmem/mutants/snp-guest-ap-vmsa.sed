# SPDX-License-Identifier: GPL-2.0-only
# An AP runs from KVM's own VMSA in place of the one that the guest has made.
# mutant: file=arch/x86/kvm/svm/sev.c boot=snp-guest
# mutant: fails=coco_snp_guest_test/guest.ap_creation
s/vmsa_pa = pfn_to_hpa(pfn);/vmsa_pa = __pa(svm->sev_es.vmsa);/
