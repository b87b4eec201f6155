# SPDX-License-Identifier: GPL-2.0-only
# Cases of report.sh, with a made-up run (inputs/report); sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

html=$t/html
cp -r "$fixtures/report" "$html"
page=$html/report.html

refused report/no-results 'no results' "$html" env BUILD="$t/nothing" "$GMEM/verbs/report.sh"
# From below the top, where git would have another idea of paths
report() { (cd "$GMEM/verbs" && env BUILD="$html" ./report.sh); }
run report
expect report/written 0 "^# report: $page, "
check report/verdict has '<p class="verdict failed">5 passed, 4 failed, 1 skipped</p>' "$page"
check report/failure-comes-first test "$(grep -n 'id=failures' "$page" | cut -d : -f 1)" -lt "$(grep -n 'id=stages' "$page" | cut -d : -f 1)"
check report/excerpt has 'set_memory_region_test.c:40: ret == 0 &amp;&amp; errno &lt; EBUSY$' "$page"
check report/remark has "^error: 'PAGE_SIZE' &lt;undeclared&gt; &amp; so on|<pre>error: 'PAGE_SIZE' &lt;undeclared&gt; &amp; so on" "$page"
check report/skip-reason has '<small>no SEV &amp; no &lt;reason&gt;</small>' "$page"
check report/time-of-a-case has '<span>plain/guest_memfd_test</span><i>1\.5 s</i>' "$page"
check report/time-of-a-tap-case has '<span>plain/tap_test/slow.case</span><i>2\.3 s</i>' "$page"
check report/time-of-a-stage has '<td>512 s<div class=bar style="width:100%">' "$page"
check report/boot-time has '^<tr><td>plain<td>machine=amd .*smp=2.*<td>3\.9 s$' "$page"
check report/host-section has '<p class="verdict passed">1 passed, 0 failed, 1 skipped</p>' "$page"
check report/no-empty-fact test "$(grep -c '<dd> *$' "$page")" = 0
check report/diffstat test "$(grep -c '<i>+[0-9]' "$page")" = "$(patches | wc -l)"
check report/every-patch test "$(grep -c '^<details class=patch>' "$page")" = "$(patches | wc -l)"
check report/elements-are-closed test "$(grep -o '<details' "$page" | wc -l) $(grep -o '<pre' "$page" | wc -l)" = \
	"$(grep -o '</details>' "$page" | wc -l) $(grep -o '</pre>' "$page" | wc -l)"
# Self-contained: nothing to run, nothing to fetch
if grep -qE '<(script|link|iframe)|[^a-z]on[a-z]+=|(src|href)="?(https?:)?//|@import|url\(' "$page"; then
	not_ok report/self-contained "$(grep -nE '<(script|link|iframe)|(src|href)="?(https?:)?//|@import|url\(' "$page")"
else
	ok report/self-contained
fi

sed -i '/^not ok/d' "$html/log/results.tap"
run env BUILD="$html" "$GMEM/verbs/report.sh"
check report/green has '<p class="verdict passed">5 passed, 0 failed, 1 skipped</p>' "$page"
printf 'plain\nsnp\n' >"$html/result/stages"
: >"$html/result/plain.tap"
run env BUILD="$html" "$GMEM/verbs/report.sh"
check report/unfinished has '<span>snp/stage<small>it has left no result yet</small>' "$page"
check report/unfinished-is-a-failure has '<p class="verdict failed">5 passed, 1 failed' "$page"
echo garbage >"$html/log/results.tap"
refused report/no-cases 'has no result' "$html" env BUILD="$html" "$GMEM/verbs/report.sh"
