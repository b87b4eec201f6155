# SPDX-License-Identifier: GPL-2.0-only
# "make host" in the booted kernel, which is an emulated SEV-SNP host. What it says of the machine, and tests, natively.
# It gets the short ones: guest_memfd_test pre_fault_memory_test sev_snp_launch_update_test
# boot: machine=snp kernel=series timeout=180 verbs=test pack=host
. /lib/guest.sh

export BUILD=/tmp/build HOST_TESTS=/tests SERIES=yes
host() { sh /gmem/verbs/host.sh; }
has() { grep -E "$1" /tmp/said; }

want_fail no-kvm 'no test can run here' host
cp "$STATE/out" /tmp/said
case_ok no-kvm-reason has '^# skipped: guest_memfd_test: KVM is not loaded: modprobe kvm_amd'

load kvm-amd
case_ok run host
cp "$STATE/out" /tmp/said
case_ok snp has '^# SNP: yes, firmware 1\.'
case_ok tdx has '^# TDX: no, not an Intel CPU'
case_ok guest_memfd-ran has '^ok [0-9]+ - host/guest_memfd_test$'
case_ok snp-ran has '^ok [0-9]+ - host/sev_snp_launch_update_test/plan$'
case_ok tdx-skipped has '^ok [0-9]+ - host/tdx_init_mem_region_test # SKIP not an Intel CPU'
case_ok not-there-skipped has '^ok [0-9]+ - host/sev_smoke_tes[t] # SKIP it is not in /tests' # spelled so that it is not packed

# A test that fails fails it all
mkdir /tmp/tests
printf '#!/bin/sh\nexit 1\n' >/tmp/tests/guest_memfd_test
chmod +x /tmp/tests/guest_memfd_test
HOST_TESTS=/tmp/tests
want_fail failure '^not ok [0-9]+ - host/guest_memfd_test' host
unload kvm-amd
