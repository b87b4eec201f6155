#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stage.sh NAME COMMAND...: run one stage, time it, number and print its cases. Always succeeds: a stage that fails,
# dies or says nothing leaves a case that is not ok. CASES filters the cases. One of another series than that of the run
# is called SERIES/NAME, and so begin its cases.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

name=$1
shift
stage=${name##*/}
series=${name%"$stage"}
result=$RUN/result/$name
mkdir -p "$RUN/result/$series" "$LOG"
start=$(date +%s)
say "$(clock) $name starts"
echo "$start" >"$result.running"
status=0
if [ -f "$RUN/result/${series}skip" ]; then
	skip "$stage/stage" "$(cat "$RUN/result/${series}skip")" >"$result.out"
else
	# Whoever works on the other series alone has this lock for himself
	[ -z "$series" ] || exec 9>>"$BUILD/lock"
	if [ -n "$series" ] && ! flock -s -n 9; then
		echo "# another make is at work in $BUILD" >"$result.out"
		status=1
	else
		"$@" >"$result.out" 2>"$LOG/$stage.err" </dev/null || status=$?
		cat "$LOG/$stage.err" >>"$result.out"
		[ -s "$LOG/$stage.err" ] || rm -f "$LOG/$stage.err"
	fi
	if [ $status != 0 ]; then
		not_ok "$stage/stage" "exit status $status" >>"$result.out"
	elif ! grep -qE '^(not )?ok - ' "$result.out"; then
		not_ok "$stage/stage" "it had no case" >>"$result.out"
	fi
fi
rm -f "$result.running"
mv "$result.out" "$result.tap"
seconds=$(($(date +%s) - start))
printf '%s\t%s\n' "$seconds" "$name" >>"$RUN/result/times"

# One stage at a time takes numbers and prints
exec 8>"$RUN/result/lock"
flock 8
awk -f "$GMEM/lib/tap.awk" -f "$GMEM/lib/number.awk" -v cases="${CASES:-}" -v prefix="$series" -v counter="$RUN/result/count" \
	"$result.tap" | tee -a "$RUN/log/results.tap"
ended=$(cut -f 2 "$RUN/result/times" | grep -cxF -f "$RUN/result/stages") || :
say "$(clock) $name ended after $seconds s, $ended of $(wc -l <"$RUN/result/stages") stages"
