# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host when RMPUPDATE fails, which the kernel reports with a backtrace.
# boot: kernel=series
# boot: cpu=EPYC-Milan,+svm,+npt,-hypervisor,xlevel=0x80000021
# boot: smp=2 mem=2G timeout=180
# boot: verbs=test
# boot: append=coco_emul=snp
# boot: splat=SEV-SNP: RMPUPDATE failed for PFN
. /lib/guest.sh

load kvm-amd
run_test coco_snp_rmp_test
unload kvm-amd
