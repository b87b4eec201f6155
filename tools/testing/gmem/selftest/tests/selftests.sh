# SPDX-License-Identifier: GPL-2.0-only
# Cases of suite.awk, with made-up results of both kernels; sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

cat >"$t/base.cases" <<'END'
ok - suite-base/both_pass
not ok - suite-base/both_fail # exit status 254
not ok - suite-base/fixed # exit status 254
ok - suite-base/broken
ok - suite-base/hangs
ok - suite-base/lost
ok - suite-base/both_skip # SKIP no SEV
ok - suite-base/skipped_now
ok - suite-base/boot
not ok - suite-base/kernel-log
# suite-base: WARNING: on the base
END
cat >"$t/series.cases" <<'END'
ok - suite-series/both_pass
not ok - suite-series/both_fail # exit status 254
ok - suite-series/fixed
not ok - suite-series/broken # exit status 254
not ok - suite-series/hangs # killed or timed out after 120 s
ok - suite-series/both_skip # SKIP no SEV
ok - suite-series/skipped_now # SKIP no guest_memfd
ok - suite-series/boot
ok - suite-series/kernel-log
END
suite() { awk -f "$GMEM/lib/tap.awk" -f "$GMEM/result/suite.awk" "$@"; }
run suite "$t/base.cases" "$t/series.cases"
expect selftests/same 0 '^ok - suite/both_pass$' '^ok - suite/both_fail # SKIP fails on both, exit status 254$' '^ok - suite/both_skip # SKIP no SEV$'
expect selftests/better 0 '^ok - suite/fixed # fails on the base: exit status 254$' '^ok - suite/kernel-log # base: not ok$'
expect selftests/worse 0 '^not ok - suite/broken # base: ok, series: exit status 254$' \
	'^not ok - suite/hangs # base: ok, series: killed or timed out after 120 s$' \
	'^not ok - suite/lost # base: ok, series: no result$' '^not ok - suite/skipped_now # base: ok, series: skipped$'
check selftests/no-more-than-that test "$(grep -c '^not ok' "$t/out")" = 4

printf 'not ok - suite-x/boot\n# suite-x: hang\nnot ok - suite-x/kernel-log\n# suite-x: WARNING: everywhere\n' >"$t/broken.cases"
run suite "$t/broken.cases" "$t/broken.cases"
expect selftests/kernel-reports-count-on-both 0 '^not ok - suite/boot' '^# suite-x: hang' \
	'^not ok - suite/kernel-log' '^# suite-x: WARNING: everywhere'
run suite /dev/null /dev/null
expect selftests/silence-is-a-failure 0 '^not ok - suite/cases'
run suite -v tests='both_pass not_run' "$t/base.cases" "$t/series.cases"
expect selftests/a-test-without-a-result 0 '^not ok - suite/not_run # no result on either$'
check selftests/a-test-with-one test "$(grep -c 'no result on either' "$t/out")" = 1

# What differs runs once more on both
cat >"$t/first" <<'END'
ok - suite/same
not ok - suite/chance # base: ok, series: exit status 254
not ok - suite/broken/one # base: ok, series: not ok
not ok - suite/lost # base: ok, series: no result
ok - suite/boot
ok - suite/kernel-log
END
cat >"$t/again" <<'END'
ok - suite/chance
not ok - suite/broken/one # base: ok, series: exit status 254
ok - suite/broken/two
ok - suite/boot
not ok - suite/kernel-log
# suite-again-series: WARNING: the second time
END
run awk -f "$GMEM/lib/tap.awk" -f "$GMEM/result/suite-again.awk" "$t/again" "$t/first"
expect selftests/once-is-chance 0 '^ok - suite/same$' '^# 1 differed once' \
	'^ok - suite/chance # the first time base: ok, series: exit status 254; no difference the second time$'
expect selftests/twice-is-not 0 '^not ok - suite/broken/one # twice, base: ok, series: exit status 254$'
expect selftests/no-second-result-is-not 0 '^not ok - suite/lost # base: ok, series: no result$'
expect selftests/report-of-the-second-run 0 '^not ok - suite/again/kernel-log' \
	'^# suite-again-series: WARNING: the second time$' '^ok - suite/kernel-log$'
refused selftests/quote 'has a quote' "$t/none" env SUITE="it's" BUILD="$t/none" "$GMEM/verbs/selftests.sh"

# kvm-unit-tests
refused selftests/unit-tests-not-built 'not a built copy of kvm-unit-tests' "$t/none" \
	env KVM_UNIT_TESTS="$t" BUILD="$t/none" "$GMEM/verbs/selftests.sh"
cat >"$t/unittests.cfg" <<'END'
# a comment
[plain]
file = plain.flat

[all]
file = all.flat
smp = 2
qemu_params = -cpu max -m 256
test_args = "one two"
arch = x86_64
timeout = 30s
groups = svm
check = /a/b=Y /c=0

[old]
file = old.flat
extra_params = -append 'x y'

[i386-only]
file = i386.flat
arch = i386

[manual]
file = manual.flat
groups = nodefault mmu

[tcg]
file = tcg.flat
accel = tcg
END
run awk -f "$GMEM/vmm/unit-tests.awk" "$t/unittests.cfg"
tab=$(printf '\t')
expect selftests/unit-tests 0 "^plain${tab}90${tab}1${tab}plain.flat${tab}-${tab}-${tab}-\$" \
	"^all${tab}30${tab}2${tab}all.flat${tab}/a/b=Y /c=0${tab}-cpu max -m 256${tab}one two\$" \
	"^old${tab}90${tab}1${tab}old.flat${tab}-${tab}-append 'x y'${tab}-\$"
check selftests/unit-tests-no-more test "$(wc -l <"$t/out")" = 3
