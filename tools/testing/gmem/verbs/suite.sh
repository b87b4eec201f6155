# SPDX-License-Identifier: GPL-2.0-only
# Cases of suite.awk, with made-up results of both kernels; sourced by verbs-test.sh
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
run awk -f "$GMEM/suite.awk" "$t/base.cases" "$t/series.cases"
expect suite/same 0 '^ok - suite/both_pass$' '^ok - suite/both_fail # SKIP fails on both, exit status 254$' '^ok - suite/both_skip # SKIP no SEV$'
expect suite/better 0 '^ok - suite/fixed # fails on the base: exit status 254$' '^ok - suite/kernel-log # base: not ok$'
expect suite/worse 0 '^not ok - suite/broken # base: ok, series: exit status 254$' \
	'^not ok - suite/hangs # base: ok, series: killed or timed out after 120 s$' \
	'^not ok - suite/lost # base: ok, series: no result$' '^not ok - suite/skipped_now # base: ok, series: skipped$'
check suite/no-more-than-that test "$(grep -c '^not ok' "$t/out")" = 4

printf 'not ok - suite-x/boot\n# suite-x: hang\nnot ok - suite-x/kernel-log\n# suite-x: WARNING: everywhere\n' >"$t/broken.cases"
run awk -f "$GMEM/suite.awk" "$t/broken.cases" "$t/broken.cases"
expect suite/kernel-reports-count-on-both 0 '^not ok - suite/boot' '^# suite-x: hang' '^not ok - suite/kernel-log' '^# suite-x: WARNING: everywhere'
run awk -f "$GMEM/suite.awk" /dev/null /dev/null
expect suite/silence-is-a-failure 0 '^not ok - suite/cases'
refused suite/quote 'has a quote' "$t/none" env SUITE="it's" BUILD="$t/none" "$GMEM/suite.sh"
