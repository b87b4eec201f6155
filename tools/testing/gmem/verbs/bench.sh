#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: instructions per page and per lock hold: base, series and Linux 7.3
# bench.sh [KERNEL...]: measure kvm_gmem_populate() in each of these kernels, by default in all of them:
#   base      the base, as in patches/BASE
#   series    base and patches/
#   upstream  the base of patches/7.3, which has what was merged meanwhile
#   coco-KERNEL  the same for the ioctls of SNP and TDX, on the emulated hosts
# Each is built by bench/build.sh and booted RUNS times (default 3) with one CPU, two kernels at a time. QEMU counts
# instructions (-icount): 1 instruction is 1 ns of guest time, so that a figure does not depend on how fast or how busy
# this machine is.
# BENCH_BOOT=bench-auto measures with the page allocator left to itself, see there; BENCH_PATCHES and BENCH_CONFIG: see
# bench/build.sh.
# BENCH_BUILD=no measures the kernels that are there as they are, BENCH_RUN=no only reports what bench/run.sh has measured;
# MAX_PAGES=4096 leaves the long ranges out.
# Results: build/bench/results.{tsv,md,rst} and *.svg
set -eu
. "$(dirname "$0")/../lib/lib.sh"

RUNS=${RUNS:-3}
bench=$BUILD/bench
export RUNS

# One binary for all kernels, so that they get the same system calls
program()
{
	kmake "$bench/series" -s ARCH=x86_64 headers_install
	mkdir -p "$bench/tests/x86"
	for p in gmem_populate_bench gmem_populate_bench_ioctl; do
		gcc -O2 -Wall -static -pthread -I "$bench/series/usr/include" \
			-o "$bench/tests/$p" "$TOP/tools/testing/selftests/kvm/x86/$p.c"
	done
}

report()
{
	printf 'kernel\trun\twhat\tsource\tcallback\tpages\tvalue\n' >"$bench/results.tsv"
	for k; do
		for n in $(seq "$RUNS"); do cat "$bench/$k-$n.tsv"; done
	done >>"$bench/results.tsv"
	awk -f "$GMEM/bench/bench.awk" -v format=md "$bench/results.tsv" >"$bench/results.md"
	awk -f "$GMEM/bench/bench.awk" -v format=rst "$bench/results.tsv" >"$bench/results.rst"
	awk -f "$GMEM/bench/bench.awk" -v format=plot -v dir="$bench" "$bench/results.tsv"
	if command -v gnuplot >/dev/null; then
		(cd "$bench" && gnuplot "$GMEM/bench/bench.gnuplot") 2>"$LOG/bench-plots.log" ||
			say "no plots, as of kernels that have nothing to plot (coco-*): $LOG/bench-plots.log"
	else
		say "no plots: apt-get install gnuplot-nox"
	fi
	awk -f "$GMEM/bench/bench.awk" -v format=tap "$bench/results.tsv" | cat "$bench"/bench-*-*.tap - | tap_file "$LOG/bench.tap"
	say "results: $bench/results.md, $bench/results.tsv, $bench/*.svg"
}

kernels="base series upstream coco-base coco-series coco-upstream"
# With BASE=7.3 the base is what upstream would be
[ "${BASE:-}" != 7.3 ] || kernels="base series coco-base coco-series"
# shellcheck disable=SC2086 # a list
[ $# -gt 0 ] || set -- $kernels
for k; do
	case " $kernels " in
	*" $k "*) ;;
	*) die "no kernel $k" "bench.sh [KERNEL...], of: $kernels" ;;
	esac
done

alone "$bench"
mkdir -p "$LOG"
[ "${DEPS:-}" = no ] || "$GMEM/verbs/deps.sh" gnuplot-nox
if [ "${BENCH_BUILD:-yes}" != no ]; then
	"$GMEM/bench/build.sh" "$@"
	[ -d "$bench/series" ] || "$GMEM/bench/build.sh" series
fi
# At the same time: what is counted does not depend on what else this machine does.
if [ "${BENCH_RUN:-yes}" != no ]; then
	program
	rm -f "$bench"/*.tap "$bench"/*.tsv
	printf '%s\n' "$@" | xargs -P 2 -n 1 "$GMEM/bench/run.sh" ||
		die "not every kernel could be measured" "see above"
fi
report "$@"
summary "$LOG/bench.tap"
