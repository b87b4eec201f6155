#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: turn the commits of build/linux back into patches/
# refresh.sh: the commits of build/linux become patches/NNNN-*.patch.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

alone
[ -f "$stamp" ] || die "there is no build/linux yet" "make am"
[ -z "$(kgit status --porcelain --untracked-files=no)" ] ||
	die "build/linux has edits that are in no commit" "git -C build/linux commit --amend, or commit --fixup and rebase; then again"
[ "$(patches_id)" = "$(stamped patches)" ] ||
	die "patches/ changed since build/linux was made from it, refresh would undo that" "git diff patches/; save one of the two first"

rm -rf "$BUILD/refresh"
mkdir -p "$BUILD/refresh"
format_patches "$BUILD/refresh"
rm -f "$SERIES_DIR"/[0-9]*.patch
set -- "$BUILD"/refresh/*.patch
[ ! -f "$1" ] || cp "$@" "$SERIES_DIR/"
base=$(stamped base)
write_stamp "$(stamped from)"
say "${SERIES_DIR#"$TOP"/}: $(patches | wc -l) patches; see git diff ${SERIES_DIR#"$TOP"/}"
