#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: which lines of each patch does no test reach? What is left needs a reason
# with: BOOTS='snp tdx*'  only these boots, with no verdict
# coverage.sh: boot the kernel under test as some of make test does, those with verbs=coverage, each in a QEMU with
# coverage/plugin.c, which writes down what is executed. The lines that the patches add and that no boot reaches, or only
# with a jump that goes one way, need a row in UNREACHED of the series. For the overlay it prints a figure per file.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

work=$BUILD/coverage
tree=$BUILD/tree/series

names()
{
	local script name pattern
	for script in "$GMEM"/boot/boots/*.sh; do
		name=$(basename "$script" .sh)
		[ "$(kernels "$script" | head -n 1)" = series ] || continue
		if [ -z "${BOOTS:-}" ]; then
			case ,$(meta "$script" verbs), in *,coverage,*) echo "$name" ;; esac
			continue
		fi
		set -f
		for pattern in $BOOTS; do
			# shellcheck disable=SC2254 # a pattern it is
			case $name in $pattern) echo "$name" ;; esac
		done
		set +f
	done | sort -u | grep . || die "no boot ${BOOTS:-with verbs=coverage}" "make list"
}

boot() # NAME
{
	mkdir -p "$work/qemu.$1"
	# The guest's clock counts instructions: what the plugin takes is no time, and no case runs into its limit.
	printf '#!/bin/sh\nexec %s -plugin "%s" "$@" -icount shift=0,sleep=off -rtc clock=vm\n' "${QEMU:-qemu-system-x86_64}" \
		"$work/plugin.so,out=$work/$1.hits,$(paste -s -d , "$work/ranges")" >"$work/qemu.$1/qemu"
	chmod +x "$work/qemu.$1/qemu"
	say "$(date +%T) $1 boots, log $LOG/coverage-$1.log"
	QEMU=$work/qemu.$1/qemu ACCEL=tcg,thread=single GMEM_SLOW=$((3 * GMEM_SLOW)) \
		"$GMEM/boot/boot.sh" --name "coverage-$1" --set COVERAGE=yes "$1" >"$work/$1.cases" || :
	rm -r "$work/qemu.$1"
	[ -s "$work/$1.hits" ] || {
		not_ok "coverage/boot/$1" "$(cat "$work/$1.cases")"
		return
	}
	if grep -q '^not ok' "$work/$1.cases"; then
		not_ok "coverage/boot/$1" "$(grep '^not ok' "$work/$1.cases")"
	else
		ok "coverage/boot/$1"
	fi
	tr -d '\r' <"$LOG/coverage-$1.log" | sed -n 's/.*gmem: # module /module /p' | sort -u >"$work/$1.modules"
	awk -f "$GMEM/coverage/hex.awk" -f "$GMEM/coverage/reached.awk" "$work/code" "$work/$1.modules" "$work/$1.hits" \
		>"$work/$1.places"
	grep '^#' "$work/$1.places" || :
	grep -v '^#' "$work/$1.places" >"$work/$1.reached" || :
}

# Of each file of the overlay, how many of the lines with code are reached
figures()
{
	(cd "$TOP" && find arch virt -name '*.[ch]') | awk -F '\t' '
		FNR == NR { overlay[$1] = 1; next }
		!($1 in overlay) { next }
		{ all[$1]++; reached[$1] += $3 != "no" }
		END {
			for (file in all)
				printf "# %-48s %4d of %4d lines, %3d %%\n", file, reached[file], all[file], 100 * reached[file] / all[file]
		}' - "$work/lines" | sort
}

same_code() { ! grep . "$work/changed"; }

verdict()
{
	check coverage/same-code same_code
	"$GMEM/coverage/added.sh" >"$work/added"
	check coverage/added test -s "$work/added"
	table=$SERIES_DIR/UNREACHED
	[ -f "$table" ] || {
		table=$work/unreached
		echo "# none" >"$table"
	}
	awk -v patches="$(patches | wc -l)" -f "$GMEM/coverage/report.awk" "$table" "$work/added" "$work/lines"
}

if [ "${1:-}" = boot ]; then
	boot "$2"
	exit
fi

boots=$(names)
case $work in *[,\ ]*) die "$work has a comma or a space, which QEMU takes for the end of a name" "clone to another directory" ;; esac
mkdir -p "$work" "$LOG"
alone
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
build_kernels series
[ -z "$(kgit status --porcelain)" ] || die "$linux has changes that are no commits, so which patch they are of is not known" "commit them"
$(cc) -Wall -Wextra -Wno-unused-parameter -O2 -shared -fPIC -fvisibility=hidden -o "$work/plugin.so" "$GMEM/coverage/plugin.c" ||
	die "the plugin for QEMU does not build" "see above"
if ! cmp -s "$tree.stamp" "$work/stamp" || [ ! -s "$work/code" ]; then
	rm -f "$work/stamp"
	say "$(date +%T) which line an instruction belongs to"
	"$GMEM/coverage/code.sh" "$tree" "$work"
	cp "$tree.stamp" "$work/stamp"
fi
rm -f "$work"/*.reached "$work"/*.hits "$work/complete"
{
	echo "$boots" | xargs -P "$JOBS" -I '{}' "$0" boot '{}' 9>&-
	cat "$work"/*.reached | sort -u >"$work/reached"
	awk -f "$GMEM/coverage/lines.awk" "$work/reached" "$work/code" | sort >"$work/lines"
	[ -n "${BOOTS:-}" ] || verdict
	figures
	touch "$work/complete"
} | tap_file "$LOG/coverage.tap"
[ -f "$work/complete" ] || die "a step died" "see above"
summary "$LOG/coverage.tap"
