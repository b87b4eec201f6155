#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
# mutants: each of mutants/*.sed that is for this base changes the file that its header names. make mutants builds and
# boots them.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

# FILE BOOT: what it edits is there and is changed, what it boots is there, and a case is named
applies()
{
	[ -f "$GMEM/boot/boots/$2.sh" ] && [ -n "$(kernels "$GMEM/boot/boots/$2.sh")" ] && [ -n "$(meta "$mutant" fails)" ] &&
		mutated=$(sed -f "$mutant" "$BUILD/linux/$1") && [ "$mutated" != "$(cat "$BUILD/linux/$1")" ]
}

for mutant in "$GMEM"/mutants/*.sed; do
	fits "$mutant" || continue
	check "mutants/$(basename "$mutant" .sed)" applies \
		"$(meta "$mutant" file)" "$(meta "$mutant" boot)"
done
