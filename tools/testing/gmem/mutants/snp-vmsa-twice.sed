# SPDX-License-Identifier: GPL-2.0-only
# SNP_LAUNCH_FINISH measures the state of a vCPU again that belongs to the guest.
# mutant: base=6.19 file=arch/x86/kvm/svm/sev.c boot=snp
# mutant: test=coco_snp_late_test fails=kernel-log
/^static int snp_launch_update_vmsa(/,/^}/s/if (vcpu->arch.guest_state_protected)/if (0)/
