# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host with the locking of in-place conversion, and with the patches of patches/other that it needs
# there: launches and the commands of /dev/sev without a lockdep report and without a hang. The one report is of an
# RMPUPDATE that coco_snp_dev_test has fail.
# boot: machine=snp kernel=other-inplace timeout=180 verbs=test
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
. /lib/guest.sh

load kvm-amd
run_test coco_snp_lock_test
run_test coco_snp_inplace_test
run_test sev_snp_launch_update_test
run_test coco_snp_digest_test -t vector_normal
run_test coco_snp_dev_test
unload kvm-amd
