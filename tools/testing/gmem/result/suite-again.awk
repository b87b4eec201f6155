# SPDX-License-Identifier: GPL-2.0-only
# The comparison of the second run in, then that of the first, both of suite.awk, after tap.awk; out comes the first, in
# which what did not differ again is no failure. A kernel report in the second run, or a boot without an end, is one of its own.

tap_line($0) {
	verdict = tap_verdict
	name = tap_name
	why = tap_directive
	other = name !~ /\/(boot|kernel-log|load\/.*|unload\/.*|kmemleak)$/
	if (NR == FNR && other) {
		again[name] = verdict
		reason[name] = why
	} else if (NR == FNR) {
		sub(/\//, "/again/", name)
		trouble = trouble (verdict == "ok" ? "" : "not ok - " name " # " why "\n")
	} else if (verdict == "ok" || !other || !(name in again)) {
		print tap_print(verdict, 0, name, why)
	} else if (again[name] == "not ok") {
		print "not ok - " name " # twice, " reason[name]
	} else {
		print "ok - " name " # the first time " why "; no difference the second time"
		chance++
	}
	next
}
NR == FNR { if (verdict == "not ok" && !other) trouble = trouble $0 "\n"; next }
{ print }

END {
	printf "%s", trouble
	if (chance)
		print "# " chance " differed once, in the first of two runs"
}
