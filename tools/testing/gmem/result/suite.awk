# SPDX-License-Identifier: GPL-2.0-only
# Cases of the suite on the base, then on the series, after tap.awk; out come cases in which only a difference is a failure.
# A kernel report or a boot that does not come to its end is one on the series alone, whatever the base does.
# Variables: prefix (of the names), tests (each of these must have a result)

BEGIN { if (prefix == "") prefix = "suite" }
FNR == 1 { side++ }

tap_line($0) {
	result = tap_skip ? "skipped" : tap_verdict
	name = tap_name
	sub(/^[^\/]*\//, "", name)
	ran[tap_head(name)] = 1
	why = tap_reason
	if (!(name in known)) {
		known[name] = 1
		names[++n] = name
	}
	results[side, name] = result
	reason[side, name] = why
	next
}
side == 2 && /^#/ { remarks[name] = remarks[name] $0 "\n" }

function say(verdict, name, directive) {
	printf "%s - %s/%s%s\n", verdict, prefix, name, directive == "" ? "" : " # " directive
	if (verdict == "not ok")
		printf "%s", remarks[name]
}
function told(side, name,    s) {
	s = results[side, name]
	if (s == "")
		return "no result"
	return s == "not ok" && reason[side, name] != "" ? reason[side, name] : s
}

END {
	for (i = 1; i <= n; i++) {
		name = names[i]
		base = results[1, name]
		series = results[2, name]
		if (name == "boot" || name == "kernel-log") {
			say(series == "ok" && (base == "ok" || name == "kernel-log") ? "ok" : "not ok", name, \
				base != "ok" ? "base: " told(1, name) : "")
		} else if (base == "" || series == "" || (base != series && !(base == "not ok" && series == "ok"))) {
			say("not ok", name, "base: " told(1, name) ", series: " told(2, name))
		} else if (base == "not ok" && series == "ok") {
			say("ok", name, "fails on the base: " told(1, name))
		} else if (series == "not ok") {
			say("ok", name, "SKIP fails on both, " told(2, name))
		} else {
			say("ok", name, series == "skipped" ? "SKIP " reason[2, name] : "")
		}
	}
	m = split(tests, wanted, " ")
	for (i = 1; i <= m; i++)
		if (!(wanted[i] in ran))
			say("not ok", wanted[i], "no result on either")
	if (!n)
		print "not ok - " prefix "/cases # no case ran"
}
