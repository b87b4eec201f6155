# SPDX-License-Identifier: GPL-2.0-only
# Cases of host.sh on made-up machines (inputs/host); sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

# A stand-in for build/linux with one test of each kind; host.sh reads what they need from their source
host_build=$t/host-build
selftests=$host_build/linux/tools/testing/selftests/kvm
mkdir -p "$selftests/x86"
echo 'guest_memfd' >"$selftests/a_gmem_test.c"
echo 'KVM_X86_SNP_VM' >"$selftests/x86/b_snp_test.c"
echo 'KVM_X86_TDX_VM' >"$selftests/x86/c_tdx_test.c"
echo 'other' >"$selftests/d_other_test.c"
(
	cd "$host_build/linux" || exit
	git init -q
	git add .
	git -c user.name=t -c user.email=t@localhost commit -q -m tests
)

# machine NAME: a copy of the made-up machine, in which the kernel carries the series of patches/
machine()
{
	rm -rf "$t/machine"
	cp -r "$fixtures/host/$1" "$t/machine"
	sed -i "s/@SERIES@/$(patches_id)/" "$t/machine/proc/sys/kernel/osrelease" "$t/machine/kernel-log"
}
host() { env BUILD="$host_build" ROOT="$t/machine" "$GMEM/verbs/host.sh" check; }

gmem_runs='^# runs: +a_gmem_test$'
machine snp
run host
expect host/snp 0 "$gmem_runs" '^# runs: +b_snp_test$' '^# skipped: c_tdx_test: not an Intel CPU$' \
	'^# SNP: yes, firmware 1\.55 state 1 build 40, RMP table physical range \[' '^# the series: yes'
if has d_other_test; then not_ok host/other-tests-are-left-out "$(say_out)"; else ok host/other-tests-are-left-out; fi

machine tdx
run host
expect host/tdx 0 "$gmem_runs" '^# runs: +c_tdx_test$' '^# skipped: b_snp_test: not an AMD CPU$' \
	'^# TDX: yes, virt/tdx: module initialized$'

machine plain-amd
run host
expect host/plain-amd 0 "$gmem_runs" '^# skipped: b_snp_test: the CPU has no SEV-SNP' '^# skipped: c_tdx_test: not an Intel CPU$'

machine plain-intel
run host
expect host/plain-intel 0 "$gmem_runs" '^# skipped: c_tdx_test: the platform is no TDX host'  '^# skipped: b_snp_test: not an AMD CPU$'

machine no-virt
run host
expect host/no-virt 0 '^# skipped: a_gmem_test: the CPU has neither SVM nor VMX' '^# KVM: no' '^# skipped: c_tdx_test: '

machine no-series
run host
expect host/no-series 0 '^# the series: no, kernel 6\.19\.11\+deb13-amd64 was not built by make host-kernel' \
	'^# skipped: b_snp_test: kernel .* SERIES=yes$'
run env SERIES=yes BUILD="$host_build" ROOT="$t/machine" "$GMEM/verbs/host.sh" check
expect host/series-by-hand 0 '^# runs: +b_snp_test$' '^# skipped: a_gmem_test: no VMs of type KVM_X86_SW_PROTECTED_VM'

# One thing at a time goes wrong on the SNP and the TDX machine
spoil() # NAME MACHINE FILE SED REGEX
{
	machine "$2"
	sed -i "$4" "$t/machine/$3"
	run host
	expect "host/$1" 0 "$5"
}
spoil snp-off-in-firmware-setup snp proc/cpuinfo 's/ sev_snp//' '^# skipped: b_snp_test: the kernel does not use SNP: '
spoil snp-off-in-kvm snp sys/module/kvm_amd/parameters/sev_snp s/Y/N/ '^# skipped: b_snp_test: kvm_amd sev_snp=N'
spoil snp-firmware-too-old snp probe 's/snp-api 1 55/snp-api 1 50/' '^# skipped: b_snp_test: SNP firmware 1\.50 is older'
spoil snp-no-device snp probe 's/^sev .*/sev error Permission denied/' '^# skipped: b_snp_test: /dev/sev: error Permission denied$'
spoil snp-in-a-guest snp proc/cpuinfo 's/ svm/ svm hypervisor/' '^# skipped: b_snp_test: this is a virtual machine'
spoil snp-no-vm-type snp probe 's/^kvm-vm-types .*/kvm-vm-types 15/' '^# skipped: b_snp_test: KVM offers no VMs'
spoil tdx-off-in-kvm tdx sys/module/kvm_intel/parameters/tdx s/Y/N/ '^# skipped: c_tdx_test: kvm_intel tdx=N: modprobe -r kvm_intel'
spoil tdx-no-vm-type tdx probe 's/^kvm-vm-types .*/kvm-vm-types 3/' \
	'^# skipped: c_tdx_test: KVM offers no VMs of type KVM_X86_TDX_VM \(kernel log: virt/tdx: module initialized\)$'
spoil other-version snp proc/sys/kernel/osrelease 's/gmem\..*/gmem.0123456789abcdef/' '^# skipped: b_snp_test: kernel .* carries another version'
spoil base-kernel snp proc/sys/kernel/osrelease 's/gmem\..*/gmembase/' '^# skipped: b_snp_test: kernel .* is the base without the series$'
spoil no-permission snp probe 's/^kvm api.*/kvm error Permission denied/' '^# KVM: no, /dev/kvm: Permission denied$'

machine snp
refused host/recorded-machine-runs-nothing 'runs no tests' "$t/machine" env BUILD="$host_build" ROOT="$t/machine" "$GMEM/verbs/host.sh"
# Tests of all kinds of result, on the made-up SNP machine
mkdir -p "$t/tests"
printf '#!/bin/sh\nprintf "TAP version 13\\n1..2\\nok 1 one\\nok 2 two # SKIP no reason to\\n"\n' >"$t/tests/a_gmem_test"
printf '#!/bin/sh\nexit ${FAIL:-0}\n' >"$t/tests/b_snp_test"
chmod +x "$t"/tests/*
run env BUILD="$host_build" ROOT="$t/machine" HOST_TESTS="$t/tests" "$GMEM/verbs/host.sh"
expect host/run 0 '^ok [0-9]+ - host/a_gmem_test/one$' '^ok [0-9]+ - host/a_gmem_test/two # SKIP no reason to$' '^ok [0-9]+ - host/b_snp_test$' \
	'^ok [0-9]+ - host/c_tdx_test # SKIP not an Intel CPU$' '^ok [0-9]+ - host/kernel-log$' '^[0-9]+ passed, 0 failed$'
run env FAIL=254 BUILD="$host_build" ROOT="$t/machine" HOST_TESTS="$t/tests" "$GMEM/verbs/host.sh"
expect host/run-fails 1 '^not ok [0-9]+ - host/b_snp_test # exit status 254$' '^[0-9]+ passed, 1 failed$'
printf '#!/bin/sh\nexec sleep 60\n' >"$t/tests/b_snp_test"
run env HOST_TIMEOUT=1 BUILD="$host_build" ROOT="$t/machine" HOST_TESTS="$t/tests" "$GMEM/verbs/host.sh"
expect host/run-hangs 1 '^not ok [0-9]+ - host/b_snp_test # killed or timed out after 1 s$'

# kvm-unit-tests: one that passes, one that fails on the base too, and one whose result the test chooses. The lines are
# of the form that run_tests.sh prints: a summary may be missing, then the line ends with a blank.
mkdir -p "$t/kut"
cat >"$t/kut/run_tests.sh" <<'END'
#!/bin/sh
skipped() { printf '\033[33mSKIP\033[0m %s (%s)\n' "$1" "$2"; }
# With KVM but no permission, and without KVM
case $KUT in
denied) skipped apic "qemu-system-x86_64: failed to initialize kvm: Permission denied"; exit ;;
none) echo "KVM is needed, but not available on this host" >&2; exit 2 ;;
esac
[ "$ACCEL" = kvm ] || exit
printf '\033[32mPASS\033[0m apic (56 tests)\n\033[31mFAIL\033[0m pmu (2 tests, 1 unexpected failures)\n'
printf '\033[31mFAIL\033[0m msr64 \n\033[31mFAIL\033[0m svm (timeout; duration=90s)\n\033[32mPASS\033[0m realmode \n'
skipped vmx '0 tests'
skipped cmpxchg8b 'i386 only'
printf '%s smap (18 tests)\n' "$SMAP"
exit 1
END
chmod +x "$t/kut/run_tests.sh"
: >"$t/kut/config.mak"
kut() { env SMAP="$1" BUILD="$host_build" "$GMEM/host/kvm-unit-tests.sh" "$t/kut" "$2"; }
refused host/kvm-unit-tests-no-permission 'no test of kvm-unit-tests ran: .*Permission denied' "$t/kut" env KUT=denied \
	BUILD="$host_build" "$GMEM/host/kvm-unit-tests.sh" "$t/kut" 6.19.11-gmem.1
refused host/kvm-unit-tests-without-kvm 'no test of kvm-unit-tests ran: KVM is needed' "$t/kut" env KUT=none \
	BUILD="$host_build" "$GMEM/host/kvm-unit-tests.sh" "$t/kut" 6.19.11-gmem.1
run kut PASS 6.19.11-gmem.1
expect host/kvm-unit-tests-without-the-base 0 '^ok - kvm-unit-tests/apic$' '^not ok - kvm-unit-tests/pmu # FAIL \(2 tests' \
	'^not ok - kvm-unit-tests/msr64 # FAIL *$' '^ok - kvm-unit-tests/realmode$' '^ok - kvm-unit-tests/vmx # SKIP \(0 tests\)$' \
	'^# kvm-unit-tests: nothing of the base'
sed -i 's/gmem\..*/gmembase/' "$t/machine/proc/sys/kernel/osrelease"
run env SMAP=PASS KVM_UNIT_TESTS="$t/kut" BUILD="$host_build" ROOT="$t/machine" HOST_TESTS="$t/tests" "$GMEM/verbs/host.sh"
expect host/kvm-unit-tests-on-the-base 0 '^ok [0-9]+ - host/b_snp_test # SKIP kernel .* is the base' \
	'^ok [0-9]+ - kvm-unit-tests/pmu # SKIP fails on the base, FAIL \(2 tests' '^ok [0-9]+ - kvm-unit-tests/apic$'
machine snp
run kut FAIL 6.19.11-gmem.1
expect host/kvm-unit-tests-against-the-base 0 '^ok - kvm-unit-tests/apic$' '^ok - kvm-unit-tests/pmu # SKIP fails on both, FAIL' \
	'^not ok - kvm-unit-tests/smap # base: ok, series: FAIL'
refused host/kvm-unit-tests-not-built 'not a built copy' "$host_build" env BUILD="$host_build" "$GMEM/host/kvm-unit-tests.sh" "$t" 6.19.11-gmem.1
printf '#!/bin/sh\nexit 0\n' >"$t/tests/b_snp_test"
run env SMAP=PASS KVM_UNIT_TESTS="$t/kut" BUILD="$host_build" ROOT="$t/machine" HOST_TESTS="$t/tests" "$GMEM/verbs/host.sh"
expect host/kvm-unit-tests-with-make-host 0 '^ok [0-9]+ - host/b_snp_test$' '^ok [0-9]+ - kvm-unit-tests/smap$' '^[0-9]+ passed, 0 failed$'

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	# Somewhere that nobody can read, whoever owns the checkout
	mkdir -p "$t/open/tools/testing/gmem/verbs"
	cp -r "$GMEM/lib" "$t/open/tools/testing/gmem/"
	cp "$GMEM/verbs/host.sh" "$t/open/tools/testing/gmem/verbs/"
	chmod -R a+rX "$t"
	refused host/no-root 'not root' "$t/open" env -u BASE setpriv --reuid=65534 --regid=65534 --clear-groups "$t/open/tools/testing/gmem/verbs/host.sh"
elif [ "$(id -u)" != 0 ]; then
	refused host/no-root 'not root' "$host_build" env BUILD="$host_build" "$GMEM/verbs/host.sh"
else
	skip host/no-root 'no setpriv to become somebody else with'
fi

# The real machine, whatever it is: the probe builds, and every test is either run or skipped with a reason
if [ "$(id -u)" = 0 ]; then
	run env BUILD="$host_build" "$GMEM/verbs/host.sh" check
	expect host/this-machine 0 '^# machine: ' '^# (runs: +|skipped: )b_snp_test' '^# (runs: +|skipped: )c_tdx_test'
else
	skip host/this-machine 'not root'
fi
