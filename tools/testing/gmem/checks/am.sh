#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test,short
# am: patches/ as a maintainer would apply them, by plain git am on the pristine base. The work tree for that, build/am,
# is also what the checks patch and sparse work in. The patches in other/ go to other maintainers, so they have to apply
# to the base as well as to the series.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

base=$(stamped base)
tree=$BUILD/am
if [ ! -e "$tree/.git" ]; then
	rm -rf "$tree"
	kgit worktree prune
	kgit worktree add -q -f --detach "$tree" "$base"
fi
export KGIT="$tree"
kgit am --abort 2>/dev/null || :
kgit checkout -q -f --detach "$base"
if apply_patches "$SERIES_DIR/other"; then
	ok am/other-applies-to-the-base
else
	not_ok am/other-applies-to-the-base "$(tail -n 10 "$LOG/am.log")"
fi
kgit checkout -q -f --detach "$base"

if apply_patches; then
	ok am/applies
else
	not_ok am/applies "$(tail -n 10 "$LOG/am.log")"
	exit
fi
series=$(kgit rev-parse HEAD)

same_files()
{
	[ "$(kgit rev-parse 'HEAD^{tree}')" = "$(KGIT=$linux kgit rev-parse 'HEAD^{tree}')" ] || {
		KGIT=$linux kgit diff --stat HEAD "$(kgit rev-parse HEAD)"
		return 1
	}
	[ -z "$(KGIT=$linux kgit status --porcelain)" ] || {
		echo "build/linux has edits that are in no commit:"
		KGIT=$linux kgit status --porcelain
		return 1
	}
}
check am/same-files-as-build-linux same_files

rm -rf "$BUILD/am.patches"
mkdir -p "$BUILD/am.patches"
format_patches "$BUILD/am.patches"
if apply_patches "$SERIES_DIR/other"; then
	ok am/other-applies-to-the-series
else
	not_ok am/other-applies-to-the-series "$(tail -n 10 "$LOG/am.log")"
	exit
fi
kgit rev-parse HEAD >"$BUILD/am.head"
format_patches "$BUILD/am.patches/other" "$series"
same_patches()
{
	rm -rf "$BUILD/am.kept"
	mkdir -p "$BUILD/am.kept/other"
	patches | xargs -r cp -t "$BUILD/am.kept"
	patches "$SERIES_DIR/other" | xargs -r cp -t "$BUILD/am.kept/other"
	mkdir -p "$BUILD/am.patches/other"
	diff -ru "$BUILD/am.kept" "$BUILD/am.patches"
}
check am/refresh-leaves-no-diff same_patches

# Tags that only a human may give
no_tags()
{
	! { patches; patches "$SERIES_DIR/other"; } |
		xargs -r grep -nHE '^(Signed-off-by|Reviewed-by|Tested-by|Acked-by|Co-developed-by):' | grep .
}
check am/no-human-tags no_tags
no_stray() { ! find "$SERIES_DIR" -maxdepth 1 -name '0000-*' | grep .; }
check am/cover-letter-is-not-a-patch no_stray

# The overlay may add files and the hooked lines, nothing else: compose.sh refuses otherwise
overlay_apart() { "$GMEM/tree/compose.sh" series; }
check am/overlay-leaves-the-series-alone overlay_apart
