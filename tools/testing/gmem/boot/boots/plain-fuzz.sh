# SPDX-License-Identifier: GPL-2.0-only
# Random ioctls on ordinary and software-protected VMs, whose vCPUs run, and on the populate test driver. "make fuzz" for
# longer.
# boot: machine=amd kernel=series timeout=240 verbs=test env=SEED,FUZZ_SECONDS,ROUND,ALLOW,ONLY
. /lib/guest.sh

# In make test the input is always the same.
export FUZZ_SEED="${SEED:-0x101}" FUZZ_ROUND="${ROUND:-}" FUZZ_ALLOW="${ALLOW:-}"

load kvm-amd
load kvm-gmem-test
run_test gmem_fuzz -t "${FUZZ_SECONDS:-20}"
run_test guest_memfd_test
case_ok unload/kvm-gmem-test rmmod kvm-gmem-test
unload kvm-amd
