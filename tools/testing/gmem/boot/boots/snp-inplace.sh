# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host with the locking of in-place conversion, and with the patches of patches/other that it needs
# there: launches and the commands of /dev/sev without a lockdep report and without a hang.
# boot: kernel=other-inplace
# boot: cpu=EPYC-Milan,+svm,+npt,-hypervisor,xlevel=0x80000021
# boot: smp=2 mem=2G timeout=180
# boot: append=coco_emul=snp
# boot: verbs=test
. /lib/guest.sh

load kvm-amd
run_test coco_snp_lock_test
run_test coco_snp_inplace_test
run_test sev_snp_launch_update_test
run_test coco_snp_digest_test -t vector_normal
run_test coco_snp_dev_test
unload kvm-amd
