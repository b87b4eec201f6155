#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stages.sh VERB: the stages of "make run" or "make test", two at a time, then the summary.
# A stage is a kernel variant (kernel/variants/*), a boot (boot/boots/*.sh) or a check (checks/*.sh). What runs is said
# by the header lines of those files: "# boot: verbs=... kernel=VARIANT,VARIANT", "# check: verbs=... needs=STAGE,STAGE". With its first kernel
# a boot is the stage BOOT, with each of the others BOOT@VARIANT.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

verb=$1
result=$BUILD/result
alone
mkdir -p "$LOG"
rm -rf "$result"
mkdir -p "$result"
echo 0 >"$result/count"
: >"$LOG/results.tap"
date +%s >"$result/start"

header() { sed -n "s/^# \(boot\|check\):.*[[:space:]]$2=\([^[:space:]]*\).*/\2/p" "$1" | head -n 1; }
# The first part of a pattern is the name of a stage
wanted()
{
	[ -n "${CASES:-}" ] || return 0
	found=1
	set -f
	for pattern in $CASES; do
		# shellcheck disable=SC2254 # a pattern it is
		case $1 in ${pattern%%/*}) found=0 ;; esac
	done
	set +f
	return $found
}

# add STAGE: its rule, and those of the stages that it needs, go to stages.mk
add()
{
	case " $stages " in *" $1 "*) return 0 ;; esac
	stages="$stages $1"
	if [ -f "$GMEM/checks/$1.sh" ]; then
		set -- "$1" "checks/$1.sh" "$(header "$GMEM/checks/$1.sh" needs | tr ',' ' ')"
	elif [ -f "$GMEM/boot/boots/${1%@*}.sh" ]; then
		kernel=$(header "$GMEM/boot/boots/${1%@*}.sh" kernel)
		case $1 in *@*) kernel=${1#*@} ;; esac
		set -- "$1" "boot/boot.sh $1" "kernel-${kernel%%,*}"
	elif [ "$1" = kernel-series ]; then
		set -- "$1" "kernel/build.sh series" ""
	else
		set -- "$1" "kernel/build.sh ${1#kernel-}" kernel-series
	fi
	printf '%s: %s\n\t+@%s/result/stage.sh %s %s/%s\n\n' "$1" "$3" "$GMEM" "$1" "$GMEM" "$2" >>"$result/stages.mk"
	for need in $3; do add "$need"; done
}

# make does the scheduling
plan()
{
	stages=
	echo "# Written by stages.sh" >"$result/stages.mk"
	for script in "$GMEM"/checks/*.sh "$GMEM"/boot/boots/*.sh; do
		name=$(basename "$script" .sh)
		for stage in $name $(header "$script" kernel | tr ',' '\n' | sed "1d; s/^/$name@/"); do
			verbs=
			case $stage in *@*) verbs=$(sed -n 's/^verbs=//p' "$GMEM/kernel/variants/${stage#*@}") ;; esac
			case ,${verbs:-$(header "$script" verbs)}, in *,$verb,*) ! wanted "$stage" || add "$stage" ;; esac
		done
	done
	for kernel in "$GMEM"/kernel/variants/*; do
		[ -z "${CASES:-}" ] || ! wanted "kernel-${kernel##*/}" || add "kernel-${kernel##*/}"
	done
	[ -n "$stages" ] || die "no stage has a case $CASES" "make $verb without CASES, then look into $LOG/results.tap"
	echo "all:$(order)" >>"$result/stages.mk"
	echo ".PHONY: all$stages" >>"$result/stages.mk"
}
# Kernels first: everything that boots waits for one
order()
{
	for stage in $stages; do case $stage in kernel-*) printf ' %s' "$stage" ;; esac; done
	for stage in $stages; do case $stage in kernel-*) ;; *) printf ' %s' "$stage" ;; esac; done
}

# Once a minute say what is at work and what it did last. The sleep outlives the run; it must not keep a pipe open.
watch()
{
	while sleep 60 >/dev/null 2>&1; do
		for running in "$result"/*.running; do
			# It may end, and its file go, any moment
			since=$(cat "$running" 2>/dev/null) || continue
			stage=$(basename "$running" .running)
			# A stage may write its log in parts, stage.log.PART
			newest=$(find "$LOG" -name "$stage.log*" -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p')
			last=$(tail -c 300 "${newest:-/dev/null}" | tr -d '\r' | tail -n 1 | cut -c1-70)
			say "$(clock) $stage at work for $(($(date +%s) - since)) s: ${last:-no log yet}"
		done
	done
}

interrupted()
{
	say "interrupted. Finished stages are kept, a half-made one is made again: run make $verb once more."
	exit 130
}
trap '[ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || :' EXIT
trap interrupted INT TERM

timed() # NAME COMMAND...: a stage without cases, that everything else needs
{
	timed_start=$(date +%s)
	timed_name=$1
	shift
	say "$(clock) $timed_name starts"
	"$@"
	printf '%s\t%s\n' "$(($(date +%s) - timed_start))" "$timed_name" >>"$result/times"
}
enough_disk()
{
	free=$(df -Pk "$BUILD" | awk 'NR == 2 { print int($4 / 1048576) }')
	[ "$free" -ge "$1" ] || [ -d "$BUILD/tree/series" ] ||
		die "$free GB free in $BUILD, make $verb needs $1" "free some, or put the repository on another disk"
}

plan
echo "TAP version 13"
case $verb in run) enough_disk 6 ;; *) enough_disk 20 ;; esac
[ "${DEPS:-}" = no ] || timed tools "$GMEM/verbs/deps.sh"
timed tree "$GMEM/tree/tree.sh"
# Without the lock, which its sleep would hold a minute too long
watch 9>&- &
watcher=$!
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
export CASES="${CASES:-}"
nice -n 5 make --no-print-directory -k -j"$JOBS" -f "$result/stages.mk" all || say "make: exit status $?"
"$GMEM/result/summary.sh" "$verb"
