# SPDX-License-Identifier: GPL-2.0-only
# Cases of BASE=NAME, which selects a series, in a copy of this repository; sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

other=$t/other
mkdir -p "$other/tools/testing" "$other/patches/9.9" "$other/build/dl"
cp -r "$GMEM" "$other/tools/testing/"
cp "$TOP/Makefile" "$other/"
printf 'From 0\nSubject: [PATCH] One\n' >"$other/patches/0001-One.patch"
printf 'From 0\nSubject: [PATCH] Two\n' >"$other/patches/9.9/0001-Two.patch"
cp "$SERIES_DIR/BASE" "$other/patches/"
printf 'upstream\tnowhere\ncommit\tv9.9\nsuite\tnone\n' >"$other/patches/9.9/BASE"

# in_other COMMAND...: there, with no settings of the run that this is part of
in_other() { (cd "$other" && env -u BUILD -u BASE -u DL "$@"); }
# what VARIABLE...: values in there
what() { in_other env ${base:+"BASE=$base"} sh -c '. "$1/lib/lib.sh"; . "$1/lib/git.sh"; echo "$SERIES_DIR $BUILD $DL"; patches' \
	"$other/tools/testing/gmem/lib/x" "$other/tools/testing/gmem"; }

base=
run what
expect series/default 0 "^$other/patches $other/build $other/build/dl\$" "^$other/patches/0001-One.patch\$"
if has Two; then not_ok series/no-recursion "$(say_out)"; else ok series/no-recursion; fi
base=9.9
run what
expect series/selected 0 "^$other/patches/9.9 $other/build/9.9 $other/build/dl\$" "^$other/patches/9.9/0001-Two.patch\$"
base=
for verb in run test am refresh mail bench clean; do
	refused "series/not-there-$verb" 'BASE=1\.2: there is no such series' "$other" in_other make BASE=1.2 $verb
done
refused series/not-a-name 'is not the name of a folder' "$other" in_other make BASE=../patches am
refused series/no-inplace 'has no inplace\.diff' "$other/patches" in_other env BASE=9.9 tools/testing/gmem/tree/compose.sh base-inplace

# What is for another base stays out: by the name of the base in the header, of a boot or of its kernel
printf '# A boot\n# boot: kernel=base base=9.9\n' >"$other/tools/testing/gmem/boot/boots/only.sh"
printf '# Another\n# boot: kernel=rare,base\n' >"$other/tools/testing/gmem/boot/boots/rare.sh"
printf '# Two\n# boot: kernel=base,rare\n' >"$other/tools/testing/gmem/boot/boots/two.sh"
printf '# A kernel\n# variant: series=no base=9.9\n' >"$other/tools/testing/gmem/kernel/variants/rare"
printf 'linux\t9.9\n' >>"$other/patches/9.9/BASE"
# kernels_of BOOT: with which kernels
kernels_of() { in_other env ${base:+"BASE=$base"} sh -c '. "$1/lib/lib.sh"; kernels "$1/boot/boots/$2.sh" | paste -s -d " "' \
	"$other/tools/testing/gmem/lib/x" "$other/tools/testing/gmem" "$1"; }
for base in '' 9.9; do
	for boot in only rare two; do
		case "$base $boot" in
		' two' | '9.9 only') want=base ;;
		'9.9 rare') want='rare base' ;;
		'9.9 two') want='base rare' ;;
		*) want= ;;
		esac
		check "series/kernels-$boot${base:+-$base}" test "$(kernels_of $boot)" = "$want"
	done
done
base=
run in_other make list
expect series/list-says-it 0 '^  only  *A boot \[Linux 9.9 only\]$' '^  rare  *Another \[Linux 9.9 only\]$' '^  two  *Two$'

# make clean of one series leaves the work in another alone
mkdir -p "$other/build/9.9/linux" "$other/build/log"
run in_other make clean
check series/clean-leaves-others test -d "$other/build/9.9/linux" -a ! -e "$other/build/log"
