#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stages.sh VERB: the stages of "make run" or "make test", as many at a time as there are CPUs and memory for, then the
# summary. A stage is a kernel variant (kernel/variants/*), a boot (boot/boots/*.sh) or a check (checks/*.sh). What runs
# is said by the header lines of those files: "# boot: verbs=... kernel=VARIANT,VARIANT", "# check: verbs=...", and
# needs=STAGE,STAGE in both. With its first kernel a boot is the stage BOOT, with each of the others BOOT@VARIANT.
# "make test" also has the stages with verbs=short of the other series, as SERIES/STAGE. They are built in build/SERIES.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/progress.sh"

verb=$1
result=$BUILD/result
alone
mkdir -p "$LOG"

# The series that is planned, with a slash, unless it is that of the run
of=

# The first part of a pattern is the name of a stage, or of a series
wanted()
{
	local found=1 pattern
	[ -n "${CASES:-}" ] || return 0
	set -f
	for pattern in $CASES; do
		if [ -n "$of" ]; then
			case $pattern in
			"$of"*) pattern=${pattern#"$of"} ;;
			"${of%/}") pattern='*' ;;
			*) continue ;;
			esac
		fi
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
	case " $stages " in *" $of$1 "*) return 0 ;; esac
	stages="$stages $of$1"
	if [ -f "$GMEM/checks/$1.sh" ]; then
		command=checks/$1.sh
		needs=$(meta "$GMEM/checks/$1.sh" needs | tr ',' ' ')
	elif [ -f "$GMEM/boot/boots/${1%@*}.sh" ]; then
		command="boot/boot.sh $1"
		needs=$(kernels "$GMEM/boot/boots/${1%@*}.sh" | head -n 1)
		case $1 in *@*) needs=${1#*@} ;; esac
		needs="kernel-$needs $(meta "$GMEM/boot/boots/${1%@*}.sh" needs | tr ',' ' ')"
	elif [ "$1" = tree ]; then
		command=result/tree.sh
		needs=
	else
		command="kernel/build.sh ${1#kernel-}"
		needs=
		# Every other kernel that has the overlay begins as a copy of this one
		[ "$1" = kernel-series ] || [ "$(meta "$GMEM/kernel/variants/${1#kernel-}" overlay)" = no ] || needs="kernel-series"
	fi
	# That of the run itself is made before all stages
	[ -z "$of" ] || [ "$1" = tree ] || needs=${needs:-tree}
	{
		echo "$of$1:$(for need in $needs; do printf ' %s' "$of$need"; done)"
		printf '\t+@%s%s/result/stage.sh %s %s/%s\n\n' "${of:+BASE=${of%/} BUILD=$BUILD/${of%/} DL=$DL RUN=$BUILD }" \
			"$GMEM" "$of$1" "$GMEM" "$command"
	} >>"$planned/stages.mk"
	for need in $needs; do add "$need"; done
}

# plan_series VERB: the stages of the series $of
plan_series()
{
	local script name stage list verbs kernel SERIES_DIR="$SERIES_DIR${of:+/${of%/}}"
	for script in "$GMEM"/checks/*.sh "$GMEM"/boot/boots/*.sh; do
		fits "$script" || continue
		name=$(basename "$script" .sh)
		case $script in
		*/checks/*) list=$name ;;
		*) list=$(kernels "$script" | sed "1s/.*/$name/; 1!s/^/$name@/") ;;
		esac
		for stage in $list; do
			verbs=$(meta "$script" verbs)
			case $stage in *@*) verbs=$(meta "$GMEM/kernel/variants/${stage#*@}" verbs "$verbs") ;; esac
			case ,$verbs, in
			*,$1,*) if wanted "$stage"; then add "$stage"; fi ;;
			esac
		done
	done
	for kernel in "$GMEM"/kernel/variants/*; do
		if [ -n "${CASES:-}" ] && wanted "kernel-${kernel##*/}" && fits "$kernel"; then add "kernel-${kernel##*/}"; fi
	done
}

# make does the scheduling
plan()
{
	local base
	stages=
	planned=$result.new
	rm -rf "$planned"
	mkdir "$planned"
	echo "# Written by stages.sh" >"$planned/stages.mk"
	plan_series "$verb"
	if [ "$verb" = test ] && [ -z "${BASE:-}" ]; then
		for base in "$TOP"/patches/*/BASE; do
			[ -f "$base" ] || continue
			of=$(basename "${base%/BASE}")/
			plan_series short
		done
		of=
	fi
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
		for running in "$result"/*.running "$result"/*/*.running; do
			# It may end, and its file go, any moment
			since=$(cat "$running" 2>/dev/null) || continue
			stage=${running#"$result"/}
			stage=${stage%.running}
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

# What will run, and how long that took last time
announce()
{
	local last=$LOG/last-$verb
	say "$(wc -l <"$result/stages") stages: $(grep -c kernel- "$result/stages") kernels$([ -z "${CASES:-}" ] || echo ", for CASES='$CASES'")"
	if [ -n "${CASES:-}" ] || [ ! -s "$last" ]; then return 0; fi
	read -r seconds count <"$last"
	say "the last make $verb took $((seconds / 60)) min $((seconds % 60)) s for $count stages"
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
announce
[ "${DEPS:-}" = no ] || timed tools "$GMEM/verbs/deps.sh"
timed tree "$GMEM/tree/tree.sh"
# Without the lock, which its sleep would hold a minute too long
watch 9>&- &
watcher=$!
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
export CASES="${CASES:-}"
nice -n 5 make --no-print-directory -k -j"$JOBS" -f "$result/stages.mk" all || say "make: exit status $?"
"$GMEM/result/summary.sh" "$verb"
