# SPDX-License-Identifier: GPL-2.0-only
# Every KVM selftest there is, on an AMD host without confidential VMs. "make selftests" boots it on the base and on the
# series and compares. Tests that are made for the speed of hardware get less to do, or are left out and say why.
# boot: kernel=host tests=all
# boot: cpu=EPYC-Milan,+svm,+npt
# boot: smp=2 mem=4G timeout=7200
# boot: verbs=selftests
. /lib/guest.sh

TEST_TIMEOUT=${SUITE_TIMEOUT:-120}

load kvm-amd
for binary in /tests/*; do
	test=${binary##*/}
	# shellcheck disable=SC2254 # a pattern it is
	for pattern in ${SUITE:-*}; do
		case $test in $pattern) break ;; *) pattern= ;; esac
	done
	[ -n "$pattern" ] || continue
	case $test in
	gmem_populate_* | coco_*) continue ;; # need the test driver or an emulated host, and have boots of their own
	access_tracking_perf_test) run_test $test -b 16M -v 1 ;;
	demand_paging_test) run_test $test -b 16M -v 1 ;;
	dirty_log_perf_test) run_test $test -b 16M -v 1 -i 1 ;;
	dirty_log_test) run_test $test -i 2 -I 100 ;;
	kvm_page_table_test) run_test $test -b 16M -v 1 ;;
	memslot_modification_stress_test) run_test $test -b 16M -v 1 -i 50 ;;
	memslot_perf_test) run_test $test -l 1 -s 64 ;;
	mmu_stress_test) run_test $test -m 1 -s 1 ;;
	hardware_disable_test) skip_case $test "forks 512 VMs and kills them, for hours without hardware" ;;
	*) run_test $test ;;
	esac
done
unload kvm-amd
