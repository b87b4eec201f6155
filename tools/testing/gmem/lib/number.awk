# SPDX-License-Identifier: GPL-2.0-only
# Cases in, numbered cases out. After tap.awk. Variables:
#   file     a complete TAP stream goes to standard output and to this file as well
#   counter  or: one part of a stream; counting goes on from the number in this file
#   cases    only cases that one of these patterns selects
#   prefix   in front of each name

# A pattern selects the cases it names and everything below them; * and ? as in file names
function selected(name,    i, re) {
	if (n == 0 || name ~ /\/(stage|boot|kernel-log)$/)
		return 1
	for (i = 1; i <= n; i++) {
		re = pattern[i]
		gsub(/[.+()^$|{}\[\]\\]/, "\\\\&", re)
		gsub(/\*/, ".*", re)
		gsub(/\?/, ".", re)
		if (name ~ "^" re "($|/)")
			return 1
	}
	return 0
}
function put(line) {
	print line
	if (file != "")
		print line >file
	fflush()
}

BEGIN {
	n = split(cases, pattern, " ")
	shown = 1
	if (counter != "") {
		getline count <counter
		close(counter)
	} else {
		put("TAP version 13")
	}
}
tap_line($0) {
	tap_name = prefix tap_name
	if ((shown = selected(tap_name)))
		put(tap_print(tap_verdict, ++count, tap_name, tap_directive))
	next
}
/^#/ { if (shown) put($0); next }
/./ { put("# " $0) }
END {
	if (counter != "")
		print count + 0 >counter
	else
		put("1.." count + 0)
}
