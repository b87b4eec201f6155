# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host as a server with two sockets: keys are configured and caches are written back on each package.
# boot: machine=tdx-pwl5 smp=2,sockets=2 kernel=series timeout=240 verbs=test
. /lib/guest.sh

calls() { sed -n "s/^$1 //p" "$emul/counters"; }
sockets() { [ "$(sort -u /sys/devices/system/cpu/cpu*/topology/physical_package_id | wc -l)" = "$1" ]; }
on_each_package() { [ "$(calls TDH.SYS.KEY.CONFIG)" = 2 ] && [ "$(calls TDH.MNG.KEY.CONFIG)" = $((2 * $(calls TDH.MNG.CREATE))) ]; }

case_ok two-sockets sockets 2
load kvm-intel tdx=1 nested=0
run_test tdx_init_mem_region_test
case_ok on-each-package on_each_package
run_test coco_tdx_digest_test -T launch_100_times -T mrtd_of_random_launches
run_test coco_tdx_busy_test
unload kvm-intel
