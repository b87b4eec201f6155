# SPDX-License-Identifier: GPL-2.0-only
# The one parser of result lines, to be given before another script: awk -f tap.awk -f SCRIPT.
#
# tap_line(LINE): is it "[not ]ok [NUMBER] [- ]NAME [# DIRECTIVE]"? Sets tap_verdict ("ok" or "not ok"), tap_number (0 if
# there is none), tap_name, tap_directive, and tap_skip (is the directive SKIP; tap_reason is then what follows it).

function tap_line(line) {
	if (line !~ /^(not )?ok( |$)/)
		return 0
	tap_verdict = line ~ /^not / ? "not ok" : "ok"
	sub(/^(not )?ok */, "", line)
	tap_number = line ~ /^[0-9]/ ? line + 0 : 0
	sub(/^[0-9]+ */, "", line)
	sub(/^- /, "", line)
	tap_directive = ""
	if (match(line, /(^| )# .*/)) {
		tap_directive = substr(line, RSTART)
		sub(/^ ?# */, "", tap_directive)
		line = substr(line, 1, RSTART - 1)
	}
	sub(/ +$/, "", line)
	tap_name = line
	tap_skip = tap_directive ~ /^SKIP( |$)/
	tap_reason = tap_directive
	if (tap_skip)
		sub(/^SKIP */, "", tap_reason)
	# kselftest.h writes "ok 2 # SKIP text", where the text is the name
	if (tap_name == "" && tap_skip)
		tap_name = tap_reason
	return 1
}

# The part of a name before the first slash
function tap_head(name) {
	sub(/\/.*/, "", name)
	return name
}

function tap_print(verdict, number, name, directive) {
	return verdict (number ? " " number : "") " - " name (directive == "" ? "" : " # " directive)
}
