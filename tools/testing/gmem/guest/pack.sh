#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# pack.sh TREE HEADERS DIR: put what runs as an SNP guest or as a TD into DIR: bzImage of the built kernel TREE, and initrd,
# which is init.c alone. HEADERS are those of a kernel for user space.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

tree=$1 headers=$2 dir=$3
[ -f "$tree.stamp" ] || die "kernel ${tree##*/} was not built" "see $LOG/kernel-${tree##*/}.log"
mkdir -p "$dir/root"
$(cc) -Os -Wall -Wextra -static -nostdlib -fno-stack-protector -fno-asynchronous-unwind-tables \
	-include "$tree/tools/include/nolibc/nolibc.h" -isystem "$headers" -o "$dir/root/init" "$GMEM/guest/init.c"
strip "$dir/root/init"
(cd "$dir/root" && echo init | cpio -o -H newc -R 0:0 --quiet) >"$dir/initrd"
rm -r "$dir/root"
cp "$tree/arch/x86/boot/bzImage" "$dir/"
