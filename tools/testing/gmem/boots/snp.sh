# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host: kvm-amd and ccp as on an EPYC, launches through the real ioctls.
# boot: kernel=host
# boot: cpu=EPYC-Milan,+svm,+npt,-hypervisor,xlevel=0x80000021
# boot: smp=2 mem=2G timeout=300
# boot: verbs=run,test
# boot: append=coco_emul=snp
. /lib/guest.sh

emul=/sys/kernel/debug/coco_emul

load kvm-amd
run_test sev_snp_launch_update_test
run_test coco_snp_digest_test
run_test coco_snp_failure_test
note "$(cat $emul/counters $emul/rmp | tr '\n' ' ')"
unload kvm-amd
