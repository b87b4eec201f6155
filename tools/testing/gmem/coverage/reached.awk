# SPDX-License-Identifier: GPL-2.0-only
# What the plugin saw in one boot, as places in modules.
# awk -f hex.awk -f reached.awk CODE MODULES HITS
# CODE is from code.awk, MODULES has the lines "module NAME SECTION ADDRESS" of the boot's log, HITS is what the plugin wrote.
# Prints, tab separated: MODULE SECTION OFFSET i, or with j1, j2 for a jump that ends there: taken, not taken.
# An address that two modules have had one after the other tells nothing, and is left out, which a comment says.
BEGIN { OFS = "\t"; section["vmlinux"] = "" }
FNR == 1 { file++ }
file == 1 {
	split($0, field, "\t")
	is_code[field[2], field[3], field[4]] = 1
	if (field[2] == "vmlinux" && !(field[3] in vmlinux)) {
		vmlinux[field[3]] = 1
		add("vmlinux", field[3], 0)
	}
	next
}
file == 2 { add($2, $3, hex($4)); next }
{
	address = hex($2)
	found = 0
	for (i = 1; i <= n; i++) {
		key = module[i] SUBSEP where[i] SUBSEP address - base[i]
		if (key in is_code) {
			found++
			at = module[i] OFS where[i] OFS address - base[i]
		}
	}
	if (found > 1)
		ambiguous++
	if (found != 1)
		next
	if ($1 == "i") {
		print at, "i"
	} else {
		if ($3 % 2)
			print at, "j1"
		if ($3 >= 2)
			print at, "j2"
	}
}
END {
	if (ambiguous)
		print "# " ambiguous " instructions are left out: two modules have had their addresses"
}
function add(name, part, address) {
	if ((name, part, address) in seen)
		return
	seen[name, part, address] = 1
	n++
	module[n] = name
	where[n] = part
	base[n] = address
}
