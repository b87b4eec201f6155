# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host when ASIDs run out: the firmware does not activate one that owns pages. One thing that
# neither base nor series get right is held here as it is, see gmem-known-faults.rst: an ASID that has lost a page is used
# again, until SNP is initialized anew.
# boot: machine=snp kernel=series timeout=300 verbs=test
# boot: append=kmemleak=off
# boot: splat=WARNING: arch/x86/kvm/svm/sev.c
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
. /lib/guest.sh

load kvm-amd
run_test coco_snp_asid_test
run_test coco_snp_asid_leak_test
case_ok unload-with-ccp modprobe -r kvm-amd ccp
case_ok load-again modprobe kvm-amd
run_test -n asids-after-reload coco_snp_asid_test -T vmm_killed
unload kvm-amd
