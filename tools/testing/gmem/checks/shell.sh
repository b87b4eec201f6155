#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
# shell: shellcheck has nothing to say about the harness, and no line is longer than 150 columns.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

# local is no POSIX, but dash and busybox have it. Variables of a sourced file look unused, paths are not constant, and
# dollars in single quotes are for awk or make.
lint()
{
	awk 'length > 150 { print FILENAME ":" FNR ": " length " columns"; bad = 1 } END { exit bad }' "$1" &&
		shellcheck --shell=dash --severity=info --exclude=SC1090,SC1091,SC2015,SC2016,SC2034,SC2154,SC3043 "$1"
}

for script in $(cd "$GMEM" && find . -name '*.sh' -o -path ./boot/init | sed 's,^\./,,' | sort); do
	check "shell/$script" lint "$GMEM/$script"
done
