# SPDX-License-Identifier: GPL-2.0-only
# Linux as a TD on the emulated TDX host, with one vCPU and with two: it boots to user space, fetches a report of itself,
# and switches off.
# boot: machine=tdx-guest kernel=series timeout=480 verbs=test pack=guest needs=kernel-guest
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test coco_tdx_linux_test
unload kvm-intel
case_ok all-pages-back pamt_is_back
