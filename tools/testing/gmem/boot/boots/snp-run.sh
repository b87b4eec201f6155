# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host, in short: a launch whose digest is the published one, and the series' own test.
# boot: machine=snp kernel=series timeout=120 verbs=run
. /lib/guest.sh

load kvm-amd
run_test coco_snp_digest_test -t vector_normal -t vector_zero -t everything_matters
run_test sev_snp_launch_update_test
