# SPDX-License-Identifier: GPL-2.0-only
# awk -f lines.awk REACHED CODE: what was reached of each source line. REACHED is what reached.awk says of all boots, CODE
# is from code.awk. Prints, tab separated, for each line that has code:
#   FILE LINE WHAT
# WHAT is "no" if no instruction of it was executed, "part" if it has a conditional jump that was executed, but only ever
# went one way, and else "yes". A line that was inlined has its code more than once: a copy that is not executed does not
# count, but in one that is the jumps do.
BEGIN { FS = OFS = "\t" }
FNR == 1 { file++ }
file == 1 { reached[$1, $2, $3, $4] = 1; next }
{ line = $5 OFS $6 }
$1 == "code" {
	if (!(line in what))
		what[line] = "no"
	if (($2, $3, $4, "i") in reached)
		what[line] = "yes"
}
$1 == "jump" {
	taken = ($2, $3, $4, "j1") in reached
	not_taken = ($2, $3, $4, "j2") in reached
	if (taken != not_taken)
		part[line] = 1
}
END {
	for (line in what)
		print line, what[line] == "yes" && line in part ? "part" : what[line]
}
