#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# pack-unit-tests.sh DIR ROOT: put QEMU of build/vmm into ROOT/vmm of an initramfs, and what DIR, a built copy of
# kvm-unit-tests, has for x86-64 into ROOT/unit-tests, but for its scripts: with them goes what they need (bash, getopt,
# python3) and where the copy was built. The boot unit-tests has the few lines that are left of them.
# UNIT_TESTS=FILE: these tests only, a name in each line.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

from=$1 vmm=$2/vmm to=$2/unit-tests
mkdir -p "$vmm" "$to"
for part in qemu-system-x86_64 lib; do cp -a "$BUILD/vmm/$part" "$vmm/"; done
mkdir "$vmm/share"
cp "$BUILD/vmm/share"/*.bin "$vmm/share/"
awk -f "$GMEM/vmm/unit-tests.awk" "$from/x86/unittests.cfg" |
	awk -F '\t' 'NR == FNR { wanted[$1]; next } $1 in wanted' "${UNIT_TESTS:?}" - >"$to/list"
cut -f 4 "$to/list" | sort -u | while read -r file; do
	# One that was not built is a SKIP in there
	[ ! -f "$from/x86/$file" ] || cp "$from/x86/$file" "$to/"
done
