# SPDX-License-Identifier: GPL-2.0-only
# A complete TAP file in, the verdict out. A case that is skipped has not passed. After tap.awk.

tap_line($0) {
	seen++
	if (tap_verdict == "not ok")
		failures[++failed] = tap_name
	else if (tap_skip)
		skips[++skipped] = tap_name ": " tap_reason
	else
		passed++
}
/^1\.\.[0-9]+$/ { plan = substr($0, 4) }
END {
	for (i = 1; i <= skipped; i++)
		print "# skipped: " skips[i]
	for (i = 1; i <= failed; i++)
		print "# failed: " failures[i]
	if (plan == "" || plan + 0 != seen + 0) {
		print "# not ok: " (plan == "" ? "the results are cut short" : plan " results were planned, " seen + 0 " came")
		failed++
	}
	if (!passed && !failed) {
		print "# not ok: no case passed"
		failed++
	}
	if (skipped)
		print "# " skipped " skipped"
	print passed + 0 " passed, " failed + 0 " failed"
	exit failed > 0
}
