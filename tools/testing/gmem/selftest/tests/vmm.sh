# SPDX-License-Identifier: GPL-2.0-only
# Arguments of make vmm-snp and make vmm-tdx; sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

mkdir -p "$t/vmm"
vmm() # NAME REGEX snp|tdx VAR=VALUE...
{
	local name="$1" regex="$2" verb="$GMEM/verbs/vmm-$3.sh"
	shift 3
	refused "vmm/$name" "$regex" "$t/vmm" env BUILD="$t/vmm" DEPS=no "$@" "$verb"
}
vmm no-number 'VCPUS=two is no number' snp VCPUS=two
vmm no-file 'there is no file /nonexistent' tdx OVMF=/nonexistent
vmm initrd-alone 'INITRD and CMDLINE go with KERNEL' snp INITRD="$0" CMDLINE=quiet
vmm kernel-in-mrtd 'MRTD has nothing of a kernel' tdx KERNEL="$0"
