# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host with one CPU: the firmware answers on the CPU that waits for it, and there is nobody else whose
# TLB or caches had to be flushed.
# boot: machine=snp smp=1 kernel=series timeout=180 verbs=test
. /lib/guest.sh

load kvm-amd
# Its signals have to meet a launch, which takes a minute here
run_test sev_snp_launch_update_test -T signals
run_test coco_snp_digest_test -T hundred_launches -T random_launches
run_test coco_snp_fault_test
run_test coco_snp_wait_test
run_test coco_snp_asid_test -T vmm_killed
run_test coco_snp_df_flush_test
case_ok unload-with-ccp modprobe -r kvm-amd ccp
case_ok load-again modprobe kvm-amd
run_test -n launch-again coco_snp_digest_test -t vector_normal
unload kvm-amd
case_ok all-pages-back rmp_is_back host-writes
