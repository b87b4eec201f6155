#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# image.sh TREE OUT BOOT.ENV [BOOT-SCRIPT]: initramfs of busybox, the modules of the built kernel TREE, its selftests,
# and BOOT.ENV, the variables of the boot.
# With a boot script only the selftests that it names are packed, unless it has "# boot: tests=all". With
# "# boot: pack=host" the image has what "make host" needs in /gmem, with "# boot: pack=vmm" QEMU and OVMF in /vmm, with
# "# boot: pack=unit-tests" QEMU and what KVM_UNIT_TESTS has built, and with "# boot: pack=guest" a guest's kernel in /guest.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

tree=$1 out=$2 boot_env=$3 script=${4:-}
root=$out.d
tests=${TESTS:-$tree/tools/testing/selftests/kvm}

busybox=$(command -v busybox) || die "busybox is missing" "apt-get install busybox-static"
file -L "$busybox" 2>/dev/null | grep -q 'statically linked' || ! ldd "$busybox" >/dev/null 2>&1 ||
	die "$busybox is not static" "apt-get install busybox-static"

rm -rf "$root"
mkdir -p "$root/bin" "$root/lib" "$root/etc" "$root/tests" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/sbin"
cp "$busybox" "$root/bin/busybox"
ln -s ../bin/busybox "$root/sbin/modprobe"
install -m 755 "$GMEM/boot/init" "$root/init"
cp "$GMEM/boot/guest.sh" "$GMEM/lib/tap.awk" "$root/lib/"

release=$(cat "$tree/include/config/kernel.release")
modules=$root/lib/modules/$release
mkdir -p "$modules"
sed 's/\.o$/.ko/' "$tree/modules.order" | while read -r ko; do cp "$tree/$ko" "$modules/"; done
cp "$tree/modules.builtin" "$tree/modules.builtin.modinfo" "$modules/"
: >"$modules/modules.order"
PATH=$PATH:/sbin:/usr/sbin depmod -b "$root" "$release"

all=yes
if [ -n "$script" ]; then
	cp "$script" "$root/boot.sh"
	[ "$(meta "$script" tests)" = all ] || all=no
	case $(meta "$script" pack) in
	host) "$GMEM/verbs/host.sh" pack "$root/gmem" ;;
	vmm) "$GMEM/vmm/pack.sh" "$tree/arch/x86/boot/bzImage" "$root" ;;
	unit-tests) "$GMEM/vmm/pack-unit-tests.sh" "$KVM_UNIT_TESTS" "$root" ;;
	guest) "$GMEM/guest/pack.sh" "$BUILD/tree/guest" "${tests%/tools/*}/usr/include" "$root/guest" ;;
	esac
fi
find "$tests" "$tests/x86" -maxdepth 1 -type f -perm -u+x -size +64k | while read -r bin; do
	name=${bin##*/}
	[ $all = yes ] || grep -qw -- "$name" "$script" || continue
	strip -o "$root/tests/$name" "$bin"
done

cp "$boot_env" "$root/etc/boot.env"
(cd "$root" && find . | sort | cpio -o -H newc -R 0:0 --quiet) >"$out.new"
mv "$out.new" "$out"
rm -rf "$root"
