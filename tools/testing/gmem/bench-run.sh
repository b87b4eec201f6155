#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bench-run.sh KERNEL: boot build/bench/KERNEL RUNS times and measure, for bench.sh.
# BENCH_BOOT says by which boot script, by default bench. Results: build/bench/KERNEL-RUN.tsv
set -eu
. "$(dirname "$0")/lib.sh"

kernel=$1
RUNS=${RUNS:-3}
MAX_PAGES=${MAX_PAGES:-262144}
boot=${BENCH_BOOT:-bench}
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

run()
{
	name=$boot-$kernel-$1
	say "bench $(date +%T) $kernel: $boot, run $1 of $RUNS"
	sed "s/^run_test gmem_populate_bench$/& $MAX_PAGES/" "$GMEM/boots/$boot.sh" >"$bench/$name.sh"
	KTREE=$bench/$kernel TESTS=$bench/tests QEMU=$bench/qemu-$kernel ACCEL=tcg,thread=single \
		GMEM_SLOW=$((GMEM_SLOW * 3)) "$GMEM/boot.sh" "$bench/$name.sh" >"$bench/$name.tap"
	grep -q '^not ok' "$bench/$name.tap" && sed -n '/^not ok/,$p' "$bench/$name.tap"
	sed -n "s/.*bench:\t/$kernel\t$1\t/p" "$LOG/$name.log" | tr -d '\r' >"$bench/$kernel-$1.tsv"
	grep -q "	done	" "$bench/$kernel-$1.tsv" || die "$name did not come to its end" "see $LOG/$name.log"
}

qemu_counting
for n in $(seq "$RUNS"); do run "$n"; done
