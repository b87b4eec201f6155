#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: run the whole KVM selftest suite on base and series; only a difference fails
# with: SUITE='guest_memfd*'  only these
# with: KVM_UNIT_TESTS=DIR TESTS='svm* apic'  a built copy of kvm-unit-tests in place of it, or some tests of that
# selftests.sh: all KVM selftests on the base and on the series, the same binaries on both. Only a difference is a failure.
# A test may fail by chance, the more so on an emulated CPU: what differs is run again on both, and counts if it differs
# again. What did not is listed.
#
#   SUITE="PATTERN..."  some of the tests, by name
#   SUITE_TIMEOUT=S     seconds that one test may take, 120 by default; kvm-unit-tests say themselves how long
set -eu
. "$(dirname "$0")/../lib/lib.sh"

unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
work=$BUILD/suite
unit=${KVM_UNIT_TESTS:-}
suite=suite wanted=${SUITE:-*}
[ -z "$unit" ] || suite=unit-tests wanted=${TESTS:-*}
# image.sh has its own idea of it
unset TESTS
# Both have the overlay, which changes nothing as long as no test asks for it.
kernels="base series"

# The tests to run, one in a line. gmem_populate_* and coco_* need the test driver or an emulated host, and have boots
# of their own.
tests()
{
	for pattern in $wanted; do
		find "$BUILD/tree/series/tools/testing/selftests/kvm/" -maxdepth 2 -type f -perm -u+x -size +64k -name "$pattern" \
			! -name 'gmem_populate_*' ! -name 'coco_*' -printf '%f\n' | sort | grep . ||
			die "no selftest of the suite is called $pattern" "ls $BUILD/tree/series/tools/testing/selftests/kvm"
	done
}

# The same for kvm-unit-tests
unit_tests()
{
	awk -f "$GMEM/vmm/unit-tests.awk" "$unit/x86/unittests.cfg" | cut -f 1 >"$work/tests.all"
	for pattern in $wanted; do
		# shellcheck disable=SC2254 # a pattern it is
		while read -r name; do case $name in $pattern) echo "$name" ;; esac; done <"$work/tests.all" | grep . ||
			die "no test of kvm-unit-tests is called $pattern" "see $unit/x86/unittests.cfg"
	done
}

boot_suite() # KERNEL RUN
{
	name=$suite$2-$1
	rm -f "$LOG/$name.log" "$work/$1$2.cases"
	say "$(date +%T) $1: boots, log $LOG/$name.log"
	UNIT_TESTS=$work/tests$2 KTREE=$BUILD/tree/$1 "$GMEM/boot/boot.sh" --name "$name" \
		--set "SUITE=$(paste -s -d ' ' "$work/tests$2")" --set "SUITE_SLOW=$GMEM_SLOW" \
		--set "SUITE_TIMEOUT=$((${SUITE_TIMEOUT:-120} * GMEM_SLOW))" $suite >"$work/$1$2.cases" &
	boot=$!
	while sleep 1 && kill -0 $boot 2>/dev/null; do
		[ $(($(date +%s) % 60)) -ne 0 ] ||
			say "$(date +%T) $1: $(grep -c 'gmem: .*ok [0-9]* - ' "$LOG/$name.log" 2>/dev/null || :) results"
	done
	wait $boot || { cat "$work/$1$2.cases"; die "$1: QEMU could not be started" "see above"; }
}

compare() # RUN: what differs, in $work/cases$1
{
	for kernel in $kernels; do boot_suite "$kernel" "$1"; done
	awk -v prefix=$suite -v tests="$(paste -s -d ' ' "$work/tests$1")" -f "$GMEM/lib/tap.awk" -f "$GMEM/result/suite.awk" \
		"$work/base$1.cases" "$work/series$1.cases" >"$work/cases$1"
}

# The tests to run again: none if one of the boots did not come to its end, that is a failure anyway
differing()
{
	grep -q "^ok - $suite/boot" "$work/cases" || return 0
	sed -n "s/^not ok - $suite\/\([^/ ]*\).*/\1/p" "$work/cases" | sort -u | grep -xF -f "$work/tests" || :
}

[ -z "$unit" ] || { [ -f "$unit/config.mak" ] && [ -f "$unit/x86/unittests.cfg" ]; } ||
	die "KVM_UNIT_TESTS=$unit is not a built copy of kvm-unit-tests" "cd there; ./configure && make"
case ${SUITE:-} in *\'*) die "SUITE=$SUITE has a quote in it" "SUITE='guest_memfd* pre_fault*' make selftests" ;; esac
set -f # SUITE and TESTS hold patterns
mkdir -p "$work" "$LOG"
alone
rm -f "$work"/cases*
build_kernels series base
if [ -n "$unit" ]; then unit_tests; else tests; fi >"$work/tests.found"
sort -u "$work/tests.found" >"$work/tests"
say "$(wc -l <"$work/tests") tests on base and series, one kernel after the other"

start=$(date +%s)
compare ''
differing >"$work/tests-again"
if [ -s "$work/tests-again" ]; then
	say "differ, and run once more: $(paste -s -d ' ' "$work/tests-again")"
	mv "$work/cases" "$work/cases-first"
	compare -again
	awk -f "$GMEM/lib/tap.awk" -f "$GMEM/result/suite-again.awk" "$work/cases-again" "$work/cases-first" >"$work/cases"
fi
tap_file "$LOG/selftests.tap" <"$work/cases"
say "$((($(date +%s) - start) / 60)) min"
summary "$LOG/selftests.tap"
