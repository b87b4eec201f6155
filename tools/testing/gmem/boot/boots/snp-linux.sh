# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host: Linux runs as an SNP guest, up to its init, fetches its attestation report and switches off.
# boot: machine=snp kernel=series smp=1 timeout=600 verbs=test pack=guest needs=kernel-guest
. /lib/guest.sh

load kvm-amd
run_test coco_snp_linux_test
unload kvm-amd
case_ok all-pages-back rmp_is_back
