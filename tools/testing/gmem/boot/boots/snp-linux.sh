# SPDX-License-Identifier: GPL-2.0-only
# The emulated SEV-SNP host: Linux runs as an SNP guest with one vCPU and with two, up to its init, fetches its attestation
# report and switches off. Its vCPUs have the same TSC if KVM can trust the host's, as on any real SNP host.
# boot: machine=snp kernel=series timeout=600 verbs=test pack=guest needs=kernel-guest
# boot: append=tsc=reliable
. /lib/guest.sh

load kvm-amd
run_test coco_snp_linux_test
unload kvm-amd
case_ok all-pages-back rmp_is_back
