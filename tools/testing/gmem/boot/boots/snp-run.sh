# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host, in short: a launch whose digest is the published one, and the series' own test.
# boot: kernel=series
# boot: cpu=EPYC-Milan,+svm,+npt,-hypervisor,xlevel=0x80000021
# boot: smp=2 mem=2G timeout=120
# boot: verbs=run
# boot: append=coco_emul=snp
. /lib/guest.sh

load kvm-amd
run_test coco_snp_digest_test -t vector_normal -t vector_zero -t everything_matters
run_test sev_snp_launch_update_test
