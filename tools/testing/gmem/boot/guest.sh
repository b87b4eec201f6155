# SPDX-License-Identifier: GPL-2.0-only
# What a boot script may call; sourced by boots/*.sh and by init.
#
#   load MODULE [PARAM=VALUE...]       insert a module: one case "load/MODULE"
#   unload MODULE                      remove it: one case "unload/MODULE"
#   run_test [-n NAME] BINARY [ARG...] run a KVM selftest from /tests. A test that prints TAP gives one case
#                                      per TAP line, "BINARY/CASE", and one "BINARY/plan" (all planned results
#                                      came, exit status agrees). One that plans no result and says SKIP gives
#                                      one case "BINARY", skipped. Any other gives one case "BINARY" by its exit
#                                      status: 0 ok, 4 skipped, all else a failure.
#   case_ok NAME COMMAND...            one case by the exit status of COMMAND
#   skip_case NAME REASON
#   want_fail NAME REGEX COMMAND...    negative control: COMMAND must fail and print REGEX (ERE)
#   want_not_ok [-n NAME] BINARY [CASE...]
#                                      negative control: the TAP test BINARY must report each CASE "not ok". By default
#                                      those that CONTROLS of the series names for this boot; if there are none the test
#                                      does not run
#   want_only_not_ok BINARY [ARG...]   the same, and every other case must be ok
#   stuck_tasks                        tasks hang, as they should: the machine goes off without asking drivers
#   note TEXT...                       a line for the log
#   rmp_is_back, pamt_is_back [REGEX]  the emulated platform has no page of a guest any more. With REGEX, lines of its
#                                      census that may be other than 0
#   swap_on                            64 MiB of swap in memory: one case "swap"
#   launches TEST CASE &               this launch again and again
#   end_launches                       the end of that: one case "launched", whether none failed
#
# $emul: the directory of the emulated platform in debugfs.
# ONLY='A|B': run_test runs these binaries only.
# COVERAGE=yes: say where the code of modules is, for make coverage.
# TEST_TIMEOUT: seconds that one test or command may take; the boot's own timeout unless set.
# Everything goes to /dev/kmsg, so that results and kernel messages stand in one log, in order.

KMSG=${KMSG:-/dev/kmsg}
STATE=${STATE:-/tmp/gmem}
TESTS=${TESTS:-/tests}
TAP_AWK=${TAP_AWK:-/lib/tap.awk}
emul=/sys/kernel/debug/coco_emul
tab=$(printf '\t')
mkdir -p "$STATE"
[ -f "$STATE/count" ] || echo 0 >"$STATE/count"

# One write is one record of the kernel log, about 1000 bytes at most.
say() { printf 'gmem: %.900s\n' "$*" >>"$KMSG"; }
note() { say "# $*"; }

# Again whenever a module was loaded. A look at /proc/modules starts no process.
note_modules()
{
	loaded=
	while read -r module _ _ _ _ address _; do loaded="$loaded $module $address"; done </proc/modules
	[ "$loaded" != "${noted_modules:-}" ] || return 0
	noted_modules=$loaded
	grep -H . /sys/module/*/sections/.*text* | sed 's,^/sys/module/,module ,; s,/sections/, ,; s,:0x, ,' |
		while IFS= read -r line; do note "$line"; done
}

# result "ok"|"not ok" NAME [REMARK]
result()
{
	[ -z "${COVERAGE:-}" ] || note_modules
	count=$(($(cat "$STATE/count") + 1))
	echo "$count" >"$STATE/count"
	say "$1 $count - $2${3:+ # $3}"
}

skip_case() { result ok "$1" "SKIP ${2:-}"; }

# Run a command with its output in the log and in $STATE/out; status in $rc
logged()
{
	# A shell function or builtin cannot be given to timeout
	case $(type "$1") in
	*" function" | *" builtin") ;;
	*) set -- timeout -s KILL "${TEST_TIMEOUT:-${BOOT_TIMEOUT:-120}}" "$@" ;;
	esac
	{
		"$@" </dev/null 2>&1
		echo $? >"$STATE/rc"
	} | tee "$STATE/out" | while IFS= read -r line || [ -n "$line" ]; do note "$line"; done
	rc=$(cat "$STATE/rc")
}

remark()
{
	case $1 in
	126 | 127) echo "cannot be run" ;;
	137) echo "killed or timed out after ${TEST_TIMEOUT:-${BOOT_TIMEOUT:-120}} s" ;;
	139) echo "segmentation fault" ;;
	*) echo "exit status $1" ;;
	esac
}

case_ok()
{
	name=$1
	shift
	note "$name: $*"
	logged "$@"
	if [ "$rc" = 0 ]; then result ok "$name"; else result "not ok" "$name" "$(remark "$rc")"; fi
}

rmp_is_back() { grep -q . "$emul/rmp" && ! grep -Ev "^(hypervisor|hv-fixed${1:+|$1}) " "$emul/rmp" | grep -v ' 0$'; }
pamt_is_back() { grep -q . "$emul/pamt" && ! grep -E '^(REG|TDR|TDCX|TDVPR|EPT|host-writes|dirty) ' "$emul/pamt" | grep -Ev "^(${1:-none}) | 0\$"; }

swap_on() { case_ok swap sh -c 'echo 64M >/sys/block/zram0/disksize && mkswap /dev/zram0 && swapon /dev/zram0'; }

launches()
{
	while [ ! -e "$STATE/enough" ]; do
		"$TESTS/$1" -t "$2" >"$STATE/launch" 2>&1 || touch "$STATE/launch-failed"
		echo >>"$STATE/launches"
	done
}

load() { case_ok "load/$1" modprobe "$@"; }
unload() { case_ok "unload/$1" modprobe -r "$1"; }

launched() { cat "$STATE/launch" && wc -l <"$STATE/launches" && test ! -e "$STATE/launch-failed"; }
# Not in the pipe that case_ok makes, whose shell has no child to wait for
end_launches()
{
	touch "$STATE/enough"
	wait
	case_ok launched launched
	rm -f "$STATE/enough" "$STATE/launches" "$STATE/launch-failed"
}

want_fail()
{
	name=$1 regex=$2
	shift 2
	note "$name: must fail: $*"
	logged "$@"
	case $rc in
	0) result "not ok" "$name" "did not fail" ;;
	4 | 126 | 127 | 137) result "not ok" "$name" "$(remark "$rc")" ;;
	*)
		if grep -qE "$regex" "$STATE/out"; then
			result ok "$name"
		else
			result "not ok" "$name" "failed without: $regex"
		fi
		;;
	esac
}

# A driver that is shut down may wait for a lock that one of them holds, and so would poweroff
stuck_tasks() { touch "$STATE/stuck"; }

# The result lines of a TAP test: verdict, name and directive, separated by tabs
tap_list()
{
	awk -f "$TAP_AWK" -f - "$STATE/out" <<-'END'
		tap_line($0) && tap_number { print tap_verdict "\t" tap_name "\t" tap_directive }
	END
}

# Every result line of a TAP test becomes a case; then the plan is held against them
tap_results()
{
	seen=0 failed=0
	tap_list >"$STATE/tap"
	while IFS=$tab read -r verdict case_name directive; do
		seen=$((seen + 1))
		[ "$verdict" = ok ] || failed=$((failed + 1))
		result "$verdict" "$1/$case_name" "$directive"
	done <"$STATE/tap"
	planned=$(sed -n 's/^1\.\.\([0-9][0-9]*\).*/\1/p' "$STATE/out" | tail -n 1)
	if [ "$seen" = 0 ] && grep -q '^1\.\.0 # SKIP' "$STATE/out"; then
		skip_case "$1" "$(sed -n 's/^1\.\.0 # SKIP[- ]*//p' "$STATE/out" | tail -n 1)"
	elif [ "$seen" = 0 ]; then
		result "not ok" "$1/plan" "no result, $(remark "$rc")"
	elif [ "$seen" != "${planned:-none}" ]; then
		result "not ok" "$1/plan" "$seen results of ${planned:-no} planned, $(remark "$rc")"
	elif [ "$failed" = 0 ] && [ "$rc" != 0 ] && [ "$rc" != 4 ]; then
		result "not ok" "$1/plan" "no case failed, but $(remark "$rc")"
	elif [ "$failed" != 0 ] && [ "$rc" = 0 ]; then
		result "not ok" "$1/plan" "exit status 0 with $failed failed cases"
	else
		result ok "$1/plan"
	fi
}

wanted_test()
{
	[ "$1" != -n ] || shift 2
	case "|${ONLY:-$1}|" in *"|$1|"*) return 0 ;; esac
	return 1
}

# find_test [-n NAME] BINARY: sets name, binary and used (how many arguments that were)
find_test()
{
	name='' used=1
	if [ "$1" = -n ]; then
		name=$2 used=3
		shift 2
	fi
	binary=$TESTS/${1##*/}
	name=${name:-${1##*/}}
	[ -x "$binary" ] && return
	result "not ok" "$name" "no such test binary: ${1##*/}"
	return 1
}

run_test()
{
	wanted_test "$@" || return 0
	find_test "$@" || return 0
	shift "$used"
	note "$name: $binary $*"
	logged "$binary" "$@"
	if grep -qE '^(TAP version|KTAP version|1\.\.[0-9])' "$STATE/out"; then
		tap_results "$name"
		return
	fi
	case $rc in
	0) result ok "$name" ;;
	4) skip_case "$name" "$(grep -v '^Random seed' "$STATE/out" | tail -n 1)" ;;
	*) result "not ok" "$name" "$(remark "$rc")" ;;
	esac
}

# The cases that must fail, of the lines "TEST CASE" in $CONTROLS
controls() { printf '%s\n' "${CONTROLS:-}" | sed -n "s/^$1 //p"; }

fails_here()
{
	if cut -f 1,2 "$STATE/tap" | grep -qxF "not ok$tab$1"; then
		result ok "$name/$1 fails here"
	else
		result "not ok" "$name/$1 fails here" "it did not report \"not ok\", $(remark "$rc")"
	fi
}

want_not_ok()
{
	find_test "$@" || return 0
	shift "$used"
	# shellcheck disable=SC2046 # names of cases have no spaces
	[ $# != 0 ] || set -- $(controls "${binary##*/}")
	[ $# != 0 ] || return 0
	note "$name: must fail: $*"
	logged "$binary"
	tap_list >"$STATE/tap"
	for want; do fails_here "$want"; done
}

want_only_not_ok()
{
	find_test "$@" || return 0
	shift "$used"
	controls "$name" >"$STATE/controls"
	note "$name: $binary $*, of which must fail: $(tr '\n' ' ' <"$STATE/controls")"
	logged "$binary" "$@"
	tap_list >"$STATE/tap"
	while read -r want; do fails_here "$want"; done <"$STATE/controls"
	seen=0
	while IFS=$tab read -r verdict case_name directive; do
		seen=$((seen + 1))
		grep -qxF "$case_name" "$STATE/controls" || result "$verdict" "$name/$case_name" "$directive"
	done <"$STATE/tap"
	planned=$(sed -n 's/^1\.\.\([0-9][0-9]*\).*/\1/p' "$STATE/out" | tail -n 1)
	if [ "$seen" = "${planned:-none}" ]; then
		result ok "$name/plan"
	else
		result "not ok" "$name/plan" "$seen results of ${planned:-no} planned, $(remark "$rc")"
	fi
}

# The end of a boot: leaks, then the plan. Called by init only.
finish()
{
	leaks=/sys/kernel/debug/kmemleak
	if grep -qw kmemleak=off /proc/cmdline; then
		skip_case kmemleak "the boot script switches it off"
	elif ! echo scan >"$leaks"; then
		result "not ok" kmemleak "it cannot scan"
	else
		# An object counts as leaked only if it is older than 5 s; the second scan weeds out what was in flight.
		sleep 6
		echo scan >"$leaks"
		cat "$leaks" >"$STATE/leaks"
		while IFS= read -r line; do note "kmemleak: $line"; done <"$STATE/leaks"
		if [ -s "$STATE/leaks" ]; then
			result "not ok" kmemleak "$(grep -c '^unreferenced' "$STATE/leaks") objects"
		else
			result ok kmemleak
		fi
	fi
	say "1..$(cat "$STATE/count")"
	say "exit $(cat "$STATE/exit" 2>/dev/null || echo none)"
}
