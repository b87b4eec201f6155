# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host under random ioctls, instructions and firmware commands, and a launch with the right digest at
# the end. "make fuzz" for longer.
# boot: machine=snp kernel=series timeout=240 verbs=test env=SEED,FUZZ_SECONDS,ROUND,ALLOW,ONLY
. /lib/guest.sh

# In make test the input is always the same.
export FUZZ_SEED="${SEED:-0x101}" FUZZ_ROUND="${ROUND:-}" FUZZ_ALLOW="${ALLOW:-}"
seconds=${FUZZ_SECONDS:-20}

load kvm-amd
run_test gmem_fuzz -t "$((seconds * 4 / 5))"
run_test coco_call_fuzz -t "$((seconds / 5))"
case_ok no-instruction-declined grep '^declined 0$' "$emul/counters"
case_ok no-host-writes grep '^host-writes 0$' "$emul/rmp"
run_test coco_snp_digest_test -t vector_normal
unload kvm-amd
case_ok all-pages-back rmp_is_back host-writes
