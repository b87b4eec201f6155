#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: can the tests fail? Break the series in one place after another; they must notice
# with: MUTANTS='snp-*'  only these
# mutants.sh: can the tests fail? Each of mutants/*.sed breaks the series in one place. The kernel with it is built and
# booted, and the cases that the mutant's header names have to fail:
#   # mutant: file=FILE boot=BOOT     what is edited, and which of boots/ is booted
#   # mutant: fails=TEST[/CASE],...   every one of them; kernel-log is what the kernel itself has noticed
#   # mutant: test=TEST               the only one that is run, where fails= names none
#   # mutant: base=6.19               for that base only, by what is called linux in its BASE
# MUTANTS='PATTERN...' for some of them. The kernel is that of the variant series, in a tree of its own.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

work=$BUILD/mutants
tree=$work/tree

header() { meta "$GMEM/mutants/$1.sed" "$2"; }

names()
{
	set -f
	for pattern in ${MUTANTS:-*}; do
		find "$GMEM/mutants" -name "$pattern.sed" | sort | while read -r mutant; do
			if fits "$mutant"; then basename "$mutant" .sed; fi
		done | grep . || die "no mutant $pattern for Linux $(base_field linux)" "make list"
	done
}

# Written, not moved back: make goes by the time of the file
restore()
{
	[ -f "$work/original" ] || return 0
	cat "$work/original" >"$(cat "$work/file")"
	rm "$work/original"
}

kernel_tree()
{
	build_kernels series
	! cmp -s "$BUILD/tree/series.stamp" "$work/stamp" || return 0
	say "$(date +%T) a copy of the kernel tree"
	rm -rf "$work/stamp" "$tree" "$tree.new" "$work/original"
	copy_tree "$BUILD/tree/series" "$tree.new" "$tree"
	mv "$tree.new" "$tree"
	cp "$BUILD/tree/series.stamp" "$work/stamp"
}

mutate()
{
	file=$tree/$(header "$1" file)
	echo "$file" >"$work/file"
	cp "$file" "$work/original.new"
	mv "$work/original.new" "$work/original"
	sed -f "$GMEM/mutants/$1.sed" "$work/original" >"$file"
	! cmp -s "$file" "$work/original"
}

# Of the boot's tests those that shall fail. Each has a minute, as some mutants hang; what cannot be killed is a panic, and
# in one ccp waits for firmware that does not run any more.
boot()
{
	local tests
	tests=$(printf '%s,%s' "$(header "$1" test)" "$(header "$1" fails)" | tr ',' '\n' | sed 's|/.*||' | sort -u | grep . | paste -s -d '|')
	KTREE=$tree TESTS=$BUILD/tree/series/tools/testing/selftests/kvm "$GMEM/boot/boot.sh" --name "mutant-$1" \
		--set "ONLY=$tests" --timeout 60 \
		--append 'sysctl.kernel.hung_task_timeout_secs=20 sysctl.kernel.hung_task_panic=1 ccp.psp_cmd_timeout=5' \
		"$(header "$1" boot)"
}

survivors() # NAME TAP
{
	for case in $(header "$1" fails | tr ',' ' '); do
		grep -qE "^not ok - mutant-$1/$case(/| |\$)" "$2" || echo "$case does not fail"
	done
}

mutant()
{
	log=$LOG/mutant-$1-build.log
	if ! mutate "$1"; then
		not_ok "mutants/$1" "it changes nothing in $file"
	elif ! kmake "$tree" modules </dev/null >"$log" 2>&1; then
		not_ok "mutants/$1" "$(tail -n 5 "$log")"
	else
		boot "$1" >"$work/$1.tap"
		survived=$(survivors "$1" "$work/$1.tap")
		if [ -z "$survived" ]; then ok "mutants/$1"; else not_ok "mutants/$1" "$survived"; fi
		grep '^not ok' "$work/$1.tap" | sed 's/^/# /' | head -n 5 || :
	fi
	restore
}

unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
mkdir -p "$work" "$LOG"
alone
names >"$work/names"
restore
kernel_tree
trap restore EXIT
trap 'exit 130' INT TERM
while read -r name; do
	say "$(date +%T) $name: $(sed -n 2p "$GMEM/mutants/$name.sed" | cut -c3-)"
	mutant "$name"
done <"$work/names" | tap_file "$LOG/mutants.tap"
[ "$(grep -cE '^(not )?ok ' "$LOG/mutants.tap")" = "$(wc -l <"$work/names")" ] || die "not every mutant has a result" "see above"
summary "$LOG/mutants.tap"
