# SPDX-License-Identifier: GPL-2.0-only
# The lines that the patches add, and whether some case reaches them.
# awk -f report.awk -v patches=N UNREACHED ADDED LINES
# UNREACHED: that of the series, ADDED: from added.sh, LINES: from lines.awk.
# Prints one case per patch that adds code, with what is not reached and has no reason, and those whose reason is not needed.
# An assertion only ever goes one way, which is not for a case to change.
function is_assertion(text) { return text ~ /(WARN|BUG)(_ON|_ON_ONCE)?\(|lockdep_assert/ }
BEGIN { FS = "\t" }
FNR == 1 { file++ }
/^#/ || /^$/ { next }
file == 1 { used[$1, $2, $3, $4, $5] = 0; next }
file == 2 { patch[$2, $4] = $1; where[$2, $4] = $3; text[$2, $4] = $5; next }
($1, $2) in patch {
	p = patch[$1, $2]
	code[p]++
	kind = $3 == "no" ? "line" : $3 == "part" && !is_assertion(text[$1, $2]) ? "branch" : ""
	if (kind == "")
		next
	missed[p, kind]++
	row = p SUBSEP $1 SUBSEP where[$1, $2] SUBSEP kind SUBSEP text[$1, $2]
	if (row in used)
		used[row] = 1
	else
		open[p] = open[p] sprintf("# %s:%d, %s(): %s: %s\n", $1, $2, where[$1, $2],
			kind == "line" ? "not reached" : "only one way", text[$1, $2])
}
END {
	for (i = 1; i <= patches; i++) {
		p = sprintf("%04d", i)
		if (!code[p])
			continue
		print (p in open ? "not ok" : "ok") " - coverage/" p
		printf "# %d lines have code, %d not reached, %d with a jump that went one way only\n%s", code[p],
			missed[p, "line"], missed[p, "branch"], open[p]
	}
	for (row in used)
		if (!used[row]) {
			split(row, field, SUBSEP)
			print "# reached, or without code: " field[1] " " field[2] " " field[3] "(): " field[4] ": " field[5]
		}
}
