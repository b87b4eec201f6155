# SPDX-License-Identifier: GPL-2.0-only
# The short version of populate: the guest reads back what was populated, and nobody waits for a missing source.
# boot: machine=amd kernel=series timeout=120 verbs=run
. /lib/guest.sh

load kvm-amd
load kvm-gmem-test
run_test gmem_populate_content_test
run_test gmem_populate_progress_test
run_test gmem_populate_error_test
