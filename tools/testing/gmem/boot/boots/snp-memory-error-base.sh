# SPDX-License-Identifier: GPL-2.0-only
# Negative control of snp for Linux 7: the base reads the source of an update in a way that a memory error there is the
# end of the host.
# boot: machine=snp kernel=base base=7.3 timeout=120 verbs=test,short
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
run_test coco_snp_memory_error_test -t first_page
