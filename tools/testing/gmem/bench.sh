#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bench.sh [KERNEL...]: measure kvm_gmem_populate() in each of these kernels, by default all three:
#   base      the base, as in BASE
#   series    base and patches/
#   upstream  the Linux that has what was merged meanwhile, from a source package of Debian
# Each is built from config/bench.config with the benchmark driver and nothing else added, and booted RUNS times
# (default 3) with one CPU. QEMU counts instructions (-icount): 1 instruction is 1 ns of guest time, so that a figure
# does not depend on how fast or how busy this machine is.
# BENCH_BUILD=no measures the kernels that are there as they are; MAX_PAGES=4096 leaves the long ranges out.
# Results: build/bench/results.{tsv,md,rst} and *.svg
set -eu
. "$(dirname "$0")/lib.sh"

UPSTREAM=7.3.4-1~bpo13+1
UPSTREAM_SHA256=703e369ddd4cce971452f5a593ee55df3a5c10c83caf0fa0df039633ed181ee3
RUNS=${RUNS:-3}
MAX_PAGES=${MAX_PAGES:-262144}

bench=$BUILD/bench
mkdir -p "$bench" "$LOG"

progress() { say "bench $(date +%T) $*"; }

# What a tree was made from; made again if that changes
made_from()
{
	cat "$TOP/BASE"
	case $1 in
	series) cat "$TOP"/patches/*.patch ;;
	upstream) echo "$UPSTREAM $UPSTREAM_SHA256" ;;
	esac
}

unpack()
{
	case $1 in
	base)
		tarball=$("$GMEM/base.sh")
		tar -xJf "$tarball" -C "$2" --strip-components=1
		;;
	series)
		# With all objects: what the series does not touch need not be built again.
		build base
		cp -a "$bench/base/." "$2"
		for p in "$TOP"/patches/*.patch; do
			patch -d "$2" -p1 -s -F0 <"$p" || die "$(basename "$p") does not apply" "make am"
		done
		;;
	upstream)
		deb=$("$GMEM/bench-source.sh" $UPSTREAM $UPSTREAM_SHA256)
		name=linux-source-$(echo $UPSTREAM | cut -d . -f 1,2)
		dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$name.tar.xz" | tar -xJ -C "$2" --strip-components=1
		;;
	esac
}

source_tree()
{
	id=$(made_from "$1" | sha256sum | cut -c1-16)
	[ "$(cat "$bench/$1/.bench-source" 2>/dev/null)" != "$id" ] || return 0
	progress "$1: unpack"
	rm -rf "${bench:?}/$1" "$bench/$1.new"
	mkdir -p "$bench/$1.new"
	(unpack "$1" "$bench/$1.new")
	echo "$id" >"$bench/$1.new/.bench-source"
	mv "$bench/$1.new" "$bench/$1"
}

# The driver, and one line each to build it
driver()
{
	for f in "$TOP"/virt/kvm/*; do
		cmp -s "$f" "$1/virt/kvm/$(basename "$f")" || cp "$f" "$1/virt/kvm/"
	done
	grep -q Kconfig.test "$1/arch/x86/kvm/Kconfig" ||
		echo 'source "virt/kvm/Kconfig.test"' >>"$1/arch/x86/kvm/Kconfig"
	grep -q Makefile.test "$1/virt/kvm/Makefile.kvm" ||
		echo 'include $(srctree)/virt/kvm/Makefile.test' >>"$1/virt/kvm/Makefile.kvm"
}

# ARCH: tinyconfig of x86_64 and of x86 differ, e.g. in CONFIG_X86_KERNEL_IBT, which adds instructions.
configure()
{
	kmake "$1" -s ARCH=x86_64 tinyconfig >/dev/null
	cat "$GMEM/config/bench.config" >>"$1/.config"
	kmake "$1" -s ARCH=x86_64 olddefconfig 2>/dev/null
	wrong=$(grep '^CONFIG_' "$GMEM/config/bench.config" | grep -vxFf "$1/.config" || :
		sed -n 's/^# \(CONFIG_[A-Z0-9_]*\) is not set$/\1=/p' "$GMEM/config/bench.config" |
			while read -r option; do grep "^$option" "$1/.config" || :; done)
	[ -z "$wrong" ] || die "config/bench.config does not take: $(echo "$wrong" | paste -s -d " ")" "see $1/.config"
}

# While it is built a tree has the same path, whichever it is: objects of a tree at another path are all built again.
enter()
{
	echo "$1" >"$bench/$1/.bench-kernel"
	mv "$bench/$1" "$bench/tree"
}
leave() { [ ! -d "$bench/tree" ] || mv "$bench/tree" "$bench/$(cat "$bench/tree/.bench-kernel")"; }

build()
{
	source_tree "$1"
	driver "$bench/$1"
	enter "$1"
	if ! cmp -s "$GMEM/config/bench.config" "$bench/tree/.bench-config"; then
		configure "$bench/tree"
		cp "$GMEM/config/bench.config" "$bench/tree/.bench-config"
	fi
	progress "$1: build, log $LOG/bench-build-$1.log"
	kmake "$bench/tree" ARCH=x86_64 bzImage modules >"$LOG/bench-build-$1.log" 2>&1 ||
		{ tail -n 20 "$LOG/bench-build-$1.log"; die "kernel $1 did not build" "see $LOG/bench-build-$1.log"; }
	leave
}

# One binary for all kernels, so that they get the same system calls
program()
{
	[ -d "$bench/series/usr/include/linux" ] || kmake "$bench/series" -s ARCH=x86_64 headers_install
	mkdir -p "$bench/tests/x86"
	gcc -O2 -Wall -static -pthread -I "$TOP/virt/kvm" -I "$bench/series/usr/include" \
		-o "$bench/tests/gmem_populate_bench" "$TOP/tools/testing/selftests/kvm/x86/gmem_populate_bench.c"
	sed "s/^run_test gmem_populate_bench.*/& $MAX_PAGES/" "$GMEM/boots/bench.sh" >"$bench/bench.boot"
}

# Nothing that differs between runs: no clock, no entropy of this machine
qemu_counting()
{
	cat >"$bench/qemu" <<-END
		#!/bin/sh
		exec ${QEMU:-qemu-system-x86_64} "\$@" -icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm -seed 1
	END
	chmod +x "$bench/qemu"
}

run()
{
	progress "$1: run $2 of $RUNS"
	name=bench-$1-$2
	cp "$bench/bench.boot" "$bench/$name.sh"
	KTREE=$bench/$1 TESTS=$bench/tests QEMU=$bench/qemu ACCEL=tcg,thread=single \
		GMEM_SLOW=$((GMEM_SLOW * 3)) "$GMEM/boot.sh" "$bench/$name.sh" >"$bench/$name.tap"
	grep -q '^not ok' "$bench/$name.tap" && sed -n '/^not ok/,$p' "$bench/$name.tap"
	sed -n "s/.*bench:\t/$1\t$2\t/p" "$LOG/$name.log" | tr -d '\r' >"$bench/$name.tsv"
	grep -q "	done	" "$bench/$name.tsv" || die "$name did not come to its end" "see $LOG/$name.log"
}

report()
{
	printf 'kernel\trun\twhat\tsource\tcallback\tpages\tvalue\n' >"$bench/results.tsv"
	for k; do
		for n in $(seq "$RUNS"); do cat "$bench/bench-$k-$n.tsv"; done
	done >>"$bench/results.tsv"
	awk -f "$GMEM/bench.awk" -v format=md "$bench/results.tsv" >"$bench/results.md"
	awk -f "$GMEM/bench.awk" -v format=rst "$bench/results.tsv" >"$bench/results.rst"
	awk -f "$GMEM/bench.awk" -v format=plot -v dir="$bench" "$bench/results.tsv"
	if command -v gnuplot >/dev/null; then
		(cd "$bench" && gnuplot "$GMEM/bench.gnuplot")
	else
		say "no plots: apt-get install gnuplot-nox"
	fi
	awk -f "$GMEM/bench.awk" -v format=tap "$bench/results.tsv" >"$bench/verdicts.tap"
	cat "$bench/verdicts.tap"
	say "results: $bench/results.md, $bench/results.tsv, $bench/*.svg"
}

[ $# -gt 0 ] || set -- base series upstream
for k; do
	case $k in
	base | series | upstream) ;;
	*) die "no kernel $k" "bench.sh [base] [series] [upstream]" ;;
	esac
done

leave
trap leave EXIT
trap 'exit 130' INT TERM
if [ "${BENCH_BUILD:-yes}" != no ]; then
	for k; do build "$k"; done
	[ -d "$bench/series" ] || build series
fi
program
qemu_counting
# At the same time: what is counted does not depend on what else this machine does.
pids=
for k; do
	(for n in $(seq "$RUNS"); do run "$k" "$n"; done) &
	pids="$pids $!"
done
for pid in $pids; do wait "$pid" || die "not every kernel could be measured" "see above"; done
report "$@"
! cat "$bench"/verdicts.tap "$bench"/bench-*-*.tap | grep -q '^not ok'
