#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: boot a kernel that was built elsewhere
# with: TREE=/path/to/linux BOOT='plain snp'  the built tree, and what to boot
# try.sh: boot any built kernel tree TREE (bzImage and modules), whatever variant the boots BOOT='NAME...' ask for.
# Builds the tree's KVM selftests first. Logs: TREE/.gmem/log/BOOT.log
set -eu
. "$(dirname "$0")/../lib/lib.sh"

[ -n "${TREE:-}" ] || die "which kernel tree is to be booted?" "make try TREE=/path/to/linux BOOT=plain"
tree=$(cd "$TREE" && pwd) || die "no directory TREE=$TREE" "make try TREE=/path/to/linux BOOT=plain"
[ -f "$tree/arch/x86/boot/bzImage" ] || die "$tree is not built" "make -C $tree -j$JOBS bzImage modules"

export KTREE="$tree" BUILD="$tree/.gmem"
mkdir -p "$BUILD/log"
"$GMEM/kernel/build-selftests.sh" "$tree" >"$BUILD/log/selftests.log" 2>&1 ||
	{ tail -n 20 "$BUILD/log/selftests.log"; die "selftests did not build" "see $BUILD/log/selftests.log"; }
for boot in ${BOOT:-plain}; do "$GMEM/boot/boot.sh" "$boot"; done
