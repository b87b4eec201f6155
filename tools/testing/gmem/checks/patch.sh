#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test,short needs=am
# patch: checkpatch of each patch, those in other/ last, and a build of what the series touches after each of them. Built
# in build/am: KVM for both vendors with KVM_WERROR, the host code of SEV and TDX, the ccp driver; the selftests if the
# patch touches them.
# Warnings of W=1 in the directories of the touched files must not grow against the base.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

tree=$BUILD/am
export KGIT="$tree"
base=$(stamped base)
log=$LOG/patch.log
head=$(cat "$BUILD/am.head") || die "the series does not apply" "make test CASES=am"
: >"$log"

# GIT_DIR: away with git, for spdxcheck.py wants more than Debian's python3. UNKNOWN_COMMIT_ID: a tree made from a
# tarball does not have the commits that Fixes: tags name. FILE_PATH_CHANGES asks for MAINTAINERS on every new file;
# the directories that the series adds to are listed there.
checkpatch()
{
	(cd "$tree" && GIT_DIR=/nonexistent scripts/checkpatch.pl --strict --no-signoff --no-summary --terse --show-types \
		--ignore UNKNOWN_COMMIT_ID,FILE_PATH_CHANGES "$1")
}

at()
{
	kgit checkout -q -f --detach "$1" && kmake "$tree" W=1 LOCALVERSION= arch/x86/kvm/ arch/x86/virt/ drivers/crypto/ccp/ \
		>"$log.one" 2>&1 || result=1
	case $(kgit show --format= --name-only "$1") in
	*tools/testing/selftests*) "$GMEM/kernel/build-selftests.sh" "$tree" >>"$log.one" 2>&1 || result=1 ;;
	esac
	cat "$log.one" >>"$log"
}
warnings() { sed -n 's/:[0-9]*\(:[0-9]*\)*: warning:/: warning:/p' "$log.one" | sort; }

# The objects of the series alone, without the overlay and its options
"$GMEM/kernel/configure.sh" "$tree" >>"$log" 2>&1 || die "configuring failed" "see $log"

result=0
at "$base"
[ $result = 0 ] || die "the base does not build" "see $log"
# The base is compiled once more in full, so that it shows all its warnings
warnings >"$log.seen"

# shellcheck disable=SC2046 # names of patches have no spaces
set -- $(patches; patches "$SERIES_DIR/other")
for commit in $(kgit rev-list --reverse "$base..$head"); do
	file=$1
	shift
	name=patch/${file#"$SERIES_DIR/"}
	name=${name%.patch}
	check "$name/checkpatch" checkpatch "$file"
	result=0
	at "$commit"
	new=$(warnings | comm -13 "$log.seen" -)
	if [ $result != 0 ]; then
		not_ok "$name/build" "$(error_lines "$log.one")"
	elif [ -n "$new" ]; then
		not_ok "$name/build" "$new"
	else
		ok "$name/build"
	fi
done
