# SPDX-License-Identifier: GPL-2.0-only
# QEMU as the VMM on the emulated TDX host: it launches OVMF as a TD, and MRTD is the calculated one. What that is to be
# comes from the firmware's file and the TDX specification (vmm/tdx.py).
# boot: machine=tdx-pa48 kernel=series,base timeout=240 verbs=test pack=vmm
. /lib/guest.sh
. /vmm/guest.sh
. /vmm/guest-tdx.sh

load kvm-intel tdx=1 nested=0
census_begin
case_ok launch launches tdx-1
case_ok two-vcpus launches tdx-2
# KVM has no more vCPUs for a TD than there are CPUs
case_ok three-vcpus refuses '[(]3[)] exceeds the maximum cpus' tdx-3
case_ok two-at-a-time two_launches tdx-1 tdx-2
case_ok all-pages-back all_pages_back
case $BOOT in
*@base) ;;
*)
	case_ok interrupted interrupted tdx-1
	case_ok killed-early killed_early tdx-1
	case_ok killed-early-pages-back all_pages_back
	case_ok killed killed tdx-1 tdx-2
	case_ok killed-pages-back all_pages_back
	;;
esac
case_ok no-host-writes grep '^host-writes 0$' "$emul/pamt"
unload kvm-intel
