# SPDX-License-Identifier: GPL-2.0-only
# Measures kvm_gmem_populate(). Booted by ../bench.sh only, which counts instructions; see there.
# boot: kernel=host
# boot: cpu=EPYC-Milan,+svm,+npt,-erms,-fsrm
# boot: smp=1 mem=6G timeout=1200
# boot: append=tsc=reliable kmemleak=off
# boot: verbs=bench
. /lib/guest.sh

load kvm-amd
load kvm-gmem-bench
run_test gmem_populate_bench
