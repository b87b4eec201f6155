#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stages.sh VERB: the stages of "make run" or "make test", as many at a time as there are CPUs and memory for, then the
# summary. A stage is a kernel variant (kernel/variants/*), a boot (boot/boots/*.sh) or a check (checks/*.sh). What runs
# is said by the header lines of those files: "# boot: verbs=... kernel=VARIANT,VARIANT", "# check: verbs=...
# needs=STAGE,STAGE". With its first kernel a boot is the stage BOOT, with each of the others BOOT@VARIANT.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/progress.sh"

verb=$1
result=$BUILD/result
alone
mkdir -p "$LOG"

# The first part of a pattern is the name of a stage
wanted()
{
	local found=1 pattern
	[ -n "${CASES:-}" ] || return 0
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
	local command needs need
	case " $stages " in *" $1 "*) return 0 ;; esac
	stages="$stages $1"
	if [ -f "$GMEM/checks/$1.sh" ]; then
		command=checks/$1.sh
		needs=$(meta "$GMEM/checks/$1.sh" needs | tr ',' ' ')
	elif [ -f "$GMEM/boot/boots/${1%@*}.sh" ]; then
		command="boot/boot.sh $1"
		needs=$(meta "$GMEM/boot/boots/${1%@*}.sh" kernel)
		case $1 in *@*) needs=${1#*@} ;; esac
		needs=kernel-${needs%%,*}
	else
		command="kernel/build.sh ${1#kernel-}"
		needs=
		# Every other kernel begins as a copy of this one
		[ "$1" = kernel-series ] || needs="kernel-series"
	fi
	printf '%s: %s\n\t+@%s/result/stage.sh %s %s/%s\n\n' "$1" "$needs" "$GMEM" "$1" "$GMEM" "$command" >>"$planned/stages.mk"
	for need in $needs; do add "$need"; done
}

# make does the scheduling
plan()
{
	local script name stage verbs kernel
	stages=
	planned=$result.new
	rm -rf "$planned"
	mkdir "$planned"
	echo "# Written by stages.sh" >"$planned/stages.mk"
	for script in "$GMEM"/checks/*.sh "$GMEM"/boot/boots/*.sh; do
		name=$(basename "$script" .sh)
		for stage in $name $(meta "$script" kernel | tr ',' '\n' | sed "1d; s/^/$name@/"); do
			verbs=$(meta "$script" verbs)
			case $stage in *@*) verbs=$(meta "$GMEM/kernel/variants/${stage#*@}" verbs "$verbs") ;; esac
			case ,$verbs, in
			*,$verb,*) if wanted "$stage"; then add "$stage"; fi ;;
			esac
		done
	done
	for kernel in "$GMEM"/kernel/variants/*; do
		if [ -n "${CASES:-}" ] && wanted "kernel-${kernel##*/}"; then add "kernel-${kernel##*/}"; fi
	done
	[ -n "$stages" ] || die "no stage has a case $CASES" "make list names the stages; for their cases look into $LOG/results.tap after make $verb"
	# Kernels first: everything that boots waits for one
	echo "$stages" | tr ' ' '\n' | grep '^kernel-' >"$planned/stages" || :
	echo "$stages" | tr ' ' '\n' | grep -v '^kernel-' | grep . >>"$planned/stages" || :
	echo "all: $(paste -s -d ' ' "$planned/stages")" >>"$planned/stages.mk"
	echo ".PHONY: all $(paste -s -d ' ' "$planned/stages")" >>"$planned/stages.mk"
}

# Once a minute say what is at work and how far it has come. The sleep outlives the run; it must not keep a pipe open.
watch()
{
	local running since stage
	while sleep "$WATCH" >/dev/null 2>&1; do
		for running in "$result"/*.running; do
			# It may end, and its file go, any moment
			since=$(cat "$running" 2>/dev/null) || continue
			stage=$(basename "$running" .running)
			say "$(clock) $stage at work for $(($(date +%s) - since)) s: $(progress "$stage")"
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
case $verb in run) enough_disk 6 ;; *) enough_disk 20 ;; esac
# What there was of an earlier run stays until it is sure that there is another
rm -rf "$result"
mv "$planned" "$result"
echo 0 >"$result/count"
date +%s >"$result/start"
echo "TAP version 13" | tee "$LOG/results.tap"
[ "${DEPS:-}" = no ] || timed tools "$GMEM/verbs/deps.sh"
timed tree "$GMEM/tree/tree.sh"
# Without the lock, which its sleep would hold a minute too long
watch 9>&- &
watcher=$!
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
export CASES="${CASES:-}"
nice -n 5 make --no-print-directory -k -j"$JOBS" -f "$result/stages.mk" all || say "make: exit status $?"
"$GMEM/result/summary.sh"
