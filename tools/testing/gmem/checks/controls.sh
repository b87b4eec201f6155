#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test,short
# controls: what CONTROLS of the series names is there, and each patch that has a Fixes: tag stands in it.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

table=$SERIES_DIR/CONTROLS
tab=$(printf '\t')

rows() { grep -v '^#' "$table" | grep .; }

is_there() # BOOT TEST CASE
{
	local script="$GMEM/boot/boots/${1%@*}.sh"
	[ "$1" != - ] || return 0
	[ -f "$script" ] || { echo "no boot $1"; return 1; }
	fits "$script" || { echo "$1 is not for this series"; return 1; }
	case $2 in
	kernel-log | panic) ;;
	gmem_expect)
		grep -q "\\.$3 = " "$TOP/tools/testing/selftests/kvm/lib/x86/gmem_populate.c" || { echo "no member $3"; return 1; } ;;
	*)
		grep -qw "$2" "$script" || { echo "$1 does not run $2"; return 1; } ;;
	esac
}

names()
{
	rows | while IFS=$tab read -r boot test case fixed_by; do
		is_there "$boot" "$test" "$case"
		for number in $(echo "$fixed_by" | tr ',' ' '); do
			[ "$number" = - ] || patches | grep -q "/$(printf %04d "$number")-" || echo "$case: no patch $number"
		done
	done | grep . && return 1
	return 0
}

each_fix()
{
	patches | xargs grep -l '^Fixes:' | sed 's,.*/0*\([0-9]*\)-.*,\1,' >"$work/fixes"
	rows | cut -f 4 | tr ',' '\n' | sort -u >"$work/shown"
	grep -vxFf "$work/shown" "$work/fixes" | sed 's/^/nothing shows what this one fixes: /' | grep . && return 1
	return 0
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
check controls/names names
check controls/each-fix each_fix
