# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host: what the host does to an SNP guest. All kinds of sources to launch it from, pages that are
# taken away from it, and pages that it shares while the host is busy elsewhere.
# boot: machine=snp kernel=series timeout=300 verbs=test
. /lib/guest.sh

load kvm-amd
swap_on
run_test coco_snp_guest_source_test
run_test coco_snp_guest_fault_test
run_test coco_snp_guest_convert_test
unload kvm-amd
case_ok all-pages-back rmp_is_back
