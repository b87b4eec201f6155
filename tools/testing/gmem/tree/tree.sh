#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tree.sh [am|alone]: build/linux, a git tree of the base and one commit for each of patches/.
# Commits and edits that are not in patches/ are kept, and built; "am" refuses to go on with them.
# KERNEL_TREE=/path/to/linux [KERNEL_REV=rev] takes the base from that clone, through a worktree on a detached HEAD.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

check_blobs()
{
	awk '$1 == "blob" { print $2, $3 }' "$SERIES_DIR/BASE" | while read -r blob file; do
		is=$(kgit rev-parse -q --verify "$base:$file" || echo missing)
		if [ "$is" = "$blob" ]; then
			say "base blob $(echo "$blob" | cut -c1-12) as in $upstream $commit: $file"
		else
			say "base blob $(echo "$is" | cut -c1-12), $upstream $commit has $(echo "$blob" | cut -c1-12): $file"
		fi
	done >"$LOG/blobs"
	cat "$LOG/blobs"
	grep -q ', .* has ' "$LOG/blobs" || return 0
	[ -n "${KERNEL_TREE:-}" ] || die "the tarball is not the base of the series, see above" "correct $SERIES_DIR/BASE"
}

unpack() # FILE DIR
{
	local member
	case $1 in
	*.deb)
		member=$(dpkg-deb --contents "$1" | sed -n 's,.* \(\./usr/src/linux-source-[0-9.]*\.tar\.xz\)$,\1,p')
		dpkg-deb --fsys-tarfile "$1" | tar -xO "$member" | tar -xJ -C "$2" --strip-components=1 ;;
	*) tar -xJf "$1" -C "$2" --strip-components=1 ;;
	esac
}

from_tarball()
{
	tarball=$("$GMEM/tree/fetch.sh")
	say "base: $(basename "$tarball"), sha256 as in BASE"
	rm -rf "$linux.new"
	mkdir -p "$linux.new"
	# One line in place of one for each file: on a full disk they are many
	tar_said=$(unpack "$tarball" "$linux.new" 2>&1) ||
		die "$(basename "$tarball") could not be unpacked: $(echo "$tar_said" | grep -o -m 1 'No space left.*' || echo "$tar_said" | tail -n 1)" \
			"df -h $BUILD; make clean"
	KGIT=$linux.new
	kgit init -q -b base
	# -f: the kernel's own .gitignore must not drop a file of the tarball
	kgit add -A -f
	GIT_AUTHOR_NAME=base GIT_AUTHOR_EMAIL=base@localhost GIT_COMMITTER_EMAIL=base@localhost \
		GIT_AUTHOR_DATE='1970-01-01T00:00:00Z' GIT_COMMITTER_DATE='1970-01-01T00:00:00Z' \
		kgit commit -q -m "Linux $(basename "$tarball" | sed 's/^[^_]*_//; s/\.orig.*//; s/-.*//')"
	base=$(kgit rev-parse HEAD)
	kgit checkout -q -b series
	from=$(basename "$tarball")
}

from_clone()
{
	[ -e "$KERNEL_TREE/.git" ] || [ -e "$KERNEL_TREE/HEAD" ] ||
		die "KERNEL_TREE=$KERNEL_TREE is not a git repository" "KERNEL_TREE=/path/to/linux make run"
	rev=${KERNEL_REV:-$commit}
	base=$(git -C "$KERNEL_TREE" rev-parse -q --verify "$rev^{commit}") ||
		die "$KERNEL_TREE has no commit $rev" "git fetch $upstream there, or KERNEL_REV=another-base"
	say "base: $KERNEL_TREE $(git -C "$KERNEL_TREE" log -1 --format='%h %s' "$base")"
	rm -rf "$linux.new"
	git -C "$KERNEL_TREE" worktree prune
	git -C "$KERNEL_TREE" worktree add -q -f --detach "$linux.new" "$base"
	KGIT=$linux.new
	from=$KERNEL_TREE
}

make_tree()
{
	if [ -n "${KERNEL_TREE:-}" ]; then from_clone; else from_tarball; fi
	check_blobs
	apply_patches || {
		tail -n 5 "$LOG/am.log"
		die "the series does not apply to $from ($(echo "$base" | cut -c1-12))" \
			"see $LOG/am.log; KERNEL_REV=$commit is the base it was written for"
	}
	drop_tree
	if [ -f "$linux.new/.git" ]; then kgit worktree move "$linux.new" "$linux"; else mv "$linux.new" "$linux"; fi
	KGIT=$linux
	write_stamp "$from"
	rm -rf "$linux.old"
}

reapply()
{
	base=$(stamped base)
	if kgit symbolic-ref -q HEAD >/dev/null; then kgit checkout -q -B series "$base"; else kgit checkout -q --detach "$base"; fi
	check_blobs
	if ! apply_patches; then
		kgit checkout -q "$(stamped head)" 2>/dev/null || :
		tail -n 5 "$LOG/am.log"
		die "patches/ does not apply" "see $LOG/am.log"
	fi
	write_stamp "$(stamped from)"
}

# am and alone take the lock, the callers without either hold it already
[ -z "${1:-}" ] || alone
commit=$(base_field commit)
upstream=$(base_field upstream)
mkdir -p "$LOG"

if [ -d "$linux" ] && [ ! -f "$stamp" ]; then
	die "$linux was not made by this harness, or somebody took its stamp away" "mv $linux somewhere, then run again"
fi
lost=
if [ -d "$linux" ]; then
	lost=$(unsaved)
fi
if [ -n "$lost" ]; then
	printf '%s\n' "$lost" | head -n 10 | sed 's/^/# unsaved: /'
	if [ "${1:-}" = am ] || [ "$(patches_id)" != "$(stamped patches)" ] || [ -n "${KERNEL_TREE:-}" ]; then
		die "build/linux holds work that patches/ does not" \
			"commit and 'make refresh' to keep it; to drop it: git -C build/linux reset --hard $(stamped head | cut -c1-12)"
	fi
	say "build/linux holds work that patches/ does not; it is built as it is, 'make refresh' saves commits"
elif [ ! -d "$linux" ] || { [ -n "${KERNEL_TREE:-}" ] &&
	[ "$(stamped base)" != "$(git -C "$KERNEL_TREE" rev-parse -q --verify "${KERNEL_REV:-$commit}^{commit}")" ]; }; then
	make_tree
elif [ "${1:-}" = am ] || [ "$(patches_id)" != "$(stamped patches)" ]; then
	reapply
else
	say "base: $(stamped from)"
	base=$(stamped base)
	check_blobs
fi
say "build/linux: $(kgit rev-list --count "$(stamped base)..HEAD") patches on $(stamped base | cut -c1-12), head $(kgit rev-parse HEAD | cut -c1-12)"
