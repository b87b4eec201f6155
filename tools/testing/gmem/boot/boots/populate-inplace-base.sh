# SPDX-License-Identifier: GPL-2.0-only
# Negative control of populate-inplace: the base inverts the order of mmap_lock and the invalidate lock. lockdep reports
# that; everybody waits for a source that is not there; and a source in the same file is the end.
# boot: machine=amd kernel=base-inplace timeout=180 verbs=test
# boot: splat=possible circular locking dependency detected
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
want_not_ok gmem_populate_lockdep_test lockdep.no_inversion
run_test gmem_populate_progress_test

# A task that waits, in the fault on its source, for the lock that it holds itself. It cannot be killed: the last case.
waits_for_itself()
{
	/tests/gmem_populate_inplace_test -r in_place.source_same_file_faulted_in >/tmp/hang 2>&1 &
	for second in 1 2 3 4 5 6 7 8 9 10; do
		sleep 1
		for stack in /proc/[0-9]*/stack; do
			grep -q kvm_gmem_fault_user_mapping "$stack" && grep -q kvm_gmem_populate "$stack" || continue
			sleep 2
			grep kvm_gmem_fault_user_mapping "$stack" && return
		done
	done
	cat /tmp/hang
	return 1
}

# A memory error waits for the invalidate lock.
want_fail gmem_populate_error_test/memory_error.while_populating '^not ok .*memory_error.while_populating' \
	/tests/gmem_populate_error_test -r memory_error.while_populating

# A memory error whose handling has the page and waits for the invalidate lock, and populate, which has that and waits
# for the page
waits_for_each_other()
{
	/tests/gmem_populate_error_test -r memory_error.in_next_page >/tmp/hang 2>&1 &
	for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		sleep 1
		cat /proc/[0-9]*/stack >/tmp/stacks 2>/dev/null
		grep -q kvm_gmem_populate /tmp/stacks && grep -q kvm_gmem_error_folio /tmp/stacks || continue
		# Longer than the callback lasts
		sleep 6
		cat /proc/[0-9]*/stack >/tmp/stacks 2>/dev/null
		grep -B6 kvm_gmem_populate /tmp/stacks | grep folio_wait && grep kvm_gmem_error_folio /tmp/stacks && return
	done
	cat /tmp/hang
	return 1
}
case_ok "gmem_populate_error_test/memory_error.in_next_page hangs here" waits_for_each_other
case_ok "gmem_populate_inplace_test/in_place.source_same_file_faulted_in hangs here" waits_for_itself
