# SPDX-License-Identifier: GPL-2.0-only
# Cases of make help and make list; sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

run make -s -C "$TOP" help
cp "$t/out" "$t/help"
expect help/names-verbs 0 '^make run +[a-z]' '^make test +[a-z]' '^    BASE=NAME '
every_verb()
{
	for verb in "$GMEM"/verbs/*.sh; do
		verb=$(basename "$verb" .sh)
		[ "$verb" = help ] || grep -q "^make $verb  *[a-z]" "$t/help" || echo "make help does not have $verb"
	done | { ! grep .; }
}
check help/every-verb every_verb
# README shows the same, indented
readme() { sed -n '/^## All verbs/,/^## Words/p' "$TOP/README.md" | sed '/^#/d; s/^    //' | diff -B "$t/help" -; }
check help/readme-agrees readme

run make -s -C "$TOP" list
cp "$t/out" "$t/list"
expect list/titles 0 '^Boots: ' '^Machines ' '^Checks: ' '^Kernels, ' '^Mutants: '
every_file()
{
	for file in "$GMEM"/boot/boots/*.sh "$GMEM"/boot/machines/* "$GMEM"/checks/*.sh "$GMEM"/kernel/variants/* "$GMEM"/mutants/*.sed; do
		name=${file##*/}
		grep -qE "^  ${name%.*} +[^ ]" "$t/list" || echo "make list says nothing of $name"
	done | { ! grep .; }
}
check list/every-file every_file
