#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# summary.sh VERB: the end of a run. Holds the stages that were planned against those that left a result, then sums up.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

result=$BUILD/result
tap=$LOG/results.tap
count=$(cat "$result/count")
for stage in $(sed -n 's/^\.PHONY: all //p' "$result/stages.mk"); do
	[ -f "$result/$stage.tap" ] && continue
	count=$((count + 1))
	echo "not ok $count - $stage/stage # it left no result" | tee -a "$tap"
done
echo "1..$count"

passed=$(grep -c '^ok ' "$tap" || :)
skipped=$(grep -c '^ok .* # SKIP' "$tap" || :)
failed=$(grep -c '^not ok ' "$tap" || :)
passed=$((passed - skipped))
[ $((passed + skipped + failed)) = "$count" ] || { failed=$((failed + 1)); say "not ok: $count cases were counted, $tap has others"; }
[ "$passed" -gt 0 ] || { failed=$((failed + 1)); say "not ok: no case passed"; }

say ""
say "seconds by stage, in the order they ended (two at a time); the logs are in $LOG"
awk -F '\t' '{ printf "# %6d  %-24s\n", $1, $2 }' "$result/times"
say "$(printf '%5d' $(($(date +%s) - $(cat "$result/start"))))  in all"
[ "$skipped" = 0 ] || grep '^ok .* # SKIP' "$tap" | sed 's/^ok [0-9]* - /# skipped: /'
[ "$failed" = 0 ] || grep '^not ok ' "$tap" | sed 's/^not ok [0-9]* - /# failed: /'
say ""
[ "$skipped" = 0 ] || say "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
