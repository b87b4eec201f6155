#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# plain-config.sh TREE: configure a kernel tree like host.config says, without the overlay, and prepare it for building.
set -eu
. "$(dirname "$0")/lib.sh"

if ! cmp -s "$GMEM/config/host.config" "$1/.config.gmem"; then
	kmake "$1" tinyconfig
	cat "$GMEM/config/host.config" >>"$1/.config"
	kmake "$1" olddefconfig
	"$GMEM/config.sh" "$1/.config" "$GMEM/config/host.config"
	cp "$GMEM/config/host.config" "$1/.config.gmem"
fi
kmake "$1" LOCALVERSION= prepare
