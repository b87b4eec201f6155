# SPDX-License-Identifier: GPL-2.0-only
# Two makes at once, and a disk that is full: every verb that writes to build/; sourced by verbs-test.sh
# shellcheck shell=sh disable=SC2154

busy=$t/busy
mkdir -p "$busy"
exec 7>"$busy/lock"
flock -n 7
for verb in "run.sh run" "run.sh test" suite.sh "tree.sh am" refresh.sh clean.sh; do
	# shellcheck disable=SC2086 # a command
	refused "alone/$(echo "$verb" | sed 's/\.sh//; s/ /-/')" 'another make is at work' "$busy" env BUILD="$busy" DEPS=no "$GMEM/"$verb
done
exec 7>&-
