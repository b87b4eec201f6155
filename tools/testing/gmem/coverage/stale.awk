# SPDX-License-Identifier: GPL-2.0-only
# awk -f stale.awk UNREACHED ADDED: name the lines of UNREACHED that are no rows, and those that no patch adds
# any more; fail if there is one. ADDED is from added.sh.
BEGIN { FS = "\t" }
FNR == 1 { file++ }
file == 1 && (/^#/ || /^$/) { next }
file == 1 {
	if (NF != 6 || $1 !~ /^[0-9][0-9][0-9][0-9]$/ || $4 !~ /^(line|branch)$/ || $2 == "" || $3 == "" || $5 == "" ||
	    $6 !~ /[a-z]/) {
		print FNR ": not PATCH, FILE, FUNCTION, line or branch, TEXT and why: " $0
		bad = 1
	} else if (($1, $2, $3, $4, $5) in row) {
		print FNR ": twice: " $0
		bad = 1
	}
	row[$1, $2, $3, $4, $5] = FNR
	next
}
{ added[$1, $2, $3, $5] = 1 }
END {
	for (r in row) {
		split(r, field, SUBSEP)
		if (!((field[1], field[2], field[3], field[5]) in added)) {
			print row[r] ": patch " field[1] " adds no such line to " field[3] "() of " field[2] ": " field[5]
			bad = 1
		}
	}
	exit bad
}
