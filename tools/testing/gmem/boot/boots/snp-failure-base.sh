# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp-failure: the base lets go of pages that the firmware still has, so that others get them, and
# the list that it keeps of them is corrupted. Each page that is lost takes its ASID along, so there are more of them.
# boot: machine=snp kernel=base timeout=180 verbs=test
# boot: append=kmemleak=off coco_emul_asids=63,48
# boot: splat=WARNING: arch/x86/kvm/svm/sev.c
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
# boot: splat=list_(add|del) corruption|WARNING: lib/list_debug.c
. /lib/guest.sh

load kvm-amd
want_not_ok coco_snp_leak_test leak.reclaim leak.rmpupdate_after_reclaim leak.vmsa leak.punch_hole leak.close
want_not_ok coco_snp_errno_test error.below_stack
