# SPDX-License-Identifier: GPL-2.0-only
# awk -f added.awk -v file=FILE COMMITS BLAME: see added.sh. COMMITS are those of the patches, BLAME is git blame -l -s FILE.
BEGIN { OFS = "\t"; function_name = "-" }
FNR == NR { patch[$1] = sprintf("%04d", FNR); next }
{
	text = line = $0
	sub(/^[^)]*\) ?/, "", text)
	sub(/\).*/, "", line)
	sub(/.* /, "", line)
}
# The head of a function has its name before the first parenthesis, at the beginning of a line or after its type
text ~ /^[a-zA-Z_].*\(/ && text !~ /;[ \t]*$/ && text !~ /^(typedef|struct [a-z_]+ *=)/ {
	name = text
	sub(/ *\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	function_name = name
}
$1 in patch {
	squeezed = text
	gsub(/[ \t]+/, " ", squeezed)
	gsub(/^ | $/, "", squeezed)
	if (squeezed != "")
		print patch[$1], file, function_name, line, squeezed
}
text ~ /^}/ { function_name = "-" }
