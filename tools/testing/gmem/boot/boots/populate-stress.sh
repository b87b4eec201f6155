# SPDX-License-Identifier: GPL-2.0-only
# kvm_gmem_populate() in races, and with allocations that fail. kmemleak gives up when an
# allocation of its own fails, so it is off here; it watches the other boots.
# boot: machine=amd kernel=series,base,kasan,kcsan timeout=180 verbs=test,coverage
# boot: append=kmemleak=off page_poison=1
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
swap_on

# A kernel with KCSAN looks for data races from here on, and must have looked at something.
kcsan=/sys/kernel/debug/kcsan
[ ! -e $kcsan ] || case_ok kcsan-on sh -c "echo on >$kcsan"
run_test gmem_populate_race_test
run_test gmem_populate_fail_nth_test
[ ! -e $kcsan ] || case_ok kcsan-watched grep '^setup_watchpoints: [1-9]' $kcsan
