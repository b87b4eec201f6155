# SPDX-License-Identifier: GPL-2.0-only
# The git side of build/linux, shared by tree.sh, compose.sh, some verbs and checks; sourced after lib.sh.
# shellcheck shell=sh disable=SC2034

linux=$BUILD/linux
stamp=$BUILD/linux.stamp	# base=, head=, patches= and from= of what tree.sh made last

# The user's own git settings, hooks and clock must not show in the result.
kgit()
{
	GIT_COMMITTER_NAME=gmem GIT_COMMITTER_EMAIL=gmem@localhost \
		git -C "${KGIT:-$linux}" -c core.hooksPath=/dev/null -c commit.gpgSign=false -c am.threeWay=false \
		-c gc.auto=0 -c maintenance.auto=false \
		-c core.autocrlf=false -c core.checkStat=minimal -c core.trustctime=false -c advice.detachedHead=false "$@"
}

stamped() { sed -n "s/^$1=//p" "$stamp" 2>/dev/null; }
patches_id() { cat "$SERIES_DIR"/*.patch 2>/dev/null | sha256sum | cut -c1-16; }
# patches [DIR]: the patches in a folder, by default those of the series, without the folders in it
patches() { find "${1:-$SERIES_DIR}" -maxdepth 1 -name '[0-9]*.patch' 2>/dev/null | sort; }

# apply_patches [DIR]: git am at the current commit; no 3-way merge, and git am never applies with fuzz
apply_patches()
{
	# shellcheck disable=SC2046 # names of patches have no spaces
	set -- $(patches "$@")
	[ $# -gt 0 ] || return 0
	kgit am -q --no-3way --committer-date-is-author-date "$@" >"$LOG/am.log" 2>&1 && return
	kgit am --show-current-patch=raw 2>/dev/null | sed -n 's/^Subject: /does not apply: /p' >>"$LOG/am.log"
	kgit am --abort
	return 1
}

# format_patches DIR [SINCE]: the form patches/ is kept in, the same from every machine
format_patches()
{
	kgit -c core.abbrev=12 -c diff.algorithm=default -c diff.noprefix=false -c diff.mnemonicPrefix=false \
		-c format.useAutoBase=false -c diff.orderFile=/dev/null \
		format-patch -q -N --no-attach --no-thread --no-cover-letter --no-signoff --no-to --no-cc --zero-commit \
		--no-signature --abbrev=12 -o "$1" "${2:-$(stamped base)}..HEAD"
}

# What would be lost if build/linux were made anew; empty output: nothing
unsaved()
{
	kgit status --porcelain
	[ "$(kgit rev-parse HEAD)" = "$(stamped head)" ] || {
		kgit log --format='commit %h %s' "$(stamped head)..HEAD"
		kgit log --format='taken back: %s' "HEAD..$(stamped head)"
	}
}

# checkout_tree DIR ID [REPOSITORY]: the files of a tree go to DIR, with DIR.index as the index. Those that stay the same
# keep their time stamps.
checkout_tree()
(
	GIT_INDEX_FILE=$1.index
	GIT_WORK_TREE=$1
	GIT_DIR=$(git -C "${3:-$linux}" rev-parse --absolute-git-dir)
	export GIT_INDEX_FILE GIT_WORK_TREE GIT_DIR
	rm -f "$1.index.lock"
	KGIT=$1
	kgit update-index -q --refresh || :
	kgit read-tree --reset -u "$2"
)

write_stamp() # FROM
{
	printf 'base=%s\nhead=%s\npatches=%s\nfrom=%s\n' \
		"$base" "$(kgit rev-parse HEAD)" "$(patches_id)" "$1" >"$stamp.new"
	mv "$stamp.new" "$stamp"
}

# Only after unsaved() said that there is nothing in it. What is half removed must not look like a tree.
drop_tree()
{
	rm -rf "$linux.old"
	[ ! -d "$linux" ] || mv "$linux" "$linux.old"
	rm -f "$stamp"
}
