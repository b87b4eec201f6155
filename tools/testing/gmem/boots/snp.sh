# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host: kvm-amd and ccp as on an EPYC, launches through the real ioctls.
# boot: kernel=host
# boot: cpu=EPYC-Milan,+svm,+npt,-hypervisor,xlevel=0x80000021
# boot: smp=2 mem=2G timeout=180
# boot: verbs=run,test
# boot: append=coco_emul=snp
. /lib/guest.sh

load kvm-amd
cat /sys/kernel/debug/coco_emul/counters /sys/kernel/debug/coco_emul/rmp
unload kvm-amd
