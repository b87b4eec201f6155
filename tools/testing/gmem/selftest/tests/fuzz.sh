# SPDX-License-Identifier: GPL-2.0-only
# make fuzz with bad arguments, and what a boot gets of the good ones; sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

fuzz() { env BUILD="$t/fuzz" DEPS=no "$@" "$GMEM/verbs/fuzz.sh"; }
refused fuzz/seconds 'SECONDS=soon is no number' "$t/fuzz" fuzz SECONDS=soon
refused fuzz/seed 'SEED=x12 is no number' "$t/fuzz" fuzz SEED=x12
refused fuzz/round 'ROUND=-1 is no number' "$t/fuzz" fuzz ROUND=-1
refused fuzz/not-of-this-verb 'BOOT=snp is no boot of this verb' "$t/fuzz" fuzz BOOT=snp
refused fuzz/no-such-boot 'no boot nosuch-fuzz' "$t/fuzz" fuzz BOOT='snp-fuzz nosuch-fuzz'
refused fuzz/no-such-kernel 'no kernel nosuch' "$t/fuzz" fuzz KERNEL=nosuch

every_fuzz_boot() { for boot in "$GMEM"/boot/boots/*-fuzz.sh; do grep -qw "$(basename "$boot" .sh)" "$GMEM/verbs/fuzz.sh" || return 1; done; }
check fuzz/every-boot every_fuzz_boot

# The boot itself: a tree without a kernel stops it behind the point where it has its variables
refused fuzz/quote 'has a quote' "$t/fuzz" env BUILD="$t/fuzz" SEED="1'2" "$GMEM/boot/boot.sh" snp-fuzz

# Each filter is explained where somebody would look for it
filters() { sed -n 's/^	{ "\([a-z-]*\)", ".*/\1/p' "$TOP"/tools/testing/selftests/kvm/x86/gmem_fuzz.c; }
every_filter()
{
	for filter in $(filters); do
		grep -q "^\`\`$filter\`\`$" "$TOP/Documentation/virt/kvm/gmem-known-faults.rst" || echo "no word of the filter $filter"
	done | { ! grep .; }
}
check fuzz/filters-are-there test "$(filters | wc -l)" -ge 1
check fuzz/every-filter-is-documented every_filter
