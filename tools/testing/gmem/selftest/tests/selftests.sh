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
