# SPDX-License-Identifier: GPL-2.0-only
# An AMD host without confidential VMs: guest_memfd and private memory with KVM_X86_SW_PROTECTED_VM guests.
# boot: machine=amd kernel=series timeout=180 verbs=run,test
. /lib/guest.sh

load kvm-amd
run_test guest_memfd_test
run_test pre_fault_memory_test
run_test private_mem_kvm_exits_test
run_test private_mem_conversions_test
unload kvm-amd
