#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kvm-unit-tests.sh DIR RELEASE: run a built copy of kvm-unit-tests on the running kernel RELEASE, and compare with what
# they gave on the base (make host-kernel, ...-gmembase), if they ran there. Called by host.sh with KVM_UNIT_TESTS=DIR.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

dir=$1 release=$2
results=$BUILD/kvm-unit-tests
log=$LOG/kvm-unit-tests-$release.log

[ -x "$dir/run_tests.sh" ] && [ -f "$dir/config.mak" ] ||
	die "KVM_UNIT_TESTS=$dir is not a built copy of kvm-unit-tests" "cd there; ./configure && make"
mkdir -p "$results" "$LOG"
say "kvm-unit-tests: log $log" >&2
# It has a time limit for each test of its own. Without KVM it would go on with TCG, which says nothing about a kernel.
(cd "$dir" && ACCEL=${ACCEL:-kvm} ./run_tests.sh </dev/null 2>&1) | sed "s/$(printf '\033')\[[0-9;]*m//g" >"$log" || :
awk -v release="$release" '
	$1 == "PASS" { print "ok - " release "/" $2 }
	$1 == "FAIL" { line = $0; sub(/^FAIL [^ ]* */, "", line); print "not ok - " release "/" $2 " # FAIL " line }
	$1 == "SKIP" { line = $0; sub(/^SKIP [^ ]* */, "", line); print "ok - " release "/" $2 " # SKIP " (line == "" ? "by kvm-unit-tests" : line) }
	' "$log" >"$results/new"
grep -qv ' # SKIP ' "$results/new" ||
	die "no test of kvm-unit-tests ran: $(sed -n '$s/.*# SKIP //p' "$results/new" | grep . || tail -n 1 "$log")" \
		"see $log; ls -l /dev/kvm"
mv "$results/new" "$results/$release.cases"

base=$(find "$results" -name '*-gmembase*.cases' | sort | tail -n 1) words=
case $release in
*-gmembase*)
	# Nothing to find fault with here, it is what the series will be held against
	base=$results/$release.cases words='s/ # SKIP fails on both, / # SKIP fails on the base, /' ;;
*)
	[ -n "$base" ] || {
		say "kvm-unit-tests: nothing of the base to compare with, so every failure counts" >&2
		base=$results/$release.cases words='s/^ok \(- .*\) # SKIP fails on both, /not ok \1 # /'
	} ;;
esac
awk -v prefix=kvm-unit-tests -f "$GMEM/lib/tap.awk" -f "$GMEM/result/suite.awk" "$base" "$results/$release.cases" | sed "$words"
