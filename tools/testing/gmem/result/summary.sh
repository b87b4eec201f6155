#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# summary.sh VERB: the end of a run. Holds the stages that were planned against those that left a result, then sums up.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

verb=$1
result=$BUILD/result
tap=$LOG/results.tap

while read -r stage; do
	[ -f "$result/$stage.tap" ] || echo "not ok - $stage/stage # it left no result"
done <"$result/stages" | awk -f "$GMEM/lib/tap.awk" -f "$GMEM/lib/number.awk" -v counter="$result/count" | tee -a "$tap"
echo "1..$(cat "$result/count")" | tee -a "$tap"

say ""
say "seconds by stage, in the order they ended; stages that ran at the same time overlap. Logs: $LOG"
awk -F '\t' '{ printf "# %6d  %-24s\n", $1, $2 }' "$result/times"
seconds=$(($(date +%s) - $(cat "$result/start")))
say "$(printf '%5d' $seconds)  in all"
# For the next one, unless this one was cut short
[ -n "${CASES:-}" ] || grep -q '# it left no result$' "$tap" || echo "$seconds $(wc -l <"$result/stages")" >"$LOG/last-$verb"
say ""
summary "$tap"
