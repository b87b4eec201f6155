# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp-failure: the base lets go of pages that the firmware still has, so that others get them, and
# the list that it keeps of them is corrupted.
# boot: kernel=base
# boot: cpu=EPYC-Milan,+svm,+npt,-hypervisor,xlevel=0x80000021
# boot: smp=2 mem=2G timeout=180
# boot: verbs=test
# boot: append=coco_emul=snp kmemleak=off
# boot: splat=WARNING: arch/x86/kvm/svm/sev.c
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
# boot: splat=list_(add|del) corruption|WARNING: lib/list_debug.c
. /lib/guest.sh

load kvm-amd
want_not_ok coco_snp_leak_test leak.reclaim leak.rmpupdate_after_reclaim leak.vmsa leak.punch_hole leak.close
want_not_ok coco_snp_errno_test error.below_stack
