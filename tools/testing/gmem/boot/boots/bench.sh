# SPDX-License-Identifier: GPL-2.0-only
# Measures kvm_gmem_populate(). Booted by make bench only, which counts instructions; see there.
#
# The size of the page allocator's per-CPU lists is fixed, and such that they hold a range of 1 GiB: otherwise it depends
# on the length of a range, and on what was measured before it, which share of the pages comes from the buddy lists.
# boot: machine=amd features=-erms,-fsrm kernel=series smp=1 mem=12G timeout=1200 verbs=bench
# boot: append=tsc=reliable kmemleak=off sysctl.vm.percpu_pagelist_high_fraction=8
. /lib/guest.sh

load kvm-amd
load kvm-gmem-bench
# shellcheck disable=SC2086 # nothing, and the program has a default, or one word
run_test gmem_populate_bench ${MAX_PAGES:-}
