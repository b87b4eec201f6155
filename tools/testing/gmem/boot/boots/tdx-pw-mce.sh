# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host on a CPU that has to be told by MOVDIR64B when memory is no longer private.
# boot: machine=tdx-pw-mce kernel=series timeout=300 verbs=test
. /lib/guest.sh

has_erratum() { grep -qw tdx_pw_mce /proc/cpuinfo; }
resets() { [ "$(sed -n 's/^MOVDIR64B //p' "$emul/counters")" -gt 0 ]; }

case_ok erratum has_erratum
load kvm-intel tdx=1 nested=0
run_test tdx_init_mem_region_test
run_test coco_tdx_digest_test
case_ok pages-reset resets
unload kvm-intel
