# SPDX-License-Identifier: GPL-2.0-only
# What QEMU and the emulated platform are to a boot on the TDX host; sourced after guest.sh.


# -S: it stays where the launch is over
qemu_args()
{
	echo "-S -machine q35,confidential-guest-support=cgs,memory-backend=ram,vmport=off,hpet=off -cpu host" \
		"-object tdx-guest,id=cgs -bios $(firmware "$1" "$VMM/share/OVMF.inteltdx.ms.fd")"
}
guests()
{
	awk '{
		for (i = 1; i < NF; i++)
			value[$i] = $(i + 1)
		print / RUNNABLE / ? "launched" : "launch", value["pages"], value["mrtd"]
	}' "$emul/tds"
}
census() { cat "$emul/pamt"; }
