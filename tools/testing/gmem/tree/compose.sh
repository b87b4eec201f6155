#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# compose.sh VARIANT [COMMIT]: put together the sources of a variant in git's object store, print the id of the tree.
# build/linux as it is now (or its base, or COMMIT), the patches in other/ if the variant says other=yes, then the
# overlay, the hooks and the variant's patch. None of these three if it says overlay=no.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

tab=$(printf '\t')

# hook FILE LINE [BEFORE]: a line is added to a file of the index
hook()
{
	local blob
	blob=$(kgit show ":$1" | line=$2 before=$3 awk '
		!done && ENVIRON["before"] != "" && $0 == ENVIRON["before"] { print ENVIRON["line"]; done = 1 }
		{ print }
		END { if (!done && ENVIRON["before"] == "") { print ENVIRON["line"]; done = 1 } exit !done }' >"$scratch" &&
		kgit hash-object -w "$scratch") || die "$1 of the base is missing, or has no line '$3'" "correct $GMEM/tree/hooks"
	kgit update-index --cacheinfo "100644,$blob,$1"
}

overlay_id() # prints the id of the tree in the index, with the overlay added
{
	# shellcheck disable=SC2086 # a list
	# --ignore-removal: the overlay adds to these directories, what it does not have stays
	(cd "$TOP" && kgit_dir=$(git -C "$linux" rev-parse --absolute-git-dir) &&
		git --git-dir="$kgit_dir" --work-tree="$TOP" -c core.autocrlf=false \
			add -f --ignore-removal -- $overlay ":(exclude)tools/testing/gmem")
	grep -v '^#' "$GMEM/tree/hooks" >"$scratch.hooks"
	while IFS=$tab read -r file line before; do hook "$file" "$line" "$before"; done <"$scratch.hooks"
	[ -z "$patch" ] || kgit apply --cached "$patch"
	kgit write-tree
}

variant=$GMEM/kernel/variants/$1
[ -f "$variant" ] || die "no variant $1" "ls $GMEM/kernel/variants"
patch=$(meta "$variant" patch)
[ -z "$patch" ] || patch=$SERIES_DIR/$patch
[ -z "$patch" ] || [ -f "$patch" ] || die "the series has no ${patch##*/}, which the kernel $1 needs" "ls $SERIES_DIR"
overlay=$(cd "$TOP" && for d in arch drivers virt include mm tools Documentation; do [ ! -d $d ] || echo $d; done)
mkdir -p "$BUILD/tree"
scratch=$BUILD/tree/compose.$1.$$
GIT_INDEX_FILE=$scratch.index
export GIT_INDEX_FILE
trap 'rm -f "$scratch" "$scratch".*' EXIT

if [ -n "${2:-}" ]; then
	kgit read-tree "$2"
elif [ "$(meta "$variant" series)" = yes ]; then
	cp "$(env -u GIT_INDEX_FILE git -C "$linux" rev-parse --path-format=absolute --git-path index)" "$GIT_INDEX_FILE"
	kgit add -A
else
	kgit read-tree "$(stamped base)"
fi
[ "$(meta "$variant" other)" != yes ] || patches "$SERIES_DIR/other" | while read -r other; do kgit apply --cached "$other"; done
before=$(kgit write-tree)
if [ "$(meta "$variant" overlay)" = no ]; then
	echo "$before"
	exit
fi
after=$(overlay_id) || exit 1

# The code under test is what patches/ says: nothing but the hooked files may differ from it.
changed=$(kgit diff-tree -r --name-only --diff-filter=a "$before" "$after" | sort)
allowed=$({ cut -f 1 "$scratch.hooks"; sed -n 's,^+++ b/,,p' ${patch:+"$patch"} </dev/null; } | sort -u)
[ "$changed" = "$allowed" ] || die "the overlay changes files of the kernel: $(echo "$changed" | grep -vxF "$allowed" | paste -s -d ' ')" \
	"give them names that the kernel does not have"
echo "$after"
