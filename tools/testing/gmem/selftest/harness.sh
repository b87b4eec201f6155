#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# harness.sh: what must turn a run red does. Recorded console logs (inputs/console/*.log) and faults planted in the good one go
# through console.awk, planted test binaries through guest.sh, a planted option through check-config.sh.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

logs=$GMEM/selftest/inputs/console
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT

# judge NAME LOG [QEMU-STATUS [WANTED-REPORT [WANTED-PANIC]]]
judge() { sed '/^# /d' "$2" | awk -f "$GMEM/lib/tap.awk" -f "$GMEM/boot/console.awk" -v boot="$1" -v want="${4:-}" -v panic="${5:-}" \
	-v qemu="${3:-0}" >"$t/out"; }

# expect NAME REGEX...: each must be the beginning of a line of what judge() left
expect()
{
	expect_name=$1
	shift
	for regex; do
		grep -qE -- "^$regex" "$t/out" || {
			not_ok "selfcheck/$expect_name" "no line begins with: $regex
$(tail -n 20 "$t/out")"
			return 0
		}
	done
	ok "selfcheck/$expect_name"
}

for log in "$logs"/*.log; do
	name=$(basename "$log" .log)
	judge "$name" "$log"
	sed -n 's/^# expect: //p' "$log" >"$t/wanted"
	set --
	while IFS= read -r line; do set -- "$@" "$line"; done <"$t/wanted"
	expect "log-$name" "$@"
done

# The report of a negative control: wanted and there, wanted and not there, there and another one too
splat=$(sed -n 's/^# splat: //p' "$logs/lockdep.log")
judge lockdep "$logs/lockdep.log" 0 "$splat"
expect wanted-report "ok - lockdep/kernel-log"
judge good "$logs/good.log" 0 "$splat"
expect wanted-report-missing "not ok - good/kernel-log"
sed '$a [ 30.0] BUG: KASAN: use-after-free in f+0x1/0x2' "$logs/lockdep.log" >"$t/log"
judge lockdep "$t/log" 0 "$splat"
expect wanted-report-and-another "not ok - lockdep/kernel-log"

# What a fuzzer says of how to do the same again is printed
sed '$i [ 29.0] gmem: # # seed 0x1f, 16 seconds\n[ 29.1] gmem: # # Again: make fuzz BOOT=good SEED=0x1f' "$logs/good.log" >"$t/log"
judge good "$t/log"
expect seed-is-printed "# good: seed 0x1f, 16 seconds" "# good: Again: make fuzz BOOT=good SEED=0x1f" "ok - good/boot"

# The panic of a negative control: wanted and there, another one, wanted and not there, and one after a report
die='Kernel panic - not syncing: memory error read before'
{ sed '/gmem: ok 3 /,$d' "$logs/good.log"; echo "[   30.0] $die f+0x1/0x2"; } >"$t/log"
judge dies "$t/log" 0 '' 'memory error read'
expect wanted-panic "ok - dies/boot" "ok - dies/kernel-log"
judge dies "$t/log" 0 '' 'no memory'
expect wanted-panic-another "not ok - dies/boot" "not ok - dies/kernel-log"
judge good "$logs/good.log" 0 '' 'memory error read'
expect wanted-panic-missing "not ok - good/boot"
sed '$i [ 29.0] BUG: KASAN: use-after-free in f+0x1/0x2' "$t/log" >"$t/log2"
judge dies "$t/log2" 0 '' 'memory error read'
expect wanted-panic-after-report "not ok - dies/kernel-log"

# plant NAME SED-SCRIPT REGEX [QEMU-STATUS]: change the good log and it must show
plant()
{
	sed "$2" "$logs/good.log" >"$t/log"
	judge "$1" "$t/log" "${4:-0}"
	expect "$1" "$3"
}
plant no-plan '/gmem: 1\.\./d' "not ok - no-plan/boot"
plant lost-case '/gmem: ok 3 /d' "not ok - lost-case/boot"
plant lost-last-case '/kmemleak/d' "not ok - lost-last-case/boot"
plant no-case '/gmem: ok/d; s/1\.\.[0-9]*/1..0/' "not ok - no-case/boot"
plant no-exit-status '/gmem: exit/d' "not ok - no-exit-status/boot"
plant script-failed 's/gmem: exit 0/gmem: exit 2/' "not ok - script-failed/boot"
plant same-name 's/ok 3 - .*/ok 3 - guest_memfd_test/' "not ok - same-name/boot"
plant skip-without-reason 's/\(ok 3 - .*\)/\1 # SKIP/' "not ok - skip-without-reason/boot"
plant hang '/gmem: exit/,$d' "not ok - hang/boot" 124
plant qemu-died '$!b' "not ok - qemu-died/boot" 1
plant empty-log d "not ok - empty-log/boot"

# One line for each kind of kernel report
report() { plant "report-$1" "/gmem: ok 3 /i [   20.1] $2" "not ok - report-$1/kernel-log"; }
report bug "BUG: kernel NULL pointer dereference, address: 0000000000000000"
report bug-at "kernel BUG at virt/kvm/guest_memfd.c:100!"
report warning "WARNING: virt/kvm/guest_memfd.c:100 at kvm_gmem_populate+0x1/0x2, CPU#0: test/70"
report oops "Oops: 0000 [#1] SMP"
report fault "general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1]"
report sleep "BUG: sleeping function called from invalid context at mm/gup.c:100"
report lockdep-held "WARNING: lock held when returning to user space!"
report lockdep-off "BUG: MAX_LOCKDEP_CHAINS too low!"
report kasan "BUG: KASAN: slab-use-after-free in f+0x1/0x2"
report ubsan "UBSAN: array-index-out-of-bounds in virt/kvm/guest_memfd.c:100:10"
report rcu "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:"
report hung-task "INFO: task test:70 blocked for more than 120 seconds."
report kmemleak "kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)"
report bad-page "BUG: Bad page state in process test pfn:12345"
report slab "BUG kvm_vcpu (Not tainted): Objects remaining in kvm_vcpu on __kmem_cache_shutdown()"
report msr "unchecked MSR access error: WRMSR to 0xc0010132"
report backtrace "Call Trace:"

# A data race counts if guest_memfd or the overlay is in one of its stacks
race() # NAME FRAME END REGEX
{
	plant "$1" "/gmem: ok 3 /i [   20.1] BUG: KCSAN: data-race in f / g\n[   20.1] read to 0x10 of 8 bytes by task 70 on cpu 0:\n\
[   20.1]  $2+0x1/0x2\n[   20.1]  h+0x1/0x2\n[   20.1] $3" "$4"
}
race race-ours kvm_gmem_populate "Reported by Kernel Concurrency Sanitizer on:" "not ok - race-ours/kernel-log"
race race-elsewhere do_fault "Reported by Kernel Concurrency Sanitizer on:" "ok - race-elsewhere/kernel-log"
race race-cut-short do_fault "" "not ok - race-cut-short/kernel-log"

# guest.sh outside of the guest, with planted test binaries
mkdir -p "$t/tests" "$t/bin"
for applet in awk timeout tee grep sed tail cat; do ln -s "$(command -v busybox)" "$t/bin/$applet"; done
planted() { printf '#!/bin/sh\n%s\n' "$2" >"$t/tests/$1" && chmod +x "$t/tests/$1"; }
planted pass 'exit 0'
planted fail 'echo broken; exit 254'
planted skip 'echo "1..0 # no" >/dev/null; echo needs hardware; exit 4'
planted tap 'echo TAP version 13; echo 1..2; echo ok 1 one; echo "ok 2 two # SKIP no hardware"'
planted tap_fail 'echo TAP version 13; echo 1..2; echo ok 1 one; echo not ok 2 two; exit 1'
planted tap_short 'echo TAP version 13; echo 1..3; echo ok 1 one; echo ok 2 two'
planted tap_dies 'echo TAP version 13; echo 1..1; echo ok 1 one; exit 254'
planted tap_lies 'echo TAP version 13; echo 1..1; echo not ok 1 one; exit 0'
planted tap_skip 'echo "1..0 # SKIP - needs hardware"; exit 4'
planted tap_nothing 'echo 1..0'
guest()
{
	rm -rf "$t/state" "$t/out"
	(
		export TAP_AWK="$GMEM/lib/tap.awk" KMSG="$t/out" STATE="$t/state" TESTS="$t/tests" PATH="$t/bin:$PATH" TEST_TIMEOUT=2
		busybox sh -c '. "$1"; shift; "$@"' sh "$GMEM/boot/guest.sh" "$@"
	) >"$t/err" 2>&1 || :
}
run_planted() # BINARY REGEX...
{
	guest run_test "$1"
	case_name=test-$1
	shift
	expect "$case_name" "$@"
}
run_planted pass "gmem: ok 1 - pass$"
run_planted fail "gmem: not ok 1 - fail # exit status 254"
run_planted skip "gmem: ok 1 - skip # SKIP needs hardware"
run_planted missing "gmem: not ok 1 - missing # no such test binary"
run_planted tap "gmem: ok 1 - tap/one$" "gmem: ok 2 - tap/two # SKIP no hardware" "gmem: ok 3 - tap/plan"
run_planted tap_fail "gmem: not ok 2 - tap_fail/two" "gmem: ok 3 - tap_fail/plan"
run_planted tap_short "gmem: not ok 3 - tap_short/plan # 2 results of 3 planned"
run_planted tap_dies "gmem: not ok 2 - tap_dies/plan"
run_planted tap_lies "gmem: not ok 2 - tap_lies/plan"
run_planted tap_skip "gmem: ok 1 - tap_skip # SKIP needs hardware$"
run_planted tap_nothing "gmem: not ok 1 - tap_nothing/plan # no result"
guest case_ok hang sleep 10
expect test-hang "gmem: not ok 1 - hang # killed or timed out after 2 s"
guest want_fail control "not so" "$t/tests/fail"
expect control-other-reason "gmem: not ok 1 - control # failed without"
guest want_fail control broken "$t/tests/fail"
expect control-fails "gmem: ok 1 - control$"
guest want_fail control broken "$t/tests/pass"
expect control-passes "gmem: not ok 1 - control # did not fail"
guest want_not_ok tap_fail two one
expect control-case "gmem: ok 1 - tap_fail/two fails here" "gmem: not ok 2 - tap_fail/one fails here"
export CONTROLS='pass other
tap_fail two
tap_fails two'
guest want_not_ok tap_fail
expect control-table "gmem: ok 1 - tap_fail/two fails here"
guest want_only_not_ok tap_fail
expect control-only "gmem: ok 1 - tap_fail/two fails here" "gmem: ok 2 - tap_fail/one$" "gmem: ok 3 - tap_fail/plan"
CONTROLS='tap_fail one'
guest want_only_not_ok tap_fail
expect control-only-another "gmem: not ok 1 - tap_fail/one fails here" "gmem: not ok 2 - tap_fail/two"
guest want_only_not_ok tap_short
expect control-only-short "gmem: not ok 3 - tap_short/plan"
CONTROLS=
guest want_not_ok tap_fail
[ -e "$t/out" ] || echo nothing >"$t/out"
expect control-none "nothing$"
unset CONTROLS

# A configuration in which an option did not take
printf 'CONFIG_KVM=m\n# CONFIG_EFI is not set\n' >"$t/dotconfig"
printf 'CONFIG_KVM=m\n# CONFIG_EFI is not set\nCONFIG_KVM_NO_SUCH=y\n' >"$t/fragment"
if "$GMEM/kernel/check-config.sh" "$t/dotconfig" "$t/fragment" >"$t/out"; then echo taken >"$t/out"; fi
expect option-did-not-take "option did not take: CONFIG_KVM_NO_SUCH=y"
printf '# CONFIG_KVM is not set\n' >"$t/fragment"
if "$GMEM/kernel/check-config.sh" "$t/dotconfig" "$t/fragment" >"$t/out"; then echo taken >"$t/out"; fi
expect option-not-off "option did not take: # CONFIG_KVM is not set"
printf 'CONFIG_KVM=m\n# CONFIG_KVM_NO_SUCH is not set\n' >"$t/fragment"
if "$GMEM/kernel/check-config.sh" "$t/dotconfig" "$t/fragment" >"$t/out"; then echo taken >"$t/out"; fi
expect options-took "taken"

# A stage that dies, and one that says nothing
stage()
{
	mkdir -p "$t/build/result" "$t/build/log"
	echo 0 >"$t/build/result/count"
	printf 'planted\nanother\n' >"$t/build/result/stages"
	: >"$t/build/result/times"
	CASES="" BUILD=$t/build "$GMEM/result/stage.sh" planted sh -c "$1" >"$t/out" 2>&1
}
stage 'echo "ok - planted/a"; exit 3'
expect stage-dies "not ok 2 - planted/stage"
stage true
expect stage-silent "not ok 1 - planted/stage" "# .* planted ended after [0-9]* s, 1 of 2 stages$"

# One of another series than that of the run: its name goes in front, results are the run's
other_stage()
{
	rm -rf "$t/build"
	mkdir -p "$t/build/result/9.9" "$t/build/log"
	echo 4 >"$t/build/result/count"
	echo 9.9/planted >"$t/build/result/stages"
	[ -z "${2:-}" ] || echo "$2" >"$t/build/result/9.9/skip"
	CASES="${3:-}" RUN=$t/build BUILD=$t/build/9.9 "$GMEM/result/stage.sh" 9.9/planted sh -c "$1" >"$t/out" 2>&1
	cat "$t/build/log/results.tap" >>"$t/out" 2>/dev/null || :
}
other_stage 'echo "ok - planted/a"; exit 3'
expect stage-of-other-series "ok 5 - 9\.9/planted/a$" "not ok 6 - 9\.9/planted/stage$"
other_stage 'echo "ok - planted/a"' 'no source'
expect stage-of-other-series-skipped "ok 5 - 9\.9/planted/stage # SKIP no source$"
other_stage 'echo "ok - planted/a"; echo "ok - planted/b"' '' 9.9/planted/b
expect stage-of-other-series-selected "ok 5 - 9\.9/planted/b$"

# What a stage prints goes on from the cases of the stages before, without those that nobody asked for
printf 'ok - a/one\nnot ok - a/two # why\n# remark\nnoise\n' >"$t/cases"
echo 7 >"$t/count"
awk -f "$GMEM/lib/tap.awk" -f "$GMEM/lib/number.awk" -v counter="$t/count" -v cases='a/t*' "$t/cases" >"$t/out"
expect tap-goes-on "not ok 8 - a/two # why$" "# remark$" "# noise$"
cp "$t/count" "$t/out"
expect tap-count "8$"

# The results of a verb are complete in a file, or it can be seen that they are not
tap_file "$t/tap/some.tap" <"$t/cases" >/dev/null
cp "$t/tap/some.tap" "$t/out"
expect tap-complete "TAP version 13$" "ok 1 - a/one$" "not ok 2 - a/two # why$" "1\.\.2$"
summed() { summary "$1" >"$t/out" && echo good >>"$t/out" || echo bad >>"$t/out"; }
summed "$t/tap/some.tap"
expect summary-failed "# failed: a/two$" "1 passed, 1 failed$" "bad$"
printf 'ok - a/one\nok - a/two # SKIP no reason\n' | tap_file "$t/tap/good.tap" >/dev/null
summed "$t/tap/good.tap"
expect summary-good "# skipped: a/two: no reason$" "# 1 skipped$" "1 passed, 0 failed$" "good$"
sed '$d' "$t/tap/good.tap" >"$t/tap/cut.tap"
summed "$t/tap/cut.tap"
expect summary-cut-short "# not ok: the results are cut short" "1 passed, 1 failed$" "bad$"
sed '/one/d' "$t/tap/good.tap" >"$t/tap/lost.tap"
summed "$t/tap/lost.tap"
expect summary-lost-case "# not ok: 2 results were planned, 1 came" "bad$"
: | tap_file "$t/tap/nothing.tap" >/dev/null
summed "$t/tap/nothing.tap"
expect summary-nothing "# not ok: no case passed" "bad$"

# A run in which a stage left nothing: the file says so, and has a plan
run_of() # STAGE...
{
	rm -rf "$t/build/result" "$t/build/log"
	mkdir -p "$t/build/result" "$t/build/log"
	echo 1 >"$t/build/result/count"
	date +%s >"$t/build/result/start"
	: >"$t/build/result/times"
	printf '%s\n' "$@" >"$t/build/result/stages"
	: >"$t/build/result/here.tap"
	printf 'TAP version 13\nok 1 - here/a\n' >"$t/build/log/results.tap"
	status=0
	CASES="" BUILD=$t/build "$GMEM/result/summary.sh" test >"$t/said" 2>&1 || status=$?
	echo "exit $status" >>"$t/said"
	cat "$t/build/log/results.tap" "$t/said" "$t/build/log/last-test" >"$t/out" 2>"$t/none" || echo "no time kept" >>"$t/out"
}
run_of here
expect run-complete "1\.\.1$" "1 passed, 0 failed$" "exit 0$" "[0-9]* 1$"
run_of here gone
expect run-lost-stage "not ok 2 - gone/stage # it left no result$" "1\.\.2$" "# failed: gone/stage$" "exit 1$" "no time kept$"

# Boots wait for the memory that others have. The one that holds it here is a process that sleeps.
boot_of() # SIZE: what reserve_memory says, and for how long
{
	(BUILD=$t/memory GMEM_MEMORY=4G timeout 5 sh -c '. "$1/lib/lib.sh"; reserve_memory "$2" planted; echo runs' \
		"$GMEM/lib/x" "$GMEM" "$1" || echo "still waits") >"$t/out" 2>&1
}
rm -rf "$t/memory"
boot_of 16G
expect memory-one-boot-always-runs "runs$"
sleep 20 &
holder=$!
echo 2560 >"$t/memory/memory/$holder"
boot_of 1G
expect memory-enough "runs$"
boot_of 2G
expect memory-waits "# planted waits for memory: needs 2560 MB, others have 2560 of 4096 MB$" "still waits"
kill $holder
wait $holder 2>/dev/null || :
boot_of 2G
expect memory-given-back "runs$"
boot_of 2X
expect memory-no-size "# error: no size of memory: 2X$"

# Progress of a kernel: a fraction of its objects, and at this pace how long it takes
. "$GMEM/lib/progress.sh"
(
	BUILD=$t/progress LOG=$t/progress/log
	mkdir -p "$BUILD/tree/series" "$BUILD/result" "$LOG"
	printf 'one\nlast line\n' >"$LOG/kernel-series.log"
	progress kernel-series
	touch "$BUILD/tree/series/old.o"
	sleep 0.1
	echo 100 >"$BUILD/tree/series.building"
	progress kernel-series
	sleep 0.1
	for object in 1 2 3 4 5 6 7 8 9 10; do touch "$BUILD/tree/series/$object.o"; done
	progress kernel-series
	progress kernel-series
	echo 10 >"$BUILD/tree/series.building"
	touch -d yesterday "$BUILD/tree/series.building"
	progress kernel-series
) >"$t/out"
expect progress "last line$" "0 of about 100 objects$" "10 of about 100 objects, 10 min to go" "10 of about 100 objects$"
