# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host, in short: a launch whose digest is the published one, the series' own test, and a guest that
# runs, finds what it was launched with, and fetches its attestation report.
# boot: machine=snp kernel=series timeout=120 verbs=run
. /lib/guest.sh

load kvm-amd
run_test coco_snp_digest_test -t vector_normal -t vector_zero -t everything_matters
run_test sev_snp_launch_update_test
run_test coco_snp_guest_test -t normal -t not_loaded
run_test coco_snp_report_test -t digest_and_signature
