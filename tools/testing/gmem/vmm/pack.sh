#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# pack.sh KERNEL ROOT: put what build/vmm has into ROOT/vmm of an initramfs, and the launches of the boots. Each is a folder
# launch/NAME: "args", more arguments of QEMU, a line each; "object", more of its confidential guest's; "digest", what is to
# be measured. "firmware" and other files may be there, too. cbit starts QEMU on the SNP host.
# LAUNCHES=DIR: take the launches from there.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

kernel=$1 vmm=$2/vmm
snp_ovmf=$BUILD/vmm/share/OVMF.amdsev.fd
cp -a "$BUILD/vmm" "$vmm"
cp "$GMEM/vmm"/guest*.sh "$vmm/"
gcc -O2 -Wall -Wextra -static -o "$vmm/cbit" "$GMEM/vmm/cbit.c"
if [ -n "${LAUNCHES:-}" ]; then
	cp -a "$LAUNCHES" "$vmm/launch"
	exit
fi

# launch NAME VCPUS DIGEST OBJECT [ARG...]
launch()
{
	local dir="$vmm/launch/$1"
	mkdir -p "$dir"
	echo "$3" >"$dir/digest"
	echo "$4" >"$dir/object"
	printf '%s\n' -smp "$2" >"$dir/args"
	shift 4
	[ $# = 0 ] || printf '%s\n' "$@" >>"$dir/args"
}
snp() { "$GMEM/vmm/snp.py" "$@" "$snp_ovmf"; }
id_block() { "$GMEM/vmm/idblock.py" "$@" "$snp_ovmf"; }

launch snp-1 1 "$(snp)" ""
launch snp-4 4 "$(snp --vcpus 4)" ""
launch snp-id-block 2 "$(snp --vcpus 2)" "$(id_block --vcpus 2)"
launch snp-wrong-id-block 1 "$(snp)" "$(id_block --wrong)"
# Any file will do as initrd
cp "$kernel" "$vmm/kernel"
launch snp-kernel 2 "$(snp --vcpus 2 --kernel "$kernel" --initrd "$2/bin/busybox" --append 'console=ttyS0 quiet')" kernel-hashes=on \
	-kernel /vmm/kernel -initrd /bin/busybox -append 'console=ttyS0 quiet'

mrtd=$("$GMEM/vmm/tdx.py" "$BUILD/vmm/share/OVMF.inteltdx.ms.fd")
for vcpus in 1 2 3; do launch tdx-$vcpus $vcpus "$mrtd" ""; done
