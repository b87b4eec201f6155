#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check-config.sh .CONFIG FRAGMENT...: name every line of the fragments that .CONFIG does not have; fail if there is one.
# A later fragment may overrule an earlier one.
set -eu
dotconfig=$1
shift
awk -v config="$dotconfig" '
	function option(line) {
		sub(/^# /, "", line)
		sub(/[= ].*/, "", line)
		return line
	}
	/^CONFIG_[A-Z0-9_]+=/ || /^# CONFIG_[A-Z0-9_]+ is not set$/ {
		name = option($0)
		if (!(name in want))
			order[++n] = name
		want[name] = $0
	}
	END {
		while ((getline line < config) > 0)
			is[option(line)] = line
		for (i = 1; i <= n; i++) {
			name = order[i]
			if (name in is ? want[name] == is[name] : want[name] ~ /not set$/)
				continue
			print "option did not take: " want[name] " (it is: " (name in is ? is[name] : "unknown") ")"
			bad = 1
		}
		exit bad
	}' "$@"
