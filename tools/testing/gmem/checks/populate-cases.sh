#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
# populate-cases: gmem-populate-test.rst lists exactly the cases of the populate selftests. Some boot runs each of these
# selftests.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

tests=$TOP/tools/testing/selftests/kvm/x86

same_cases()
{
	sed -n 's/^TEST_F\(_TIMEOUT\)\{0,1\}(\([a-z_]*\), \([a-z_0-9]*\).*/\2.\3/p' "$tests"/gmem_populate_*_test.c | sort >"$work/tests"
	sed -n 's/^``\([a-z_]*\.[a-z_0-9]*\)``$/\1/p' "$TOP/Documentation/virt/kvm/gmem-populate-test.rst" | sort >"$work/docs"
	[ -s "$work/tests" ] || { echo "no cases in $tests"; return 1; }
	diff -U0 "$work/tests" "$work/docs"
}

every_test_runs()
{
	for test in "$tests"/gmem_populate_*_test.c; do
		grep -qw "run_test $(basename "$test" .c)" "$GMEM"/boot/boots/populate*.sh || { echo "no boot runs $test"; return 1; }
	done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
check populate-cases/documented same_cases
check populate-cases/every-test-runs every_test_runs
