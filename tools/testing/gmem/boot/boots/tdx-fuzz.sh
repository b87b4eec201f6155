# SPDX-License-Identifier: GPL-2.0-only
# An emulated TDX host under random ioctls and SEAMCALLs, and a TD with the right MRTD at the end. "make fuzz" for longer.
# boot: machine=tdx-pwl5 kernel=series timeout=240 verbs=test env=SEED,FUZZ_SECONDS,ROUND,ALLOW,ONLY
. /lib/guest.sh

# In make test the input is always the same.
export FUZZ_SEED="${SEED:-0x101}" FUZZ_ROUND="${ROUND:-}" FUZZ_ALLOW="${ALLOW:-}"
seconds=${FUZZ_SECONDS:-20}

load kvm-intel tdx=1 nested=0
run_test gmem_fuzz -t "$((seconds * 4 / 5))"
run_test coco_call_fuzz -t "$((seconds / 5))"
case_ok no-instruction-declined grep '^declined 0$' "$emul/counters"
case_ok no-host-writes grep '^host-writes 0$' "$emul/pamt"
case_ok all-pages-back pamt_is_back 'host-writes|dirty'
run_test coco_tdx_digest_test -t mrtd_of_several_pages
unload kvm-intel
