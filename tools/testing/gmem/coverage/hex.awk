# SPDX-License-Identifier: GPL-2.0-only
# To be given before another script. hex(DIGITS): the number; of an address of the kernel how far it is above the last but
# 2 GiB, for mawk writes numbers of more than 31 bits with six digits.
function hex(digits, value, i, high) {
	sub(/^0x/, "", digits)
	high = sub(/^ffffffff/, "", digits)
	value = 0
	for (i = 1; i <= length(digits); i++)
		value = value * 16 + index("0123456789abcdef", substr(digits, i, 1)) - 1
	return high ? value - 2147483648 : value
}
