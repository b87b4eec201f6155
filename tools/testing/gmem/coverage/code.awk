# SPDX-License-Identifier: GPL-2.0-only
# The instructions of one section, with the source lines that they are for: its own, and those of the calls that were
# inlined around it. A jump is for the innermost line only.
# awk -f hex.awk -f code.awk -v top=TREE/ -v module=MODULE -v section=SECTION -v base=OFFSET INSTRUCTIONS ADDR2LINE
# INSTRUCTIONS: "OFFSET MNEMONIC", ADDR2LINE: what addr2line -a -i -f says to the offsets.
# Prints, tab separated:
#   code MODULE SECTION OFFSET FILE LINE
#   jump MODULE SECTION OFFSET FILE LINE    a conditional one, that ends at OFFSET
BEGIN { OFS = "\t" }
FNR == 1 { file++ }
file == 1 {
	n++
	offset[n] = hex($1)
	jcc[n] = $2 ~ /^j/ && $2 !~ /^jmp/
	next
}
/^0x/ { i++; frame = 0; function_line = 0; next }
{ function_line = !function_line }
function_line { next }
{
	path = $1
	if (!sub(/:[0-9]+$/, "", path))
		next
	line = substr($1, length(path) + 2)
	if (index(path, top) == 1)
		path = substr(path, length(top) + 1)
	while (sub(/[^\/]+\/\.\.\//, "", path))
		;
	print "code", module, section, base + offset[i], path, line
	# A jump that ends the section has no end
	if (!frame++ && jcc[i] && i < n)
		print "jump", module, section, base + offset[i + 1], path, line
}
