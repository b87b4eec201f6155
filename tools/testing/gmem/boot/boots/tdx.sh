# SPDX-License-Identifier: GPL-2.0-only
# An emulated TDX host: KVM_TDX_INIT_MEM_REGION through KVM's own code, from VMXON to the teardown of the TD.
# boot: machine=tdx kernel=series,kasan timeout=240 verbs=test,short,coverage
. /lib/guest.sh

tdx_is_on() { [ "$(cat /sys/module/kvm_intel/parameters/tdx)" = Y ]; }
calls() { sed -n "s/^$1 //p" "$emul/counters"; }
# Every CPU has left VMX root operation as often as it entered it
vmx_is_off() { [ "$(calls VMXON)" = 2 ] && [ "$(calls VMXOFF)" = 2 ]; }
# The module is initialized once per boot, the CPUs enter VMX root operation again
was_kept() { [ "$(calls VMXON)" = 4 ] && [ "$(calls TDH.SYS.INIT)" = 1 ] && [ "$(calls TDH.SYS.LP.INIT)" = 2 ]; }

# Linux 7.3 starts TDX at boot, not with kvm-intel, and does not stop it with that
at_boot=$(calls VMXON)
kvm_starts_it() { if [ "$at_boot" = 0 ]; then case_ok "$@"; else skip_case "$1" "TDX was started at boot"; fi; }

load kvm-intel tdx=1 nested=0
case_ok tdx-on tdx_is_on
run_test tdx_init_mem_region_test
unload kvm-intel
kvm_starts_it vmx-off vmx_is_off

case_ok reload modprobe kvm-intel tdx=1 nested=0
case_ok tdx-on-again tdx_is_on
kvm_starts_it module-kept was_kept
run_test coco_tdx_digest_test
run_test coco_tdx_vmm_test
swap_on
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
run_test coco_tdx_source_test
run_test coco_tdx_strict_test
run_test coco_tdx_config_test
run_test coco_tdx_run_test
case_ok unload-again modprobe -r kvm-intel
