#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# build.sh KERNEL...: build the kernels that verbs/bench.sh measures, build/bench/KERNEL.
#   base, series   as for make run, with config/bench.config and the benchmark driver
#   upstream       the base of patches/7.3, the same way
#   coco-KERNEL    the same with the emulated SNP and TDX hosts, config/bench-coco.config
# BENCH_PATCHES=14 takes only the first 14 patches into the series, BENCH_CONFIG=CONFIG_OPTION=VALUE changes an option.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

bench=$BUILD/bench
mkdir -p "$bench" "$LOG"

progress() { say "bench $(date +%T) $*"; }

# of_upstream COMMAND...: for the series of 7.3, which is built below this one
of_upstream() { env BASE=7.3 BUILD="$BUILD/7.3" DL="$DL" "$@"; }

sources() # KERNEL: its sources in build/linux or build/7.3/linux; prints the id of the tree and where that is
{
	local commit='' id
	case ${1#coco-} in
	base)
		"$GMEM/tree/tree.sh" alone >&2
		id=$("$GMEM/tree/compose.sh" base)
		echo "$id $linux" ;;
	series)
		"$GMEM/tree/tree.sh" alone >&2
		[ -z "${BENCH_PATCHES:-}" ] ||
			commit=$(kgit rev-list --reverse "$(stamped base)..HEAD" | sed -n "${BENCH_PATCHES}p" | grep .) ||
			die "there are not BENCH_PATCHES=$BENCH_PATCHES patches" "make bench without it"
		id=$("$GMEM/tree/compose.sh" series ${commit:+"$commit"})
		echo "$id $linux" ;;
	upstream)
		of_upstream "$GMEM/tree/tree.sh" alone >&2
		id=$(of_upstream "$GMEM/tree/compose.sh" base)
		echo "$id $BUILD/7.3/linux" ;;
	esac
}

# ARCH: tinyconfig of x86_64 and of x86 differ, e.g. in CONFIG_X86_KERNEL_IBT, which adds instructions.
configure() # TREE FRAGMENT...
{
	local tree="$1" refused
	shift
	cat "$@" | cmp -s - "$tree/.bench-config" && return
	rm -f "$tree/.bench-config"
	kmake "$tree" -s ARCH=x86_64 tinyconfig >/dev/null
	cat "$@" >>"$tree/.config"
	kmake "$tree" -s ARCH=x86_64 olddefconfig 2>/dev/null
	refused=$("$GMEM/kernel/check-config.sh" "$tree/.config" "$@") ||
		die "options did not take" "correct config/bench*.config: $(echo "$refused" | head -n 3 | paste -s -d ';')"
	cat "$@" >"$tree/.bench-config"
}

# While it is built a tree has the same path, whichever it is: objects of a tree at another path are all built again.
enter()
{
	echo "$1" >"$bench/$1/.bench-kernel"
	mv "$bench/$1" "$bench/tree"
}
leave() { [ ! -d "$bench/tree" ] || mv "$bench/tree" "$bench/$(cat "$bench/tree/.bench-kernel")"; }

fragments() # KERNEL
{
	echo "$GMEM/kernel/config/bench.config"
	case $1 in coco-*) echo "$GMEM/kernel/config/bench-coco.config" ;; esac
	echo "${BENCH_CONFIG:-}" >"$bench/extra.config"
	echo "$bench/extra.config"
}

build()
{
	local tree="$bench/$1" like made
	made=$(sources "$1")
	# A copy with all objects: what is the same in both need not be built again
	case $1 in
	series) like=base ;;
	coco-*) like=${1#coco-} ;;
	*) like= ;;
	esac
	if [ ! -f "$bench/$1.index" ]; then
		rm -rf "$tree" "$tree.new"
		if [ -n "$like" ] && [ -f "$bench/$like.index" ]; then
			progress "$1: a copy of $like"
			cp -a "$bench/$like" "$tree.new"
			cp "$bench/$like.index" "$bench/$1.index.new"
			mv "$tree.new" "$tree"
			mv "$bench/$1.index.new" "$bench/$1.index"
		fi
		mkdir -p "$tree"
	fi
	checkout_tree "$tree" "${made%% *}" "${made#* }" >"$LOG/bench-build-$1.log" 2>&1 ||
		die "the sources of $1 could not be written" "see $LOG/bench-build-$1.log"
	enter "$1"
	# shellcheck disable=SC2046 # a list
	configure "$bench/tree" $(fragments "$1")
	progress "$1: build, log $LOG/bench-build-$1.log"
	kmake "$bench/tree" ARCH=x86_64 bzImage modules >>"$LOG/bench-build-$1.log" 2>&1 || {
		error_lines "$LOG/bench-build-$1.log"
		die "kernel $1 did not build" "see $LOG/bench-build-$1.log"
	}
	leave
}

leave
trap leave EXIT
trap 'exit 130' INT TERM
for k; do build "$k"; done
