# SPDX-License-Identifier: GPL-2.0-only
# The emulated TDX host with the locking of in-place conversion: initial memory is added without a lockdep report.
# boot: machine=tdx kernel=series-inplace timeout=180 verbs=test
. /lib/guest.sh

load kvm-intel tdx=1 nested=0
run_test coco_tdx_inplace_test
unload kvm-intel
