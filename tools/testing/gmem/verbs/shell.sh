#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: a shell in the booted kernel
# with: BOOT=snp  on the machine of that boot
# shell.sh [BOOT[@VARIANT]]: a shell in the kernel under test, on the machine of that boot ("plain" unless given).
set -eu
. "$(dirname "$0")/../lib/lib.sh"

[ -f "$BUILD/tree/series.stamp" ] || die "no kernel is built" "make run"
say "leave with 'poweroff -f', or Ctrl-A X"
exec "$GMEM/boot/boot.sh" --shell "${1:-${BOOT:-plain}}"
