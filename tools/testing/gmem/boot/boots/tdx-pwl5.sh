# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host as servers are: 52 address bits, and an EPT with five levels for them. Here memslots can be
# where a TD has no addresses. And two CPUs in the TDX module, of which one is busy; memory that is pre-faulted after the
# launch; and launches that wait.
# boot: machine=tdx-pwl5 kernel=series timeout=300 verbs=test,coverage
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test tdx_init_mem_region_test
run_test coco_tdx_digest_test
run_test coco_tdx_busy_test
run_test coco_tdx_prefault_test -T page_aug_fatal
run_test coco_tdx_wait_test
unload kvm-intel
