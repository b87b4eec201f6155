# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host with 48 address bits and an EPT with four levels, all that TDs can use; and KVM_RUN of anything.
# boot: machine=tdx-pa48 kernel=series timeout=300 verbs=test
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test tdx_init_mem_region_test
run_test coco_tdx_digest_test
run_test coco_tdx_strict_test
run_test coco_tdx_config_test
run_test coco_tdx_run_test
unload kvm-intel
