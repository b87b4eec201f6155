# SPDX-License-Identifier: GPL-2.0-only
# bench with the page allocator left to itself: how many pages its per-CPU lists hold changes all the time, at most 1/8
# of a zone, here 512 MiB. What a longer range needs comes from the buddy lists. BENCH_BOOT=bench-auto of make bench.
# boot: kernel=series
# boot: cpu=EPYC-Milan,+svm,+npt,-erms,-fsrm
# boot: smp=1 mem=6G timeout=1200
# boot: append=tsc=reliable kmemleak=off
# boot: verbs=bench
. /lib/guest.sh

load kvm-amd
load kvm-gmem-bench
run_test gmem_populate_bench
