# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host, which carries out the instructions of SVM: KVM_RUN of vCPUs that cannot run, and ordinary
# VMs, first alone and then while SNP guests are launched.
# boot: machine=snp kernel=series timeout=300 verbs=test
. /lib/guest.sh

ordinary_vms()
{
	for test in guest_memfd_test pre_fault_memory_test private_mem_kvm_exits_test private_mem_conversions_test; do
		run_test -n "$1$test" $test
	done
}

load kvm-amd
run_test coco_snp_run_test
ordinary_vms alone/
run_test -n alone/set_memory_region_test set_memory_region_test
launches coco_snp_digest_test vector_normal &
ordinary_vms beside-launches/
end_launches
unload kvm-amd
case_ok all-pages-back rmp_is_back
