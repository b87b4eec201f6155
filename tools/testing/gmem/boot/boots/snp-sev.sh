# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host: how its firmware has to be started and stopped, which ccp does not do while kvm-amd does
# not ask for it; then SEV and SEV-ES guests, through the real ioctls and as far as they need not run.
# boot: machine=snp kernel=series timeout=300 verbs=test
. /lib/guest.sh

load kvm-amd sev=0
run_test coco_snp_platform_test
unload kvm-amd
case_ok load-again modprobe kvm-amd sev=1
run_test coco_sev_launch_test
run_test coco_sev_strict_test
run_test sev_migrate_tests
case_ok unload-with-ccp modprobe -r kvm-amd ccp
case_ok all-pages-back rmp_is_back host-writes
