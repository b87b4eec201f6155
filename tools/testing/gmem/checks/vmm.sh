#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
# vmm: the packages of the boots vmm-snp and vmm-tdx are there, and what calculates their digests agrees with other tools.
# What must fail in these boots does.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

"$GMEM/selftest/vmm.sh"
why=$("$GMEM/vmm/fetch.sh") || { skip vmm/packages "$why"; exit; }
ok vmm/packages
grep -E '^(ovmf|qemu-system-x86)' "$BUILD/vmm/versions" | sed 's/^/# /; s/, licence.*//'
say "$(wc -l <"$BUILD/vmm/versions") packages; their versions, hashes and licences: $BUILD/vmm/versions"

work=$BUILD/vmm.check
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'a kernel' >KERNEL
printf 'an initrd' >INITRD
share=$BUILD/vmm/share

pinned() { good "$share/$1" "$(awk -v file="$1" '$1 == "firmware" && $2 == file { print $3 }' "$GMEM/vmm/digests")"; }
good() { [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$2" ]; }

# agrees DIGEST TOOL ARG...
agrees()
{
	local want="$1" got
	shift
	got=$("$@")
	[ "$got" = "$want" ] || { echo "$got, it should be $want"; return 1; }
}
while read -r name digest args; do
	case $name in
	snp*) tool=snp.py firmware=OVMF.amdsev.fd ;;
	tdx*) tool=tdx.py firmware=OVMF.inteltdx.ms.fd ;;
	*) continue ;;
	esac
	# shellcheck disable=SC2086 # words they are
	if pinned $firmware; then
		check "vmm/digest/$name" agrees "$digest" "$GMEM/vmm/$tool" $args "$share/$firmware"
	else
		skip "vmm/digest/$name" "$firmware is not of the version that vmm/digests is about"
	fi
done <"$GMEM/vmm/digests"

# The signature of an ID block, by OpenSSL
signed() { openssl dgst -sha384 -verify id.key -keyform DER -signature id.sig "$1"; }
"$GMEM/vmm/idblock.py" --write id "$share/OVMF.amdsev.fd" >/dev/null
check vmm/id-block/signature signed id.block
printf '\1' | dd of=id.block bs=1 seek=90 conv=notrunc status=none
if signed id.block >/dev/null 2>&1; then not_ok vmm/id-block/other-block "it is verified, too"; else ok vmm/id-block/other-block; fi
