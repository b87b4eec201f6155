# SPDX-License-Identifier: GPL-2.0-only
# Cases of mail.sh, with a kernel tree of one file and a series of two patches; sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

clone=$t/clone
mails=$t/mails

# A git identity of nobody, and none of the user's settings
as() # NAME ADDRESS COMMAND...
{
	as_name=$1 as_address=$2
	shift 2
	printf '[user]\n\tname = %s\n\temail = %s\n' "$as_name" "$as_address" >"$t/gitconfig"
	env -u GIT_AUTHOR_NAME -u GIT_AUTHOR_EMAIL GIT_CONFIG_GLOBAL="$t/gitconfig" GIT_CONFIG_NOSYSTEM=1 "$@"
}
author() { as 'A Tool' tool@host.example git -C "$clone" "$@"; }
mail()
{
	(cd "$t" && as 'A Developer' dev@example.org env BUILD="$t/build" PATCHES="${series:-$t/series}" OUT="$mails" \
		KERNEL_TREE="$clone" BASE_COMMIT="$base" "$@" "$GMEM/verbs/mail.sh")
}
commit() # LINE SUBJECT [TRAILER]
{
	echo "$1" >>"$clone/virt/kvm/a.c"
	author commit -q -a -m "KVM: $2" -m "Add a line, as the one before needs company." ${3:+-m "$3"}
}
series() # DIR: a series of what is on top of the base
{
	rm -rf "$1"
	author format-patch -q -N --zero-commit --no-signature -o "$1" "$base"
	cat >"$1/COVER.md" <<-END
		# KVM: Add two lines to a file

		Add two lines, see [1].

		## Changes since v1

		 - The second line is another one.

		[1] https://lore.kernel.org/kvm/20260101000000.1-1-dev@example.org
	END
}

mkdir -p "$clone/scripts" "$clone/virt/kvm" "$t/build"
for file in checkpatch.pl get_maintainer.pl spelling.txt const_structs.checkpatch; do
	cp "$BUILD/linux/scripts/$file" "$clone/scripts/" 2>/dev/null ||
		die "the scripts of a kernel tree are needed: build/linux" "make am"
done
(cd "$clone" && touch COPYING CREDITS Kbuild Makefile README)
printf '%s\n' 'Maintainers List' '----------------' '' 'KERNEL VIRTUAL MACHINE' 'M:	A Maintainer <maintainer@example.org>' \
	'R:	A Reviewer <reviewer@example.org>' 'L:	list@example.org' 'S:	Supported' 'F:	virt/kvm/' >"$clone/MAINTAINERS"
printf '// SPDX-License-Identifier: GPL-2.0-only\nint zero;\n' >"$clone/virt/kvm/a.c"
author init -q -b base
author add .
author commit -q -m 'KVM: Begin a file'
base=$(author rev-parse HEAD)
fixes="Fixes: $(author log -1 --abbrev=12 --format='%h ("%s")')"

commit 'int one;' 'Add one' "$fixes"
commit 'int two;' 'Add two'
series "$t/v1"
author reset -q --hard "HEAD^"
commit 'int deux;' 'Add two'
series "$t/series"
author reset -q --hard "$base"

run mail ASSISTED_BY='Agent:1 sparse'
expect mail/ready 0 '^ok [0-9]+ - mail/cover$' '^8 passed, 0 failed$' "^# ready: 2 patches and the cover letter in $mails\$"
first=$mails/0001-KVM-Add-one.patch cover=$mails/0000-cover-letter.patch
check mail/numbered has '^Subject: \[PATCH 1/2\] KVM: Add one$' "$first"
check mail/cover-subject has '^Subject: \[PATCH 0/2\] KVM: Add two lines to a file$' "$cover"
check mail/base-commit has "^base-commit: $base\$" "$cover"
check mail/to has '^To: A Maintainer <maintainer@example.org>' "$first"
check mail/cc-list has 'list@example.org' "$first"
check mail/sign-off-is-last test "$(sed -n '/^---$/q; p' "$first" | tail -n 3)" = "$fixes
Assisted-by: Agent:1 sparse
Signed-off-by: A Developer <dev@example.org>"
check mail/author-signed has '^From: A Developer <dev@example.org>$' "$first"

run mail VERSION=2 PREV="$t/v1" PREFIX='RFC PATCH'
expect mail/next-version 0 '^8 passed, 0 failed$'
check mail/version has '^Subject: \[RFC PATCH v2 2/2\] KVM: Add two$' "$mails/v2-0002-KVM-Add-two.patch"
check mail/range-diff has '^2: .* ! 2: .* KVM: Add two$' "$mails/v2-0000-cover-letter.patch"

check mail/nothing-private sh -c '! grep "before any list" "$1"' sh "$t/out"

cp -r "$t/series" "$t/private"
printf '\n## Private\n\nPatches 1 and\n2 are.\nDocumentation/process/security-bugs.rst comes first.\n\n## More\n\nPatches 3 and 4\n' \
	>>"$t/private/COVER.md"
series=$t/private
run mail
expect mail/private 0 '^# before any list: Patches 1 and 2 are about'
series=

refused mail/no-identity 'no identity' "$mails" mail GIT_CONFIG_GLOBAL=/dev/null
refused mail/noreply 'nobody can answer' "$mails" as 'A Tool' tool@noreply.example.org \
	env PATCHES="$t/series" BUILD="$t/build" "$GMEM/verbs/mail.sh"
refused mail/no-base-commit 'official tree' "$mails" mail BASE_COMMIT=
refused mail/unknown-base-commit 'has no commit' "$mails" mail BASE_COMMIT=0123456789ab
refused mail/not-a-clone 'not a git repository' "$mails" mail KERNEL_TREE="$t"
refused mail/version-not-a-number 'not a number' "$mails" mail VERSION=two
refused mail/no-changelog-since-v2 'not ready' "$mails" mail VERSION=3
refused mail/malformed-assisted-by 'not ready' "$mails" mail ASSISTED_BY='an agent'

echo 'int local;' >>"$clone/virt/kvm/a.c"
refused mail/local-changes 'has local changes' "$clone" mail
author checkout -q virt/kvm/a.c

# bad NAME CASE SED: one thing wrong with the series, which that case must find
bad()
{
	rm -rf "$t/bad"
	cp -r "$t/series" "$t/bad"
	sed -i "$3" "$t"/bad/*
	series=$t/bad
	refused "mail/$1" 'not ready' "$mails" mail
	check "mail/$1-named" has "^not ok [0-9]+ - mail/$2"
	series=
}
bad checkpatch checkpatch/0002 's/^+int deux;/+int deux ;/'
bad wrong-fixes trailers/0001 's/("KVM: Begin a file")/("KVM: End a file")/'
bad unknown-fixes trailers/0001 's/^Fixes: [0-9a-f]*/Fixes: 0123456789ab/'
bad private-link links/0000 's,https://lore.*,http://10.0.0.1/review/1,'
bad dangling-reference links/0000 '/^\[1\]/d'

# A checkpatch.pl that does not run must not count as one that found nothing
echo 'this is not perl' >"$clone/scripts/checkpatch.pl"
author commit -q -a -m 'KVM: Break checkpatch'
refused mail/checkpatch-does-not-run 'not ready' "$mails" mail BASE_COMMIT="$(author rev-parse HEAD)"
author reset -q --hard "$base"

sed 's/^ int zero;/ int none;/' "$t/series/0001-KVM-Add-one.patch" >"$t/bad/0001-KVM-Add-one.patch"
series=$t/bad
refused mail/does-not-apply 'does not apply' "$mails" mail
series=

# The cover letter of the series, with its first patch for company: it has to be ready any time
commit=$(base_field commit)
case $commit in *[!0-9a-f]*) commit= ;; esac
if [ -f "$SERIES_DIR/COVER.md" ] && [ -n "$commit" ]; then
	mkdir -p "$t/real" "$t/build-real"
	cp "$SERIES_DIR/COVER.md" "$(patches | head -n 1)" "$t/real/"
	ln -s "$BUILD/linux" "$t/build-real/linux"
	cp "$BUILD/linux.stamp" "$t/build-real/"
	series=$t/real
	run mail BUILD="$t/build-real" KERNEL_TREE= BASE_COMMIT="$(printf '%s%028d' "$commit" 0)"
	expect mail/cover-of-patches "$rc" '^ok [0-9]+ - mail/cover$' '^ok [0-9]+ - mail/links/0000-cover-letter$'
	series=
else
	skip mail/cover-of-patches "the series has no cover letter, or its base is a tag, for which mail needs a clone"
fi
