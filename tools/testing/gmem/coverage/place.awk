# SPDX-License-Identifier: GPL-2.0-only
# Where a section of an object is in the file that the object is linked into: SECTION OFFSET, by the functions whose
# names occur only once there. Nothing if there is none, or if they do not agree.
# awk -f hex.awk -f place.awk -v section=.text OBJECT-SYMBOLS LINKED-SYMBOLS, both as objdump -t prints them
function symbol(   left) {
	split($0, left, "\t")
	name = $NF
	where = left[1]
	sub(/^.* /, "", where)
	address = hex($1)
	return left[1] ~ / F /
}
FNR == 1 { file++ }
!symbol() { next }
# A weak one may be another object's
file == 1 && where == section && $0 !~ /^[0-9a-f]+  w/ { offset[name] = address; next }
file == 2 && name in offset { seen[name]++; linked[name] = where; base[name] = address - offset[name] }
END {
	for (name in seen) {
		if (seen[name] != 1)
			continue
		if (result != "" && result != linked[name] " " base[name])
			exit
		result = linked[name] " " base[name]
		good++
	}
	if (good)
		print result
}
