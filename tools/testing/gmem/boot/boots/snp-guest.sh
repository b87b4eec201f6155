# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host: SEV, SEV-ES and SNP guests run. An SNP guest looks at what it was launched with, and fetches
# its attestation report.
# boot: machine=snp kernel=series timeout=300 verbs=test
. /lib/guest.sh

load kvm-amd
run_test coco_snp_guest_test
run_test coco_snp_report_test
run_test sev_smoke_test
run_test coco_sev_regs_test
run_test coco_snp_run_test
run_test pre_fault_memory_test
run_test private_mem_conversions_test
unload kvm-amd
case_ok all-pages-back rmp_is_back
