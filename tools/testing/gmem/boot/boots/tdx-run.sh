# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host, in short: launches whose MRTD is the calculated one, and the series' own test.
# boot: machine=tdx kernel=series timeout=120 verbs=run
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test coco_tdx_digest_test -t mrtd_of_nothing -t mrtd_of_measured_page -t mrtd_of_several_pages -t mrtd_of_random_launches
run_test tdx_init_mem_region_test
unload kvm-intel
