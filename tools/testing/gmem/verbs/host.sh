#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: no QEMU: run the selftests on this machine, and say what it lacks for SNP and TDX
# with: SERIES=yes  its kernel has the series, although make host-kernel did not build it
# host.sh [check]: run the selftests of the series natively, on the machine and kernel this runs on; no QEMU.
# First says what the machine has, and so what runs and what does not and why. "check" stops there.
#
#   SERIES=yes     the running kernel carries the series, although 'make host-kernel' did not build it
#   ROOT=DIR       with check: what there is of a machine (proc/, sys/, dev/, probe, kernel-log), in place of this one
#   HOST_TESTS=DIR selftest binaries that are there already, in place of building them
#
# host.sh pack DIR: what a machine needs that has neither a compiler nor git, but for the selftests. Copied there, it is
# HOST_TESTS=/path/to/selftests DIR/verbs/host.sh.
#   KVM_UNIT_TESTS=DIR  a built copy of kvm-unit-tests: run these as well, and compare with what they gave on the base
#   HOST_TIMEOUT=S seconds that one test may take, 300 by default
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
ROOT=${ROOT:-}
work=$BUILD/host
src=$work/src

# "pack" leaves this list
packed=no
[ ! -f "$GMEM/needs" ] || packed=yes

# ---- what the machine has ----

build_probe()
{
	gcc -O2 -static -o "$1" "$GMEM/host/probe.c" || die "host/probe.c does not build" "apt-get install gcc libc6-dev linux-libc-dev"
}

probe() { sed -n "s/^$1 //p" "$work/probe"; }
parameter() { cat "$ROOT/sys/module/$1/parameters/$2" 2>/dev/null || :; }
log_has() { grep -E "$1" "$work/kernel-log" | tail -n 1 | sed 's/^\[[^]]*\] *//'; }
has_flag() { echo " $flags " | grep -q " $1 "; }
vm_type() { [ $(($(probe kvm-vm-types | grep . || echo 0) >> $1 & 1)) = 1 ]; }

gather()
{
	mkdir -p "$work"
	if [ -n "$ROOT" ]; then
		cp "$ROOT/probe" "$ROOT/kernel-log" "$work/"
	else
		probe=$GMEM/host/probe
		[ "$packed" = yes ] || {
			probe=$work/host-probe
			[ -x "$probe" ] && [ -z "$(find "$GMEM/host/probe.c" -newer "$probe")" ] || build_probe "$probe"
		}
		"$probe" >"$work/probe"
		# The ring buffer may have lost the boot; the journal, where there is one, has not.
		{ journalctl -k -b -o short-monotonic --no-hostname 2>/dev/null; dmesg 2>/dev/null; } >"$work/kernel-log" || :
	fi
	vendor=$(sed -n 's/^vendor_id[[:space:]]*: //p' "$ROOT/proc/cpuinfo" | head -n 1)
	model=$(sed -n 's/^model name[[:space:]]*: //p' "$ROOT/proc/cpuinfo" | head -n 1)
	flags=$(sed -n 's/^flags[[:space:]]*: //p' "$ROOT/proc/cpuinfo" | head -n 1)
	release=$(cat "$ROOT/proc/sys/kernel/osrelease")
}

# Each *_missing prints why something cannot be used here, and nothing if it can.

series_missing()
{
	[ "${SERIES:-no}" = no ] || return 0
	case $release in
	*-gmem."$(patches_id)"*) ;;
	*-gmem.*) echo "kernel $release carries another version of the series than patches/" ;;
	*-gmembase*) echo "kernel $release is the base without the series" ;;
	*) echo "kernel $release was not built by make host-kernel; if it carries the series: SERIES=yes" ;;
	esac
}

kvm_missing()
{
	if probe kvm | grep -q ^api; then
		return 0 # with or without SVM and VMX: a KVM of the machine's own may need neither
	elif ! has_flag svm && ! has_flag vmx; then
		echo "the CPU has neither SVM nor VMX, or the firmware setup has switched it off"
	elif [ ! -e "$ROOT/sys/module/kvm" ]; then
		echo "KVM is not loaded: modprobe kvm_$(has_flag svm && echo amd || echo intel)"
	elif probe kvm | grep -q error; then
		echo "/dev/kvm: $(probe kvm | sed 's/^error //')"
	fi
}

gmem_missing()
{
	why=$(kvm_missing)
	if [ -n "$why" ]; then
		echo "$why"
	elif [ "$(probe kvm-guest-memfd)" != 1 ]; then
		echo "KVM has no guest_memfd: CONFIG_KVM_GUEST_MEMFD is off"
	elif ! vm_type 1; then
		echo "no VMs of type KVM_X86_SW_PROTECTED_VM: CONFIG_KVM_SW_PROTECTED_VM is off, or no two-dimensional paging"
	fi
}

snp_missing()
{
	api=$(probe sev | sed -n 's/^snp-api \([0-9]*\) \([0-9]*\) .*/\1 \2/p')
	if [ "$vendor" != AuthenticAMD ]; then
		echo "not an AMD CPU"
	elif ! has_flag sev_snp && [ $((0x$(probe cpuid-8000001f-0 | cut -d ' ' -f 1) >> 4 & 1)) = 0 ]; then
		echo "the CPU has no SEV-SNP (CPUID 0x8000001f EAX bit 4)"
	elif has_flag hypervisor; then
		echo "this is a virtual machine, and the kernel does not use SNP in one"
	elif [ -n "$(kvm_missing)" ]; then
		kvm_missing
	elif ! has_flag sev_snp; then
		echo "the kernel does not use SNP: switch on SMEE, SNP and the RMP table in the firmware setup$(because 'RMP|SEV')"
	elif [ "$(parameter kvm_amd sev_snp)" != Y ]; then
		echo "kvm_amd sev_snp=$(parameter kvm_amd sev_snp)$(because 'SEV-SNP|ccp .*SEV|AMD-Vi.*SNP|RMP')"
	elif [ -z "$api" ]; then
		echo "/dev/sev: $(probe sev)"
	elif [ "${api% *}" -lt 1 ] || { [ "${api% *}" = 1 ] && [ "${api#* }" -lt 51 ]; }; then
		echo "SNP firmware $(echo "$api" | tr ' ' .) is older than 1.51, which KVM wants"
	elif ! vm_type 4; then
		echo "KVM offers no VMs of type KVM_X86_SNP_VM"
	fi
}

tdx_missing()
{
	if [ "$vendor" != GenuineIntel ]; then
		echo "not an Intel CPU"
	elif [ -n "$(kvm_missing)" ]; then
		kvm_missing
	elif ! has_flag tdx_host_platform; then
		echo "the platform is no TDX host: the CPU has no TDX, or it is off in the firmware setup$(because 'virt/tdx')"
	elif [ "$(parameter kvm_intel tdx)" != Y ]; then
		echo "kvm_intel tdx=$(parameter kvm_intel tdx): modprobe -r kvm_intel; modprobe kvm_intel tdx=1$(
			because 'virt/tdx|kvm_intel.*TDX|TDX.*(fail|not|required)')"
	elif ! vm_type 5; then
		echo "KVM offers no VMs of type KVM_X86_TDX_VM$(because 'virt/tdx')"
	fi
}

because() # REGEX: the last word of the kernel log on it
{
	because_line=$(log_has "$1")
	[ -z "$because_line" ] || echo " (kernel log: $because_line)"
}

describe() # NAME REASON-OR-NOTHING DETAIL
{
	if [ -z "$2" ]; then say "$1: yes${3:+, $3}"; else say "$1: no, $2"; fi
}

describe_all()
{
	say "machine: ${model:-unknown CPU}, kernel $release"
	describe "the series" "$no_series" "patches $(patches_id)"
	describe "KVM" "$(kvm_missing)"
	describe "guest_memfd" "$no_gmem" "with VMs that are protected by software only"
	describe "SNP" "$no_snp" "firmware $(probe sev | sed 's/^snp-api \([0-9]*\) \([0-9]*\) /\1.\2 /'), $(
		log_has 'RMP.*range' | sed 's/.*RMP/RMP/' | grep . || echo 'RMP not in the kernel log')"
	describe "TDX" "$no_tdx" "$(log_has 'virt/tdx' | grep . || echo 'module not in the kernel log')"
}

# ---- which tests ----

# What a test needs is read from its source, on the series: "gmem|snp|tdx NAME"
tests()
{
	git -C "$linux" grep -lE 'guest_memfd|KVM_X86_(SW_PROTECTED|SNP|TDX)_VM' HEAD -- \
		'tools/testing/selftests/kvm/*_test.c' 'tools/testing/selftests/kvm/*_tests.c' | sed 's/^HEAD://' | while read -r file; do
		content=$(git -C "$linux" show "HEAD:$file")
		name=$(basename "$file" .c)
		case $content in
		*KVM_X86_TDX_VM*) echo "tdx $name" ;;
		*KVM_X86_SNP_VM*) echo "snp $name" ;;
		*) echo "gmem $name" ;;
		esac
	done
}

plan() # prints "run NAME" or "skip NAME REASON"
{
	if [ "$packed" = yes ]; then cat "$GMEM/needs"; else tests; fi | sort | while read -r needs name; do
		eval "why=\$no_$needs"
		why=${why:-$no_series}
		[ -n "$why" ] || [ -z "${HOST_TESTS:-}" ] || [ -x "$HOST_TESTS/$name" ] || why="it is not in $HOST_TESTS"
		if [ -z "$why" ]; then echo "run $name"; else echo "skip $name $why"; fi
	done
}

# ---- running them ----

# The selftests of the series alone, in a copy of the few directories that they need
build_tests()
{
	head=$(git -C "$linux" rev-parse HEAD)
	[ "$(cat "$work/src.stamp" 2>/dev/null)" != "$head" ] || return 0
	rm -rf "$src" "$work/src.stamp"
	mkdir -p "$src"
	git -C "$linux" archive "$head" -- Makefile Kbuild Kconfig scripts include tools arch/x86 usr | tar -x -C "$src"
	say "building the selftests, a minute or so; log $LOG/host-selftests.log"
	"$GMEM/kernel/build-selftests.sh" "$src" >"$LOG/host-selftests.log" 2>&1 ||
		{ tail -n 5 "$LOG/host-selftests.log"; die "the selftests do not build" "see $LOG/host-selftests.log"; }
	rm -rf "$work/tests"
	mkdir -p "$work/tests"
	find "$src/tools/testing/selftests/kvm" -maxdepth 2 -type f -perm -u+x -size +64k -exec cp {} "$work/tests/" \;
	echo "$head" >"$work/src.stamp"
}

# guest.sh knows how to run a test and what its output means; its log goes to a file here
run_plan()
{
	export TAP_AWK="$GMEM/lib/tap.awk" KMSG="$LOG/host.log" STATE="$work/state" TESTS="${HOST_TESTS:-$work/tests}"
	export TEST_TIMEOUT="${HOST_TIMEOUT:-300}" BOOT=host
	rm -rf "$STATE"
	: >"$KMSG"
	mark="gmem host $$ begins"
	[ -n "$ROOT" ] || echo "$mark" >/dev/kmsg
	(
		set +eu # as in the guest: guest.sh looks at exit statuses itself
		. "$GMEM/boot/guest.sh"
		while read -r what name why; do
			case $what in
			run) run_test "$name" ;;
			skip) skip_case "$name" "$why" ;;
			esac
		done <"$work/plan"
		echo 0 >"$STATE/exit"
		say "1..$(cat "$STATE/count")"
		say "exit 0"
	)
	# From the mark on, or all there is if the ring buffer has lost it
	[ -n "$ROOT" ] || dmesg | awk -v mark="$mark" '{ line[NR] = $0 } index($0, mark) { first = NR }
		END { for (i = first + 1; i <= NR; i++) print line[i] }' >>"$KMSG"
	# shellcheck disable=SC2031 # the subshell has not changed it
	{
		awk -f "$GMEM/lib/tap.awk" -f "$GMEM/boot/console.awk" -v boot=host -v want= -v qemu=0 "$KMSG"
		[ -z "${KVM_UNIT_TESTS:-}" ] || "$GMEM/host/kvm-unit-tests.sh" "$KVM_UNIT_TESTS" "$release" ||
			not_ok host/kvm-unit-tests
	} | tap_file "$LOG/host.tap"
}

pack()
{
	[ -e "$linux/.git" ] || die "there is no build/linux to take the list of selftests from" "make am"
	mkdir -p "$1/patches"
	patches | xargs -r cp -t "$1/patches"
	(cd "$GMEM" && tar -c lib verbs/host.sh boot/guest.sh boot/console.awk result/suite.awk host/kvm-unit-tests.sh) | tar -x -C "$1"
	build_probe "$1/host/probe"
	tests >"$1/needs"
}

[ "${1:-}" != pack ] || { pack "${2:?}"; exit; }
[ -n "$ROOT" ] || [ "$(id -u)" = 0 ] ||
	die "not root: /dev/kvm, /dev/sev and the kernel log say nothing to you" "sudo make host"
[ -z "$ROOT" ] || [ "${1:-}" = check ] || [ -n "${HOST_TESTS:-}" ] || die "a recorded machine runs no tests" "ROOT=$ROOT host.sh check"
if [ "$packed" = no ]; then
	[ -e "$linux/.git" ] || die "there is no build/linux to take the selftests from" "make am"
else
	[ -n "${HOST_TESTS:-}" ] || die "the selftests are not here" "HOST_TESTS=/path/to/selftests $0"
fi
mkdir -p "$LOG"
gather
no_series=$(series_missing) no_gmem=$(gmem_missing) no_snp=$(snp_missing) no_tdx=$(tdx_missing)
describe_all
plan >"$work/plan"
sed 's/^run /# runs:    /; s/^skip \([^ ]*\) /# skipped: \1: /' "$work/plan"
[ "${1:-}" != check ] || exit 0
[ "$packed" = yes ] || alone "$work"
grep -q '^run ' "$work/plan" || [ -n "${KVM_UNIT_TESTS:-}" ] || die "no test can run here" "see above what is missing"

start=$(date +%s)
[ -n "${HOST_TESTS:-}" ] || ! grep -q '^run ' "$work/plan" || build_tests
run_plan
say "host: $(($(date +%s) - start)) s, log $LOG/host.log"
summary "$LOG/host.tap"
