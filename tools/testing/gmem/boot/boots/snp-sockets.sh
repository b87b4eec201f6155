# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host as a server with two sockets: 1006 ASIDs, of which 40 are for SNP guests, and guests that may be on
# one socket only.
# boot: machine=snp smp=2,sockets=2 kernel=series timeout=240 verbs=test
# boot: append=coco_emul_asids=1006,41
. /lib/guest.sh

enabled() { dmesg | grep "kvm_amd: $1 enabled (ASIDs $2)"; }
sockets() { [ "$(sort -u /sys/devices/system/cpu/cpu*/topology/physical_package_id | wc -l)" = "$1" ]; }

case_ok two-sockets sockets 2
load kvm-amd
case_ok sev-asids enabled SEV "41 - 1006"
case_ok snp-asids enabled SEV-SNP "1 - 40"
run_test sev_snp_launch_update_test -T signals
run_test coco_snp_digest_test -T hundred_launches -T random_launches
run_test coco_snp_fault_test
run_test coco_snp_asid_test -T vmm_killed
case_ok unload-with-ccp modprobe -r kvm-amd ccp
case_ok all-pages-back rmp_is_back host-writes
