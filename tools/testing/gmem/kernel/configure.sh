#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# configure.sh TREE: configure a kernel tree like debug.config says, without the overlay, and prepare it for building.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

if ! cmp -s "$GMEM/kernel/config/debug.config" "$1/.config.gmem"; then
	kmake "$1" tinyconfig
	cat "$GMEM/kernel/config/debug.config" >>"$1/.config"
	kmake "$1" olddefconfig
	"$GMEM/kernel/check-config.sh" "$1/.config" "$GMEM/kernel/config/debug.config"
	cp "$GMEM/kernel/config/debug.config" "$1/.config.gmem"
fi
kmake "$1" LOCALVERSION= prepare
