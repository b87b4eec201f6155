#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
# coverage: UNREACHED, the lines that may be without a test, names lines that the patches still add, and a reason for each.
# What no test reaches is for make coverage to find out.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

table=$SERIES_DIR/UNREACHED
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

up_to_date()
{
	"$GMEM/coverage/added.sh" >"$work/added" && [ -s "$work/added" ] && awk -f "$GMEM/coverage/stale.awk" "$table" "$work/added"
}

if [ -f "$table" ]; then check coverage/unreached up_to_date; else skip coverage/unreached "the series has no ${table##*/}"; fi
