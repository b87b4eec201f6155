# SPDX-License-Identifier: GPL-2.0-only
# kvm_gmem_populate() through its test driver: content, sources, state of file, slot and caller, progress, poison.
# On the base the cases have its own results where the series changes something, and everybody waits for a source that
# is not there.
# boot: machine=amd kernel=series,base,kasan timeout=180 verbs=test,coverage
# boot: append=page_poison=1
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
swap_on

# Page tables of processes and of guests, and pages of guest_memfd
counter()
{
	echo 1 >/proc/sys/vm/stat_refresh
	sed -n "s/^$1 //p" /proc/vmstat
}
page_tables=$(counter nr_page_table_pages)
guest_page_tables=$(counter nr_sec_page_table_pages)
unevictable=$(counter nr_unevictable)

run_test gmem_populate_content_test
case_ok cgroup mount -t cgroup2 none /sys/fs/cgroup
run_test gmem_populate_source_test
run_test gmem_populate_state_test
run_test gmem_populate_progress_test
run_test gmem_populate_hwpoison_test

# The shell's own processes come and go, with some ten page tables each.
case_ok accounting/page_tables test "$(counter nr_page_table_pages)" -lt $((page_tables + 50))
case_ok accounting/guest_page_tables test "$(counter nr_sec_page_table_pages)" = "$guest_page_tables"
case_ok accounting/unevictable test "$(counter nr_unevictable)" = "$unevictable"
