#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test needs=am,kernel-series
# overlay: checkpatch of the overlay, and proof that it leaves the code under test alone. The objects of KVM, the ccp
# driver and the SEV/TDX host code are the ones that the same configuration gives without the overlay's sources.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

series=$BUILD/tree/series
[ -f "$series.stamp" ] || die "kernel series was not built" "see $LOG/kernel-series.log"
tree=$BUILD/apart
log=$LOG/overlay.log
: >"$log"

# Whole files as they are in TOP, for checkpatch tells by the path what rules hold. It does not know the macros that
# follow a function (NOKPROBE_SYMBOL) nor those of kselftest_harness.h, and the tests have no BIT() of the kernel's.
checkpatch()
{
	case $1 in
	tools/*) ignore=LINE_SPACING,SPACING,VOLATILE,BIT_MACRO ;;
	*) ignore=LINE_SPACING ;;
	esac
	(cd "$TOP" && GIT_DIR=/nonexistent "$series/scripts/checkpatch.pl" --root="$series" --strict --no-summary --terse \
		--show-types --ignore $ignore -f "$1")
}
for file in $(cd "$TOP" && find arch virt include tools/testing/selftests -type f 2>/dev/null | sort); do
	check "overlay/checkpatch/$file" checkpatch "$file"
done

# A copy of the built tree in which the objects under test are compiled again, with the overlay's Kconfig but not its code
dirs="arch/x86/kvm arch/x86/virt/svm arch/x86/virt/vmx virt/kvm drivers/crypto/ccp"
rm -rf "$tree"
copy_tree "$series" "$tree" "$tree"
(
	cd "$tree"
	for d in arch drivers include virt; do
		[ ! -d "$TOP/$d" ] || (cd "$TOP" && find $d -type f ! -name 'Kconfig*') | xargs -r rm -f
	done
	for makefile in arch/x86/virt/Makefile virt/kvm/Makefile.kvm; do
		KGIT=$linux kgit show "HEAD:$makefile" >$makefile
	done
	for d in $dirs; do find "$d" \( -name '*.o' -o -name '.*.cmd' \) -delete; done
	kmake . arch/x86/kvm/ arch/x86/virt/ drivers/crypto/ccp/
) >>"$log" 2>&1 || { not_ok overlay/objects "$(error_lines "$log")"; exit; }

# kvm.o is linked from all of them and has the test driver's objects besides
count=0
differ=
# shellcheck disable=SC2086 # a list
for object in $(cd "$tree" && find $dirs -name '*.o' ! -name kvm.o | sort); do
	count=$((count + 1))
	cmp -s "$tree/$object" "$series/$object" || differ="$differ $object"
done
if [ -n "$differ" ]; then
	not_ok overlay/objects "they differ with the overlay:$differ"
elif [ $count -lt 50 ]; then
	not_ok overlay/objects "only $count objects were compared"
else
	ok overlay/objects
	say "$count objects are the same with and without the overlay"
fi
rm -rf "$tree"
