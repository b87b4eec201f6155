#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: remove build/ except for the downloads and unsaved work
# clean.sh: remove everything under build/ but the downloads. Work that patches/ does not hold is not removed.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

[ -d "$BUILD" ] || exit 0
alone
if [ -d "$linux" ]; then
	[ -f "$stamp" ] || die "$linux was not made by this harness" "mv $linux somewhere, then run again"
	lost=$(unsaved)
	[ -z "$lost" ] ||
		die "build/linux holds work that patches/ does not: $(echo "$lost" | head -n 1)" \
			"make refresh, or git -C build/linux reset --hard $(stamped head | cut -c1-12)"
	clone=$(kgit rev-parse --path-format=absolute --git-common-dir)
fi
drop_tree
for entry in "$BUILD"/* "$BUILD"/.[!.]*; do
	# What another series has below this one is cleaned by BASE=NAME make clean, which looks for unsaved work there
	[ "$entry" = "$DL" ] || [ -e "$entry/linux" ] || rm -rf "$entry"
done
# Worktrees in a clone of the user's
[ ! -d "${clone:-/nonexistent}" ] || git --git-dir="$clone" worktree prune
