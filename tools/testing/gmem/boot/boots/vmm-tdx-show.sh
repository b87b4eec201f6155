# SPDX-License-Identifier: GPL-2.0-only
# One launch of a TD by QEMU, the one that "make vmm-tdx" has prepared.
# boot: machine=tdx-pa48 kernel=series timeout=120 verbs=vmm-tdx pack=vmm
. /lib/guest.sh
. /vmm/guest.sh
. /vmm/guest-tdx.sh

load kvm-intel tdx=1 nested=0
census_begin
case_ok launch launches shown
case_ok all-pages-back all_pages_back
unload kvm-intel
