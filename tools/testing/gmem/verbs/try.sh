#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# try.sh TREE BOOT...: boot any built kernel tree (bzImage and modules), whatever variant the boot scripts ask for.
# Builds the tree's KVM selftests first. Logs: TREE/.gmem/log/BOOT.log
set -eu
. "$(dirname "$0")/lib.sh"

[ $# -ge 2 ] || die "usage: try.sh TREE BOOT..." "ls $GMEM/boots"
tree=$(cd "$1" && pwd)
shift
[ -f "$tree/arch/x86/boot/bzImage" ] || die "$tree is not built" "make -C $tree -j$JOBS bzImage modules"

export KTREE="$tree" BUILD="$tree/.gmem"
mkdir -p "$BUILD/log"
"$GMEM/selftests.sh" "$tree" >"$BUILD/log/selftests.log" 2>&1 ||
	{ tail -n 20 "$BUILD/log/selftests.log"; die "selftests did not build" "see $BUILD/log/selftests.log"; }
for boot; do "$GMEM/boot.sh" "$boot"; done
