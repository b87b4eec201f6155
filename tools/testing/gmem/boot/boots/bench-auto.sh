# SPDX-License-Identifier: GPL-2.0-only
# bench with the page allocator left to itself. How many pages its per-CPU lists hold changes all the time, at most 1/8
# of a zone, here 512 MiB. What a longer range needs comes from the buddy lists. BENCH_BOOT=bench-auto of make bench.
# boot: machine=amd features=-erms,-fsrm kernel=series smp=1 mem=6G timeout=1200 verbs=bench
# boot: append=tsc=reliable kmemleak=off
. /lib/guest.sh

load kvm-amd
load kvm-gmem-bench
# shellcheck disable=SC2086 # nothing, and the program has a default, or one word
run_test gmem_populate_bench ${MAX_PAGES:-}
