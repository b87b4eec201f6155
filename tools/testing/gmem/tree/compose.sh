#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# compose.sh VARIANT: put together the sources of a variant in git's object store, print the id of the tree.
# build/linux as it is now (or its base), patches/other if the variant says other=yes, then the overlay, the hooks and
# the variant's patch.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

overlay_id() # prints the id of the tree in the index, with the overlay added
{
	# --ignore-removal: the overlay adds to these directories, what it does not have stays
	(cd "$TOP" && kgit_dir=$(git -C "$linux" rev-parse --absolute-git-dir) &&
		git --git-dir="$kgit_dir" --work-tree="$TOP" -c core.autocrlf=false \
			add -f --ignore-removal -- $overlay ":(exclude)tools/testing/gmem")
	kgit apply --cached "$GMEM/tree/hooks.patch"
	[ -z "$patch" ] || kgit apply --cached "$GMEM/tree/$patch"
	kgit write-tree
}

other=
. "$GMEM/kernel/variants/$1"
overlay=$(cd "$TOP" && for d in arch drivers virt include mm tools Documentation; do [ ! -d $d ] || echo $d; done)
mkdir -p "$BUILD/tree"
GIT_INDEX_FILE=$BUILD/tree/source.$1.$$
export GIT_INDEX_FILE
trap 'rm -f "$GIT_INDEX_FILE" "$GIT_INDEX_FILE.lock"' EXIT

if [ "$series" = yes ]; then
	cp "$(GIT_INDEX_FILE='' && unset GIT_INDEX_FILE && kgit rev-parse --path-format=absolute --git-path index)" "$GIT_INDEX_FILE"
	kgit add -A
else
	kgit read-tree "$(stamped base)"
fi
[ "$other" != yes ] || kgit apply --cached "$TOP"/patches/other/*.patch
before=$(kgit write-tree)
after=$(overlay_id)

# The code under test is what patches/ says: nothing but the hooked files may differ from it.
changed=$(kgit diff-tree -r --name-only --diff-filter=a "$before" "$after" | sort)
allowed=$(sed -n 's,^+++ b/,,p' "$GMEM/tree/hooks.patch" ${patch:+"$GMEM/tree/$patch"} | sort -u)
[ "$changed" = "$allowed" ] || die "the overlay changes files of the kernel: $(echo "$changed" | grep -vxF "$allowed" | paste -s -d ' ')" \
	"give them names that the kernel does not have"
echo "$after"
