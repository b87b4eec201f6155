# SPDX-License-Identifier: GPL-2.0-only
# x86/unittests.cfg of kvm-unit-tests: a line for each test that runs on x86-64 with KVM and not by hand only,
#   NAME SECONDS SMP FILE CHECKS ARGUMENTS-OF-QEMU ARGUMENTS-OF-THE-TEST
# separated by tabs, "-" for nothing. CHECKS are PATH=VALUE of the host. Older files say extra_params for qemu_params.

BEGIN { OFS = "\t" }

function unquoted(value)
{
	if (value ~ /^'.*'$/ || value ~ /^".*"$/)
		value = substr(value, 2, length(value) - 2)
	return value == "" ? "-" : value
}

function test_ends()
{
	if (name != "" && (!("arch" in key) || key["arch"] == "x86_64") && (!("accel" in key) || key["accel"] == "kvm") &&
	    (" " key["groups"] " ") !~ / nodefault /) {
		sub(/s$/, "", key["timeout"])
		print name, key["timeout"] == "" ? 90 : key["timeout"], key["smp"] == "" ? 1 : key["smp"], key["file"], \
			unquoted(key["check"]), key["qemu_params"] == "" ? "-" : key["qemu_params"], unquoted(key["test_args"])
	}
	split("", key)
	name = ""
}

/^[[:space:]]*(#|$)/ { next }
/^\[.*\]$/ {
	test_ends()
	name = substr($0, 2, length($0) - 2)
	next
}
match($0, /[[:space:]]*=[[:space:]]*/) {
	word = substr($0, 1, RSTART - 1)
	if (word == "extra_params")
		word = "qemu_params"
	key[word] = substr($0, RSTART + RLENGTH)
}
END { test_ends() }
