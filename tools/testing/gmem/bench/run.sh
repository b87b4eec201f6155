#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# run.sh KERNEL: boot build/bench/KERNEL RUNS times and measure, for verbs/bench.sh.
# base, series and upstream: kvm_gmem_populate(); BENCH_BOOT says by which boot script. coco-KERNEL: the ioctls, on the
# emulated hosts. Results: build/bench/KERNEL-RUN.tsv
set -eu
. "$(dirname "$0")/../lib/lib.sh"

kernel=$1
RUNS=${RUNS:-3}
bench=$BUILD/bench

# Nothing that differs between runs: no clock, no entropy of this machine
qemu_counting()
{
	cat >"$bench/qemu-$kernel" <<-END
		#!/bin/sh
		exec ${QEMU:-qemu-system-x86_64} "\$@" -icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm -seed 1
	END
	chmod +x "$bench/qemu-$kernel"
}

run() # BOOT RUN
{
	name=$1-$kernel-$2
	say "bench $(date +%T) $kernel: $1, run $2 of $RUNS" >&2
	KTREE=$bench/$kernel TESTS=$bench/tests QEMU=$bench/qemu-$kernel ACCEL=tcg,thread=single \
		GMEM_SLOW=$((GMEM_SLOW * 3)) "$GMEM/boot/boot.sh" --name "$name" ${MAX_PAGES:+--set "MAX_PAGES=$MAX_PAGES"} "$1" >"$bench/$name.tap"
	grep -q '^not ok' "$bench/$name.tap" && sed -n '/^not ok/,$p' "$bench/$name.tap" >&2
	sed -n "s/.*bench:\t/${kernel#coco-}\t$2\t/p" "$LOG/$name.log" | tr -d '\r' >"$bench/$name.tsv"
	grep -q "	done	" "$bench/$name.tsv" || die "$name did not come to its end" "see $LOG/$name.log"
}

qemu_counting
case $kernel in
coco-*) boots="bench-snp bench-tdx" ;;
*) boots=${BENCH_BOOT:-bench} ;;
esac
for n in $(seq "$RUNS"); do
	for boot in $boots; do
		run "$boot" "$n"
		cat "$bench/$name.tsv"
	done >"$bench/$kernel-$n.tsv"
done
