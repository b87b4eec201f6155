# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host: module unload and reload, SHUTDOWN, and the tests of others that need no running guest.
# boot: machine=snp kernel=series timeout=300 verbs=test
. /lib/guest.sh

calls() { sed -n "s/^$1 //p" "$emul/counters"; }
shut_down_as_often_as_started()
{
	echo "SNP_INIT_EX $(calls SNP_INIT_EX), SNP_SHUTDOWN_EX $(calls SNP_SHUTDOWN_EX)"
	test "$(calls SNP_INIT_EX)" = "$(calls SNP_SHUTDOWN_EX)"
}

load kvm-amd
case_ok unload-with-ccp modprobe -r kvm-amd ccp
case_ok all-pages-back rmp_is_back
case_ok shut-down shut_down_as_often_as_started
case_ok load-without-sev modprobe kvm-amd sev=0
run_test coco_snp_hv_fixed_test
case_ok unload-without-sev modprobe -r kvm-amd ccp
case_ok load-again modprobe kvm-amd
run_test sev_init2_tests
run_test -n digest-after-reload coco_snp_digest_test -t vector_normal
case_ok unload-again modprobe -r kvm-amd ccp
case_ok all-pages-back-again rmp_is_back
case_ok shut-down-again shut_down_as_often_as_started
