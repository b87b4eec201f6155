# SPDX-License-Identifier: GPL-2.0-only
# KVM does not take over what an SNP guest writes to CR4.
# mutant: file=arch/x86/kvm/svm/svm.c boot=snp-guest
# mutant: fails=coco_snp_guest_test/guest.cr4_write_trap
/^static int cr_trap(/,/^}/s/svm_set_cr4(vcpu, new_value);//
