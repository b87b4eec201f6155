# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host whose secure processor stops answering: ccp and KVM give it up, and what it has. kmemleak is
# off, as ccp forgets memory that the firmware may still write to.
# boot: machine=snp kernel=series timeout=180 verbs=test
# boot: append=kmemleak=off
# boot: splat=WARNING: arch/x86/kvm/svm/sev.c
. /lib/guest.sh

load kvm-amd
run_test coco_snp_hang_test
unload kvm-amd
case_ok unload/ccp modprobe -r ccp
