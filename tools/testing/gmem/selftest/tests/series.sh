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

# make clean of one series leaves the work in another alone
mkdir -p "$other/build/9.9/linux" "$other/build/log"
run in_other make clean
check series/clean-leaves-others test -d "$other/build/9.9/linux" -a ! -e "$other/build/log"
