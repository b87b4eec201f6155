# SPDX-License-Identifier: GPL-2.0-only
# Negative control of populate-error: on the base a memory error waits for the invalidate lock with the page locked. With
# PUNCH_HOLE in front of it in the queue for the lock two tasks wait for each other.
# boot: machine=amd kernel=base timeout=120 verbs=test,short
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
want_fail gmem_populate_error_test/memory_error.while_populating '^not ok .*memory_error.while_populating' \
	/tests/gmem_populate_error_test -r memory_error.while_populating

# They cannot be killed: the last case
waits_for_each_other()
{
	/tests/gmem_populate_error_test -r memory_error.in_hole >/tmp/hang 2>&1 &
	for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		sleep 1
		cat /proc/[0-9]*/task/*/stack >/tmp/stacks 2>/dev/null
		grep -q kvm_gmem_fallocate /tmp/stacks && grep -q kvm_gmem_error_folio /tmp/stacks || continue
		# Longer than populate has the lock
		sleep 6
		cat /proc/[0-9]*/task/*/stack >/tmp/stacks 2>/dev/null
		! grep -q kvm_gmem_populate /tmp/stacks || return 1
		grep -B9 kvm_gmem_fallocate /tmp/stacks | grep folio_wait && grep kvm_gmem_error_folio /tmp/stacks && return
	done
	cat /tmp/hang
	return 1
}
stuck_tasks
case_ok "gmem_populate_error_test/memory_error.in_hole hangs here" waits_for_each_other
