# SPDX-License-Identifier: GPL-2.0-only
# One launch of an SNP guest by QEMU, the one that "make vmm-snp" has prepared.
# boot: machine=snp kernel=series timeout=120 verbs=vmm-snp pack=vmm
. /lib/guest.sh
. /vmm/guest.sh
. /vmm/guest-snp.sh

load kvm-amd
census_begin
case_ok launch launches shown
case_ok all-pages-back all_pages_back
unload kvm-amd
