#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
# Does each of mutants/*.sed still change the series, in what its header names? make mutants builds and boots them.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

# FILE BOOT: what it edits is there and is changed, what it boots is there, and a case is named
applies()
{
	[ -f "$GMEM/boot/boots/$2.sh" ] && grep -q '^# mutant: fails=.' "$mutant" &&
		mutated=$(sed -f "$mutant" "$BUILD/linux/$1") && [ "$mutated" != "$(cat "$BUILD/linux/$1")" ]
}

for mutant in "$GMEM"/mutants/*.sed; do
	# shellcheck disable=SC2046 # two words
	check "mutants/$(basename "$mutant" .sed)" applies \
		$(sed -n 's/^# mutant: file=\([^ ]*\) boot=\([^ ]*\)$/\1 \2/p' "$mutant")
done
