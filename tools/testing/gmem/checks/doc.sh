#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test needs=am
# doc: kernel-doc and reStructuredText, no worse than in the base for files of the kernel, and clean for the overlay's.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

base=$(stamped base)
head=$(cat "$BUILD/am.head") || die "the series does not apply" "make test CASES=am"
work=$BUILD/doc
rm -rf "$work"
mkdir -p "$work"

# docutils does not know what Sphinx adds; everything else it says counts
rst()
{
	python3 -m docutils --version >/dev/null 2>&1 && set -- "$1" "python3 -m docutils" || set -- "$1" rst2html
	$2 --report=2 --halt=5 "$1" 2>&1 >/dev/null |
		grep -vE 'Unknown (directive type|interpreted text role)|No (directive|role) entry for|Trying ".*" as canonical (directive|role) name' |
		grep -E '\((WARNING|ERROR|SEVERE)/' | sed 's/^.*\.rst:[0-9]*: //' || :
}
kerneldoc() { (cd "$linux" && scripts/kernel-doc -none "$1") 2>&1 | grep -iE 'warning|error' | sed 's/^[^ ]*:[0-9]* //' || :; }

# not_worse NAME TOOL FILE-IN-BASE FILE
not_worse()
{
	"$2" "$3" | sort >"$work/before"
	"$2" "$4" | sort >"$work/after"
	new=$(comm -13 "$work/before" "$work/after")
	if [ -n "$new" ]; then not_ok "$1" "$new"; else ok "$1"; fi
}

for file in $(kgit diff --name-only "$base" "$head"); do
	kgit show "$base:$file" >"$work/base.${file##*.}" 2>/dev/null || : >"$work/base.${file##*.}"
	kgit show "$head:$file" >"$work/series.${file##*.}"
	case $file in
	*.rst) not_worse "doc/$file" rst "$work/base.rst" "$work/series.rst" ;;
	*.[ch]) not_worse "doc/$file" kerneldoc "$work/base.${file##*.}" "$work/series.${file##*.}" ;;
	esac
done

for file in $(cd "$TOP" && find Documentation arch virt include -name '*.rst' -o -name '*.h' 2>/dev/null | sort); do
	case $file in *.rst) tool=rst ;; *) tool=kerneldoc ;; esac
	not_worse "doc/$file" "$tool" /dev/null "$TOP/$file"
done
