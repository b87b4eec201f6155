# SPDX-License-Identifier: GPL-2.0-only
# What QEMU and the emulated platform are to a boot on the SNP host; sourced after guest.sh.


# QEMU asks CPUID for the C-bit, and that of user space is TCG's, which has none
launcher="$VMM/cbit $VMM/qemu-system-x86_64"
cbitpos=39

qemu_args()
{
	local object
	object=$(cat "$VMM/launch/$1/object")
	echo "-machine q35,confidential-guest-support=cgs,memory-backend=ram,vmport=off -cpu EPYC-Milan" \
		"-object sev-snp-guest,id=cgs,cbitpos=$cbitpos,reduced-phys-bits=1,policy=0x30000${object:+,$object}" \
		"-bios $(firmware "$1" "$VMM/share/OVMF.amdsev.fd") -action reboot=shutdown,shutdown=pause"
}
guests() { sed -n 's/^[^ ]* [0-9]* \(launch\|running\) [^ ]* /\1 /p' "$emul/guests" | sed 's/^running/launched/'; }
census() { cat "$emul/rmp"; }
