# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host, which carries out VM entry and what comes after it: ordinary VMs of the common KVM selftests,
# beside a TD that is launched again and again.
# boot: machine=tdx-guest kernel=series timeout=400 verbs=test
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
# Memory, private and shared
run_test guest_memfd_test
run_test pre_fault_memory_test
run_test private_mem_kvm_exits_test
run_test private_mem_conversions_test
run_test demand_paging_test -b 16M -v 1
# Registers, instructions and what they exit with
run_test sync_regs_test
run_test set_sregs_test
run_test cr4_cpuid_sync_test
run_test xcr0_cpuid_test
run_test coco_tdx_vm_test
run_test cpuid_test
run_test msrs_test
run_test feature_msrs_test
run_test userspace_msr_exit_test
run_test userspace_io_test
run_test fix_hypercall_test
run_test exit_on_emulation_failure_test
run_test monitor_mwait_test
run_test smm_test
# Interrupts and time
run_test set_boot_cpu_id
run_test ucna_injection_test
run_test kvm_clock_test
run_test steal_time
run_test hyperv_ipi
launches coco_tdx_digest_test mrtd_of_several_pages &
run_test -n beside-launches/private_mem_conversions_test private_mem_conversions_test
end_launches
unload kvm-intel
case_ok all-pages-back pamt_is_back
