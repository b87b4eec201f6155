# SPDX-License-Identifier: GPL-2.0-only
# make coverage with bad arguments; sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

coverage() { env BUILD="$t/coverage" DEPS=no "$@" "$GMEM/verbs/coverage.sh"; }
refused coverage/no-such-boot 'no boot nosuch' "$t/coverage" coverage BOOTS=nosuch
refused coverage/boot-of-the-base 'no boot snp-base' "$t/coverage" coverage BOOTS=snp-base
refused coverage/comma 'has a comma' "$t/a,b" coverage BUILD="$t/a,b" BOOTS=snp

every_boot_is_of_the_series()
{
	grep -l '^# boot:.*verbs=[a-z,]*coverage' "$GMEM"/boot/boots/*.sh | while read -r script; do
		[ "$(kernels "$script" | head -n 1)" = series ] || echo "$script is not for the kernel series"
	done | { ! grep .; }
}
check coverage/every-boot every_boot_is_of_the_series
