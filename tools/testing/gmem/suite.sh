#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# suite.sh: all KVM selftests on the base and on the series, the same binaries on both. Only a difference is a failure.
#
#   SUITE="PATTERN..."  some of the tests, by name
#   SUITE_TIMEOUT=S     seconds that one test may take, 120 by default
set -eu
. "$(dirname "$0")/lib.sh"

unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
work=$BUILD/suite
# The base is the variant base; both have the overlay, which changes nothing as long as no test asks for it.
kernels="base series"
variant() { case $1 in base) echo base ;; series) echo host ;; esac; }

boot_suite()
{
	script=$work/suite-$1.sh
	{
		echo "SUITE='${SUITE:-*}' SUITE_TIMEOUT=$((${SUITE_TIMEOUT:-120} * GMEM_SLOW))"
		cat "$GMEM/boots/suite.sh"
	} >"$script"
	say "$(date +%T) $1: boots, log $LOG/suite-$1.log; a test each minute or so"
	KTREE=$BUILD/tree/$(variant "$1") "$GMEM/boot.sh" "$script" >"$work/$1.cases" &
	boot=$!
	while sleep 1 && kill -0 $boot 2>/dev/null; do
		[ $(($(date +%s) % 60)) -ne 0 ] ||
			say "$(date +%T) $1: $(grep -c 'gmem: .*ok [0-9]* - ' "$LOG/suite-$1.log" 2>/dev/null || :) results"
	done
	wait $boot || { cat "$work/$1.cases"; die "$1: QEMU could not be started" "see above"; }
}

case ${SUITE:-} in *\'*) die "SUITE=$SUITE has a quote in it" "SUITE='guest_memfd* pre_fault*' make selftests" ;; esac
set -f # SUITE holds patterns
mkdir -p "$work" "$LOG"
rm -f "$work/base.cases" "$work/series.cases" "$work/cases"
[ "${DEPS:-}" = no ] || "$GMEM/deps.sh"
"$GMEM/tree.sh"
for variant in host base; do
	"$GMEM/build.sh" "$variant" | grep -v '^ok ' || :
	[ -f "$BUILD/tree/$variant.stamp" ] || die "kernel $variant was not built" "see $LOG/kernel-$variant.log"
done
for pattern in ${SUITE:-}; do
	find "$BUILD/tree/host/tools/testing/selftests/kvm/" -maxdepth 2 -type f -perm -u+x -size +64k -name "$pattern" | grep -q . ||
		die "no selftest is called $pattern" "ls $BUILD/tree/host/tools/testing/selftests/kvm"
done
for kernel in $kernels; do boot_suite "$kernel"; done

awk -f "$GMEM/suite.awk" "$work/base.cases" "$work/series.cases" | tee "$work/cases"
failed=$(grep -c '^not ok ' "$work/cases" || :)
skipped=$(grep -c '^ok .* # SKIP' "$work/cases" || :)
[ "$skipped" = 0 ] || say "$skipped skipped or failed on both"
echo "$(($(grep -c '^ok ' "$work/cases" || :) - skipped)) passed, $failed failed"
[ "$failed" = 0 ]
