# SPDX-License-Identifier: GPL-2.0-only
# kvm-unit-tests, a copy that the user has built, on an AMD host without confidential VMs. "make selftests" boots it on the
# base and on the series and compares, if it is given KVM_UNIT_TESTS.
# boot: machine=amd kernel=series mem=4G timeout=7200 verbs=selftests pack=unit-tests
. /lib/guest.sh

# unmet PATH=VALUE...: which of them is not so
unmet()
{
	for check; do
		[ "$(cat "${check%%=*}" 2>/dev/null)" = "${check#*=}" ] || { echo "${check%%=*} is not ${check#*=}"; return; }
	done
}

# qemu FILE SMP QEMU-ARGUMENTS TEST-ARGUMENTS: the arguments are shell words, as kvm-unit-tests has them
qemu()
{
	kernel=/unit-tests/$1 smp=$2 params=$3 args=$4
	eval "set -- $([ "$params" = - ] || echo "$params")"
	[ "$args" = - ] || { eval "args=\"$args\"" && set -- "$@" -append "$args"; }
	timeout -s KILL "$TEST_TIMEOUT" /vmm/lib/ld-linux-x86-64.so.2 --library-path /vmm/lib /vmm/qemu-system-x86_64 -L /vmm/share \
		-nodefaults -no-reboot -display none -serial stdio -machine accel=kvm -global kvm-pit.lost_tick_policy=discard \
		-device pc-testdev -device isa-debug-exit,iobase=0xf4,iosize=0x4 -device pci-testdev -kernel "$kernel" -smp "$smp" "$@"
}

# unit_test NAME SECONDS SMP FILE CHECKS QEMU-ARGUMENTS TEST-ARGUMENTS. It ends QEMU with twice its own status plus one:
# 0 is good, 77 says that all of it was skipped.
unit_test()
{
	name=$1 TEST_TIMEOUT=$(($2 * ${SUITE_SLOW:-1}))
	# shellcheck disable=SC2086 # words they are
	why=$([ "$5" = - ] || unmet $5)
	[ -f "/unit-tests/$4" ] || why="$4 was not built"
	[ -z "$why" ] || { skip_case "$name" "$why"; return; }
	note "$name"
	logged qemu "$4" "$3" "$6" "$7"
	case $rc in
	1) result ok "$name" ;;
	155) skip_case "$name" "$(grep SKIP "$STATE/out" | tail -n 1)" ;;
	*) result "not ok" "$name" "$(remark "$rc"), $(grep -E '^(FAIL|SUMMARY)' "$STATE/out" | tail -n 1)" ;;
	esac
}

load kvm-amd
while IFS=$tab read -r name seconds smp file checks params args <&3; do
	case $name in
	emulator) skip_case $name "ends QEMU 7.2 under TCG, with an assertion in tcg_handle_interrupt()" ;;
	*) unit_test "$name" "$seconds" "$smp" "$file" "$checks" "$params" "$args" ;;
	esac
done 3</unit-tests/list
unload kvm-amd
