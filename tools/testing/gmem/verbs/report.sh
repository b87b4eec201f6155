#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: the last run as one HTML page, build/report.html
# report.sh [OUT]: one HTML page of the last run, by default build/report.html. It needs no scripts and no other file.
# Reads only what a run leaves: log/results.tap, result/times, the boots' logs, and of host, selftests and bench what is there.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

out=${1:-$BUILD/report.html}
tap=$LOG/results.tap

escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }
fact() { [ -z "$2" ] || printf '<dt>%s<dd>%s\n' "$1" "$(printf '%s\n' "$2" | escape)"; }

# The header lines of a boot script, in words
machines()
{
	for script in "$GMEM"/boot/boots/*.sh; do
		printf '%s\t%s\n' "$(basename "$script" .sh)" \
			"$(sed -nE 's/^# (boot|machine):[[:space:]]*//p' "$script" "$GMEM/boot/machines/$(meta "$script" machine)" 2>/dev/null |
				grep -v '^splat=' | sed 's/ verbs=[^ ]*//' | paste -s -d ' ' -)"
	done
}

# git apply leaves out what is not below the directory it is called in
diffstat() { (cd / && git apply --stat "$@"); }

# Logs of boots that have results
boot_logs()
{
	awk -f "$GMEM/lib/tap.awk" -f - "$1" <<-'END' | while read -r stage; do
		tap_line($0) && !seen[tap_head(tap_name)]++ { print tap_head(tap_name) }
	END
		find "$work" "$LOG" -maxdepth 1 -name "$stage.log" | head -n 1
	done
}

facts()
{
	echo "<dl>"
	fact Run "ended $(date -r "$tap" '+%F %T %Z')"
	fact Base "$(stamped from | sed "s/\$/ $(stamped base | cut -c1-12)/")"
	fact Series "$(patches | wc -l) patches, id $(patches_id)"
	fact Repository "$(git -C "$TOP" log -1 --format='%h %s' 2>/dev/null || :)"
	fact "Built and run on" "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), $(nproc) CPUs, $(uname -sr)"
	fact Tools "$(gcc --version 2>/dev/null | head -n 1); $("${QEMU:-qemu-system-x86_64}" --version 2>/dev/null | head -n 1)"
	echo "</dl>"
}

# What was planned and left nothing is no success, be the run interrupted or still going on; summary.sh says so at the end
unfinished()
{
	[ ! -f "$BUILD/result/stages" ] || while read -r stage; do
		[ -f "$BUILD/result/$stage.tap" ] || grep -q -- " - $stage/stage" "$tap" ||
			echo "not ok - $stage/stage # it has left no result yet"
	done <"$BUILD/result/stages"
}

results() # TAP TIMES
{
	# shellcheck disable=SC2046 # names of stages, which have no spaces
	awk -f "$GMEM/lib/tap.awk" -f "$GMEM/result/html.awk" -v boots="$(machines)" "$2" $(boot_logs "$1") "$1"
}

others()
{
	for verb in host selftests; do
		[ -s "$LOG/$verb.tap" ] || continue
		case $verb in host) title="On this machine (make host)" ;; selftests) title="The whole suite (make selftests)" ;; esac
		printf '<h2 id=%s>%s</h2>\n' "$verb" "$title"
		cp "$LOG/$verb.tap" "$work/results.tap"
		# Both kernels have a log; times and excerpts are those of the series
		[ $verb != selftests ] || [ ! -f "$LOG/suite-series.log" ] || cp "$LOG/suite-series.log" "$work/suite.log"
		results "$work/results.tap" "$work/times" | sed -n '/class="verdict/p; /<h2 id=cases>/,$p' | sed '/<h2 id=cases>/d'
	done
}

plots()
{
	set -- "$BUILD"/bench/*.svg
	[ -f "$1" ] || return 0
	echo "<h2 id=bench>Benchmark</h2>"
	for svg; do
		printf '<p><img alt="%s" src="data:image/svg+xml;base64,%s">\n' "$(basename "$svg" .svg)" "$(base64 -w 0 "$svg")"
	done
}

series()
{
	echo "<h2 id=patches>Patches</h2>"
	for patch in $(patches); do
		stat=$(diffstat "$patch" 2>/dev/null)
		printf '<details class=patch><summary><span>%s</span><i>%s</i></summary><pre>%s\n\n%s</pre></details>\n' \
			"$(git mailinfo -k /dev/null /dev/null <"$patch" | sed -n 's/^Subject: \(\[[^]]*\] \)\{0,1\}//p' | escape)" \
			"$(printf '%s\n' "$stat" | tail -n 1 | sed 's/ insertions\{0,1\}(+)//; s/ deletions\{0,1\}(-)//; s/.*changed, //
				s/\([0-9]*\)\(, \)\{0,1\}\([0-9]*\)/+\1 -\3/; s/ -$//')" \
			"$(git mailinfo /dev/stdout /dev/null <"$patch" 2>/dev/null | sed '/^Author: /,$d' | escape)" \
			"$(printf '%s\n' "$stat" | escape)"
	done
	echo "<pre>$(patches | xargs -r cat | diffstat | tail -n 12 | escape)</pre>"
}

[ -s "$tap" ] || die "there are no results of a run in $LOG" "make run, or make test"
grep -qE '^(not )?ok ' "$tap" || die "$tap has no result" "make run, or make test"
work=$BUILD/html
rm -rf "$work"
mkdir -p "$work"
: >"$work/times"
times=$BUILD/result/times
[ -f "$times" ] || times=$work/times
{
	cat <<-END
		<!DOCTYPE html>
		<html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1">
		<title>guest_memfd populate: results</title><style>
	END
	cat "$GMEM/result/html.css"
	echo "</style></head><body><header><h1>$(sed -n '1s/^# //p' "$SERIES_DIR/COVER.md" | escape)</h1></header>"
	facts
	{ cat "$tap"; unfinished; } >"$work/results.tap"
	results "$work/results.tap" "$times"
	others
	plots
	series
	echo "<footer>Written by make report, $(date '+%F %T %Z'). The raw logs are in $(echo "$LOG" | escape).</footer></body></html>"
} >"$work/report.html"
mkdir -p "$(dirname "$out")"
mv "$work/report.html" "$out"
rm -rf "$work"
say "report: $out, $(($(wc -c <"$out") / 1024)) KiB"
