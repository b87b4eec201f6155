#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tree.sh: build/linux of a series that is not that of the run, as a stage. Without the source of its base all of its
# stages are skipped.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

# The revision is one for the series of the run
unset KERNEL_REV

missing=
if [ -n "${KERNEL_TREE:-}" ]; then
	commit=$(base_field commit)
	git -C "$KERNEL_TREE" rev-parse -q --verify "$commit^{commit}" >/dev/null || missing="KERNEL_TREE has no $commit"
elif [ ! -d "$BUILD/linux" ] && ! "$GMEM/tree/fetch.sh" >/dev/null; then
	missing="the source of its base could not be had"
fi
if [ -n "$missing" ]; then
	echo "$missing" >"$RUN/result/$BASE/skip"
	skip tree/base "$missing"
else
	check tree/base "$GMEM/tree/tree.sh"
fi
