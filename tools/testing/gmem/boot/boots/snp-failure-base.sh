# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp-failure: the base lets go of pages that the firmware still has, so that others get them, and
# the list that it keeps of them is corrupted. Whoever writes to one first does not survive it, so RMP faults are off,
# which coco_snp_fault_test has to notice.
# boot: machine=snp kernel=base timeout=180 verbs=test
# boot: append=kmemleak=off
# boot: splat=WARNING: arch/x86/kvm/svm/sev.c
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
# boot: splat=list_(add|del) corruption|WARNING: lib/list_debug.c
. /lib/guest.sh

load kvm-amd
case_ok no-rmp-faults sh -c 'echo N >/sys/kernel/debug/coco_emul/faults'
want_not_ok coco_snp_leak_test leak.reclaim leak.rmpupdate_after_reclaim leak.vmsa leak.punch_hole leak.close
want_not_ok coco_snp_errno_test error.below_stack
want_not_ok coco_snp_fault_test fault.assigned_by_rmpupdate fault.neighbours fault.launch fault.large_entry \
	fault.other_cpu
