# SPDX-License-Identifier: GPL-2.0-only
# Negative control of coco_snp_late_test: the base writes to pages that the firmware or a guest has, which the host does
# not survive. Each time a task dies with what it had locked, and others wait for that for ever.
# boot: machine=snp kernel=base timeout=180 verbs=test,short
# boot: append=kmemleak=off
. /lib/guest.sh

# oops CASE: the case ends in an RMP fault of the host, inside of the function that must not write
oops()
{
	case $1 in
	late.update_after_finish) function=kvm_gmem_get_pfn ;;
	*) function=snp_launch_finish ;;
	esac
	dmesg -c >/dev/null
	/tests/coco_snp_late_test -r "$1" >/tmp/late 2>&1 &
	for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		sleep 1
		dmesg >/tmp/log
		grep -q 'end trace' /tmp/log || continue
		echo "SNP_LAUNCH_UPDATE 0" >"$emul/delay"
		grep 'error_code(0x80000003) - RMP violation' /tmp/log && grep "^.*\] .*$function+0x" /tmp/log
		return
	done
	cat /tmp/late
	return 1
}

load kvm-amd
stuck_tasks
# Not all of coco_snp_late_test: other cases want to be the only guest, and those of the tasks that died stay.
for late in $(controls coco_snp_late_test); do
	case_ok "coco_snp_late_test/$late is an oops here" oops "$late"
done
