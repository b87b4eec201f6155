#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# added.sh: the lines of C that the series adds to the kernel, and that are still there, tab separated:
#   PATCH FILE FUNCTION LINE TEXT
# PATCH is the number of the patch that has the line as it is now, FUNCTION the one that the line is in, or -. White space in
# TEXT is single spaces.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

base=$(stamped base)
commits=$(mktemp)
trap 'rm -f "$commits"' EXIT
kgit rev-list --reverse "$base..HEAD" >"$commits"
kgit diff --name-only --diff-filter=d "$base" HEAD -- '*.c' '*.h' ':(exclude)tools' | while read -r file; do
	kgit blame -l -s "$base..HEAD" -- "$file" | awk -v file="$file" -f "$GMEM/coverage/added.awk" "$commits" -
done
