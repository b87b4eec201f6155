#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stage.sh NAME COMMAND...: run one stage, time it, number and print its cases. Always succeeds: a stage that fails,
# dies or says nothing leaves a case that is not ok. CASES filters the cases.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

name=$1
shift
result=$BUILD/result/$name
start=$(date +%s)
say "$(clock) $name starts"
echo "$start" >"$result.running"
status=0
"$@" >"$result.out" 2>"$LOG/$name.err" </dev/null || status=$?
cat "$LOG/$name.err" >>"$result.out"
[ -s "$LOG/$name.err" ] || rm -f "$LOG/$name.err"
if [ $status != 0 ]; then
	not_ok "$name/stage" "exit status $status" >>"$result.out"
elif ! grep -qE '^(not )?ok - ' "$result.out"; then
	not_ok "$name/stage" "it had no case" >>"$result.out"
fi
rm -f "$result.running"
mv "$result.out" "$result.tap"
seconds=$(($(date +%s) - start))
printf '%s\t%s\n' "$seconds" "$name" >>"$BUILD/result/times"

# One stage at a time takes numbers and prints
exec 8>"$BUILD/result/lock"
flock 8
awk -f "$GMEM/lib/tap.awk" -f "$GMEM/lib/number.awk" -v cases="${CASES:-}" -v counter="$BUILD/result/count" "$result.tap" | tee -a "$LOG/results.tap"
say "$(clock) $name ended after $seconds s"
