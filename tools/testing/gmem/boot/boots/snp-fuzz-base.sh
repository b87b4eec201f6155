# SPDX-License-Identifier: GPL-2.0-only
# Negative control of gmem_fuzz: the base has faults that the series cures, and some seconds are enough to meet one of them,
# which is the end of the fuzzer. It may take a task with it, and others wait for what that had locked.
# boot: machine=snp kernel=base timeout=240 verbs=fuzz base=6.19
# boot: append=kmemleak=off
# boot: splat=WARNING: |BUG: unable to handle page fault|Oops: Oops
. /lib/guest.sh

export FUZZ_SEED=1 FUZZ_SECONDS=120
load kvm-amd
stuck_tasks
want_not_ok gmem_fuzz quiet
