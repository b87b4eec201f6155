#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verbs.sh [TEST...]: tests of help, list, BASE=, mail, host, host-kernel, report, selftests, coverage, fuzz and of what
# stops a verb, in seconds: no kernel is built, nothing boots.
# Cases in TAP without numbers, as every stage prints them.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

# What the user set is for the verbs, not for their tests
unset KERNEL_TREE KERNEL_REV BASE_COMMIT VERSION PREFIX PREV ASSISTED_BY OUT PATCHES CONFIG KERNELS SERIES ROOT SUITE \
	HOST_TESTS HOST_TIMEOUT KVM_UNIT_TESTS TESTS MUTANTS SECONDS SEED ROUND ALLOW ONLY BOOT BOOTS KERNEL GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
trap 'exit 130' INT TERM
fixtures=$GMEM/selftest/inputs

# run COMMAND...: output in $t/out, exit status in $rc
run()
{
	rc=0
	"$@" >"$t/out" 2>&1 </dev/null || rc=$?
}
say_out() { printf 'exit status %s\n' "$rc"; tail -n "${CHECK_LINES:-20}" "$t/out"; }

has() { grep -qE -- "$1" "${2:-$t/out}"; }

# expect NAME STATUS REGEX...: what run() left must have that exit status and every REGEX
expect()
{
	expect_name=$1 expect_rc=$2
	shift 2
	[ "$rc" = "$expect_rc" ] || { not_ok "$expect_name" "wanted exit status $expect_rc: $(say_out)"; return 0; }
	for regex; do
		has "$regex" || { not_ok "$expect_name" "no line matches: $regex
$(say_out)"; return 0; }
	done
	ok "$expect_name"
}

# refused NAME REGEX PATH COMMAND...: fails, says what and what next, and PATH is as it was before
refused()
{
	refused_name=$1 refused_regex=$2 refused_path=$3
	shift 3
	before=$(state "$refused_path")
	run "$@"
	if [ "$(state "$refused_path")" != "$before" ]; then
		not_ok "$refused_name" "$refused_path is not what it was before"
	elif [ "$rc" = 0 ]; then
		not_ok "$refused_name" "was not refused: $(say_out)"
	elif has "^# error: .*($refused_regex)" && has '^# next: '; then
		ok "$refused_name"
	else
		not_ok "$refused_name" "no error and next step with: $refused_regex
$(say_out)"
	fi
}
state() { [ ! -e "$1" ] || find "$1" -type f -printf '%p %T@ %s\n' | sort; }

# shellcheck disable=SC2048 # names of verbs
for verb in ${*:-help series mail host host-kernel report selftests coverage fuzz alone vmm}; do
	# shellcheck source=/dev/null
	. "$GMEM/selftest/tests/$verb.sh"
done
