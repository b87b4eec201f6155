# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host with one CPU, and so TDs with one vCPU. What needs another one in the module, or a vCPU that moves, is
# skipped.
# boot: machine=tdx-pa48 smp=1 kernel=series timeout=180 verbs=test
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test tdx_init_mem_region_test
run_test coco_tdx_digest_test -T launch_100_times -T mrtd_of_random_launches
run_test coco_tdx_strict_test
run_test coco_tdx_run_test
unload kvm-intel
case_ok reload modprobe kvm-intel tdx=1 nested=0
run_test -n launch-again coco_tdx_digest_test -t mrtd_of_several_pages
case_ok unload-again modprobe -r kvm-intel
