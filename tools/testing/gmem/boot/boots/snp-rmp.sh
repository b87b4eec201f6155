# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host when RMPUPDATE fails, which the kernel reports with a backtrace; memory that is pre-faulted after
# the launch; and launches that wait.
# boot: machine=snp kernel=series timeout=180 verbs=test,coverage
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
. /lib/guest.sh

load kvm-amd
run_test coco_snp_rmp_test
run_test coco_snp_prefault_test
run_test coco_snp_wait_test
unload kvm-amd
