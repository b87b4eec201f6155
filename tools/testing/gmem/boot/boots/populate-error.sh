# SPDX-License-Identifier: GPL-2.0-only
# Memory errors while kvm_gmem_populate() is at work: nobody waits for anybody for ever.
# boot: machine=amd kernel=series timeout=120 verbs=test,short,coverage
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
run_test gmem_populate_error_test
