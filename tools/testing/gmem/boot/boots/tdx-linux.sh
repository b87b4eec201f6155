# SPDX-License-Identifier: GPL-2.0-only
# Linux as a TD on the emulated TDX host, with one vCPU and with two: it boots to user space, fetches a report of itself,
# and switches off.
# boot: machine=tdx-guest kernel=series timeout=480 verbs=test pack=guest needs=kernel-guest
. /lib/guest.sh

all_pages_back() { ! grep -E '^(REG|TDR|TDCX|TDVPR|EPT|host-writes|dirty) ' /sys/kernel/debug/coco_emul/pamt | grep -v ' 0$'; }

load kvm-intel tdx=1 nested=0
run_test coco_tdx_linux_test
unload kvm-intel
case_ok all-pages-back all_pages_back
