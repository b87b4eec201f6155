# SPDX-License-Identifier: GPL-2.0-only
# The KVM selftests that SUITE names, on an AMD host without confidential VMs. "make selftests" boots it on the base and
# on the series and compares. Tests that are made for the speed of hardware get less to do, or are left out and say why.
# boot: machine=amd kernel=series mem=4G timeout=7200 verbs=selftests tests=all
. /lib/guest.sh

TEST_TIMEOUT=${SUITE_TIMEOUT:-120}

load kvm-amd
# shellcheck disable=SC2086 # names of tests have no spaces
for test in ${SUITE:-$(ls /tests)}; do
	case $test in
	access_tracking_perf_test) run_test $test -b 16M -v 1 ;;
	demand_paging_test) run_test $test -b 16M -v 1 ;;
	dirty_log_perf_test) run_test $test -b 16M -v 1 -i 2 ;;
	dirty_log_test) run_test $test -i 2 -I 100 ;;
	kvm_page_table_test) run_test $test -b 16M -v 1 ;;
	memslot_modification_stress_test) run_test $test -b 16M -v 1 -i 50 ;;
	# The others wait 10 s at most for 512 MiB to be written
	memslot_perf_test) run_test $test -f 2 -e 4 -l 1 -s 64 ;;
	mmu_stress_test) skip_case $test "writes to 1 GiB of read-only memory, its smallest, with a failing KVM_RUN for each page" ;;
	rseq_test) skip_case $test "migrates 100000 times, which no argument makes less" ;;
	hardware_disable_test) skip_case $test "starts and kills 512 VMs, which no argument makes less" ;;
	xen_shinfo_test) skip_case $test "takes gpc->lock in a hard interrupt; lockdep reports that, on any kernel, and then nothing more" ;;
	*) run_test $test ;;
	esac
done
unload kvm-amd
