#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: turn the series into mails, ready to send; sends nothing
# with: BASE_COMMIT=SHA  required: the commit it applies to; more in verbs/mail.sh
# mail.sh: patches/ and COVER.md become a directory of mails for git send-email. Sends nothing.
#
#   BASE_COMMIT=SHA     commit of an official tree that the series applies to (required)
#   KERNEL_TREE=DIR     a clone that has it; without one the base of BASE is all that can be checked
#   VERSION=N           [PATCH vN m/n], 1 by default       PREFIX="RFC PATCH" in place of PATCH
#   PREV=DIR            mails or patches of the previous version, for a range-diff in the cover letter
#   ASSISTED_BY="AGENT_NAME:MODEL_VERSION [TOOL...]"  the trailer that coding-assistants.rst of newer kernels asks for
#   OUT=DIR             where to; build/mail/vN by default, made anew each time
#
# The sign-off is that of the user's git identity. Who has not signed off a patch cannot be its author in a mail,
# so the user becomes the author of such patches, and takes responsibility for them as the sign-off says.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"
. "$GMEM/lib/clone.sh"

patches=${PATCHES:-$SERIES_DIR}
version=${VERSION:-1}
out=${OUT:-$BUILD/mail/v$version}
work=$BUILD/mail/work

# identity: sets me="NAME <ADDRESS>"; an address that git would make up from the host name does not count
identity()
{
	name=${GIT_AUTHOR_NAME:-$(git config --get user.name || :)}
	address=${GIT_AUTHOR_EMAIL:-$(git config --get user.email || :)}
	{ [ -n "$name" ] && [ -n "$address" ]; } ||
		die "git has no identity to sign off with" "git config --global user.name 'Your Name'; git config --global user.email you@example.org"
	case $address in
	*noreply* | *.example | *.invalid | *@localhost | *.localdomain)
		die "nobody can answer to <$address>, the address of your git identity" "git config user.email you@example.org" ;;
	*?@?*.?*) ;;
	*) die "<$address> is not a mail address" "git config user.email you@example.org" ;;
	esac
	me="$name <$address>"
}

# base_tree: sets source (where the objects are) and base (the commit there to apply to)
base_tree()
{
	[ -n "${BASE_COMMIT:-}" ] ||
		die "which commit of an official tree does the series apply to?" "BASE_COMMIT=SHA [KERNEL_TREE=/path/to/clone] make mail"
	known=$(base_field commit)
	if [ -n "${KERNEL_TREE:-}" ]; then
		need_clean_clone
		source=$KERNEL_TREE
		base=$(git -C "$source" rev-parse -q --verify "$BASE_COMMIT^{commit}") ||
			die "$KERNEL_TREE has no commit $BASE_COMMIT" "git -C $KERNEL_TREE fetch"
		base_commit=$base
		return
	fi
	case $BASE_COMMIT in *[!0-9a-f]*) BASE_COMMIT= ;; esac
	[ ${#BASE_COMMIT} = 40 ] || die "BASE_COMMIT must be a full commit id, 40 digits" "or give KERNEL_TREE=/path/to/clone"
	case $BASE_COMMIT in
	"$known"*) ;;
	*) die "BASE_COMMIT is not $known of BASE, and without a clone nothing else can be checked" "KERNEL_TREE=/path/to/clone" ;;
	esac
	[ -f "$stamp" ] || die "there is no build/linux to apply the series to" "make am, or KERNEL_TREE=/path/to/clone"
	source=$linux
	base=$(stamped base)
	base_commit=$BASE_COMMIT
	say "without KERNEL_TREE: applied to $(stamped from), whose touched files are those of $known"
}

# A repository without a work tree, which borrows the objects of $source and shows none of the user's settings
scratch()
{
	rm -rf "$work"
	mkdir -p "$work/mails"
	objects=$(cd "$source" && cd "$(git rev-parse --git-path objects)" && pwd)
	GIT_DIR=$work/git
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$address
	export GIT_DIR GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
	git init -q --bare "$GIT_DIR"
	echo "$objects" >"$GIT_DIR/objects/info/alternates"
	# What checkpatch and get_maintainer read, from the commit and not from anybody's work tree
	git archive "$base" -- COPYING CREDITS Kbuild MAINTAINERS Makefile README scripts | tar -x -C "$work"
	(cd "$work" && mkdir -p Documentation arch include drivers fs init ipc kernel lib)
}

field() { sed -n "s/^$1: //p" "$work/info"; }

# commit_patches SIGN PATCH...: commits on top of $base without a checkout; sets head
commit_patches()
{
	sign=$1
	shift
	git read-tree "$base"
	head=$base
	for patch; do
		git mailinfo "$work/message" "$work/diff" <"$patch" >"$work/info"
		git apply --cached "$work/diff" 2>"$work/apply.err" || {
			cat "$work/apply.err" >&2
			die "${patch##*/} does not apply to $(echo "$base" | cut -c1-12)" "rebase the series: make am, edit, make refresh"
		}
		author=$(field Author) author_address=$(field Email)
		if [ "$sign" = sign ]; then
			if ! grep -qxF "Signed-off-by: $author <$author_address>" "$work/message"; then
				unsigned=$((unsigned + 1))
				author=$name author_address=$address
			fi
			git interpret-trailers --in-place ${ASSISTED_BY:+--trailer "Assisted-by: $ASSISTED_BY"} \
				--trailer "Signed-off-by: $me" "$work/message"
		fi
		{ field Subject; echo; cat "$work/message"; } >"$work/commit"
		head=$(GIT_AUTHOR_NAME=$author GIT_AUTHOR_EMAIL=$author_address GIT_AUTHOR_DATE=$(field Date) \
			git commit-tree -p "$head" -F "$work/commit" "$(git write-tree)")
	done
}

# COVER.md as the text of a mail: the title is the subject, "## Heading" is underlined
cover_text()
{
	awk 'NR == 1 { sub(/^# */, ""); print; next }
		/^## / { sub(/^## */, ""); print; gsub(/./, "-"); print; next }
		{ print }' "$patches/COVER.md"
}

recipients() # TO|CC
{
	case $1 in TO) set -- --m --nor --nol ;; CC) set -- --nom --r --l ;; esac
	(cd "$work" && unset GIT_DIR && perl scripts/get_maintainer.pl --no-git --no-git-fallback --nofixes --norolestats --no-tree "$@" \
		mails/*.patch)
}

write_mails()
{
	git format-patch -q -o "$work/mails" "$base..$head"
	recipients TO >"$work/to"
	recipients CC | grep -vxFf "$work/to" >"$work/cc" || :
	[ -s "$work/to" ] || die "get_maintainer.pl names nobody" "see $work/MAINTAINERS"
	rm -f "$work"/mails/*

	git update-ref refs/heads/series "$head"
	git symbolic-ref HEAD refs/heads/series
	git config branch.series.description "$(cover_text)"
	while read -r who; do git config --add format.to "$who"; done <"$work/to"
	while read -r who; do git config --add format.cc "$who"; done <"$work/cc"
	set -- --cover-letter --cover-from-description=subject --numbered --thread=shallow --abbrev=12 \
		--from="$me" --subject-prefix="${PREFIX:-PATCH}" --output-directory="$work/mails"
	[ "$version" = 1 ] || set -- "$@" -v "$version"
	[ -z "$prev_head" ] || set -- "$@" --range-diff="$base..$prev_head" --creation-factor=80
	git format-patch -q "$@" "$base..series"

	cover=$(find "$work/mails" -name '*0000-cover-letter.patch')
	# As format-patch --base writes it, which wants the commit itself to be in the repository
	awk -v base="$base_commit" '/^-- $/ { print "base-commit: " base } { print }' "$cover" >"$work/cover"
	mv "$work/cover" "$cover"
}

message() { git mailinfo "$work/m" /dev/null <"$1" >/dev/null 2>&1; cat "$work/m"; }
trailers() { message "$1" | git interpret-trailers --parse; }

# The range of known links is small; what else looks like one is a slip of the pen, or a link nobody else can open
known_links='lore\.kernel\.org/([a-z0-9._-]+/)?(r/)?[^/@]+@[^/@]+/?'
known_links="$known_links|([a-z]+\.)?kernel\.org/.*|bugzilla\.kernel\.org/.*|github\.com/.*"
known_links="$known_links|www\.(amd|intel)\.com/.*|cdrdv2.*\.intel\.com/.*|docs\.amd\.com/.*"
bad_links()
{
	grep -noE 'https?://[^][:space:]<>")]*' "$1" | sed 's/[.,;:]$//' |
		grep -vE ":https://($known_links)\$" || :
}

check_checkpatch()
{
	# Older checkpatch.pl does not know Assisted-by; commits that Fixes: names are checked by check_trailers
	status=0
	grep -v '^Assisted-by: ' "$1" |
		(cd "$work" && unset GIT_DIR && perl scripts/checkpatch.pl --no-tree --strict --signoff --quiet --no-summary --show-types \
			--ignore UNKNOWN_COMMIT_ID,FILE_PATH_CHANGES -) >"$work/checkpatch" || status=$?
	cat "$work/checkpatch"
	[ "$status" -le 1 ] && ! grep -qE '^(ERROR|WARNING):' "$work/checkpatch"
}

check_trailers()
{
	bad=
	[ "$(trailers "$1" | tail -n 1)" = "Signed-off-by: $me" ] || bad="the last trailer is not the sign-off of $me"
	[ "$(trailers "$1" | grep -cxF "Signed-off-by: $me")" = 1 ] || bad="$bad; signed off more than once"
	trailers "$1" | grep -E '^(Fixes|Link|Closes|Assisted-by):' >"$work/trailers" || :
	while read -r key value; do
		case $key in
		Fixes:)
			echo "$value" | grep -qE '^[0-9a-f]{12,40} \(".+"\)$' || bad="$bad; malformed: $key $value"
			if [ -n "${KERNEL_TREE:-}" ] && git cat-file -e "${value%% *}^{commit}" 2>/dev/null; then
				is=$(git log -1 --format='("%s")' "${value%% *}")
				[ "$is" = "${value#* }" ] || bad="$bad; $key ${value%% *} is $is"
				git merge-base --is-ancestor "${value%% *}" "$base" || bad="$bad; $key ${value%% *} is not in the base"
			elif [ -n "${KERNEL_TREE:-}" ]; then
				bad="$bad; $KERNEL_TREE has no commit ${value%% *}"
			fi ;;
		Link: | Closes:) echo "$value" | grep -qE '^https://[^ ]+( # .*)?$' || bad="$bad; malformed: $key $value" ;;
		Assisted-by:) echo "$value" | grep -qE '^[^ :]+:[^ :]+( |$)' || bad="$bad; not AGENT_NAME:MODEL_VERSION: $value" ;;
		esac
	done <"$work/trailers"
	[ -z "$bad" ] || { echo "${bad#; }"; return 1; }
}

check_links()
{
	links=$(bad_links "$1")
	[ -z "$links" ] || { echo "not a link that a reader of the list can open: $links"; return 1; }
	undefined=$(grep -v '^\[[0-9]*\] http' "$1" | grep -oE '(^| )\[[0-9]+\]' | tr -d ' ' | sort -u | while read -r ref; do
		grep -qF "$ref http" "$1" || echo "$ref"
	done)
	[ -z "$undefined" ] || { echo "reference without a link: $undefined"; return 1; }
}

check_cover()
{
	bad=
	head -n 1 "$patches/COVER.md" | grep -qE '^# .{10,}' || bad="COVER.md has no title"
	grep -q '^\*\*\* ' "$1" && bad="$bad; part of the template is left"
	tail -n 5 "$1" | grep -qxF "base-commit: $base_commit" || bad="$bad; no base-commit"
	long=$(awk 'length > 80 && !/https?:/ { print "line " FNR " is longer than 80 columns" }' "$patches/COVER.md")
	[ "$version" = 1 ] || grep -qE "^#+ .*\\bv$((version - 1))\\b" "$patches/COVER.md" ||
		bad="$bad; COVER.md has no heading that says what changed since v$((version - 1))"
	[ -z "$bad$long" ] || { printf '%s\n' "${bad#; }" "$long"; return 1; }
}

# From here on only $work is written to, and $out at the end if nothing was wrong.
case $version in '' | *[!0-9]* | 0*) die "VERSION=$version is not a number" "VERSION=2 make mail" ;; esac
[ -f "$patches/COVER.md" ] || die "no cover letter $patches/COVER.md" "write it: a title line '# KVM: ...', then the text"
set -- "$patches"/[0-9]*.patch
[ -f "$1" ] || die "no patches in $patches" "make refresh"
if [ -n "${PREV:-}" ]; then
	[ "$version" -gt 1 ] || die "PREV is given, but this is version 1" "VERSION=2"
	[ -d "$PREV" ] || die "PREV=$PREV is not a directory" "PREV=build/mail/v$((version - 1))"
fi
identity
base_tree
scratch

unsigned=0 prev_head=
if [ -n "${PREV:-}" ]; then
	# shellcheck disable=SC2046 # the names are format-patch's own
	commit_patches as-is $(find "$(cd "$PREV" && pwd)" -maxdepth 1 -name '*.patch' ! -name '*0000-cover-letter.patch' | sort)
	prev_head=$head
fi
commit_patches sign "$@"
write_mails

{
	check mail/cover check_cover "$cover"
	check mail/links/0000-cover-letter check_links "$cover"
	for mail in "$work"/mails/*.patch; do
		[ "$mail" != "$cover" ] || continue
		case_name=$(basename "$mail" .patch)
		check "mail/checkpatch/$case_name" check_checkpatch "$mail"
		# Matters of taste are shown, but stop no mail
		grep -A2 '^CHECK:' "$work/checkpatch" | sed 's/^/# /'
		check "mail/trailers/$case_name" check_trailers "$mail"
		check "mail/links/$case_name" check_links "$mail"
	done
} | tap_file "$LOG/mail.tap"

[ "$unsigned" = 0 ] || say "$unsigned patches were not signed off by their author; they now are by $me, as their author"
[ -n "${ASSISTED_BY:-}" ] ||
	say "if a coding assistant had a part in this: ASSISTED_BY='AGENT_NAME:MODEL_VERSION [TOOL...]'," \
		"see Documentation/process/coding-assistants.rst of newer kernels"
# In the cover letter "Patches N, ... and N" under the heading that names security-bugs.rst
private=$(awk '/^## / { section = "" } { section = section " " $0 } /security-bugs\.rst/ { found = 1 }
	found && section != "" && match(section, /Patches [0-9][0-9, and]*[0-9]/) { print substr(section, RSTART, RLENGTH); exit }' \
	"$patches/COVER.md")
[ -z "$private" ] ||
	say "before any list: $private are about crashes of the host by the owner of a VM. A person decides how they are" \
		"disclosed, see Documentation/process/security-bugs.rst and the cover letter"
if ! summary "$LOG/mail.tap"; then
	die "not ready to send; the mails as they are: $work/mails" "correct COVER.md or patches/, then again"
fi
rm -rf "$out"
mkdir -p "$(dirname "$out")"
mv "$work/mails" "$out"
rm -rf "$work"
say "ready: $# patches and the cover letter in $out"
say "next: read them, then git send-email --dry-run --confirm=always $out/*.patch"
