# SPDX-License-Identifier: GPL-2.0-only
# How far a stage has come; sourced after lib.sh, which has objects_done().
# shellcheck shell=sh

WATCH=60	# seconds between two looks

# The last line of a stage's log; it may write that in parts, stage.log.PART
last_line() # STAGE
{
	local newest
	newest=$(find "$LOG" -name "$1.log*" -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p')
	tail -c 300 "${newest:-/dev/null}" | tr -d '\r' | tail -n 1 | cut -c1-70 | grep . || echo "no log yet"
}

# progress STAGE: for a kernel that is built in full, the fraction of its objects and, from the number at the last look, an
# estimate of the time left. For anything else the last line of the log.
progress()
{
	local stage="${1##*/}" tree total built before
	local dir="$BUILD/${1%"$stage"}"
	local LOG="$dir/log"
	tree=$dir/tree/${stage#kernel-}
	total=$(cat "$tree.building" 2>/dev/null) || { last_line "$stage"; return; }
	built=$(objects_done "$tree" 2>/dev/null)
	before=$(cat "$RUN/result/$1.seen" 2>/dev/null || echo 0)
	echo "$built" >"$RUN/result/$1.seen"
	if [ "$built" -ge "$total" ]; then
		last_line "$stage"
	elif [ "$built" -gt "$before" ]; then
		echo "$built of about $total objects, $(((total - built) * WATCH / (built - before) / 60 + 1)) min to go at this pace"
	else
		echo "$built of about $total objects"
	fi
}
