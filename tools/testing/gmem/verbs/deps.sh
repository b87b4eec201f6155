#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: install the Debian packages that are missing
# deps.sh [PACKAGE...]: install the Debian packages that are missing, these among them; without root print the command.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

packages="gcc make flex bison bc libelf-dev libssl-dev perl python3 python3-docutils git ca-certificates
	xz-utils cpio kmod rsync file qemu-system-x86 busybox-static ccache sparse shellcheck $*"
qemu_min=7.2

command -v dpkg-query >/dev/null ||
	die "this is not Debian, so what is missing cannot be found out" "install what provides: $packages; then make run DEPS=no"

missing=$(for p in $packages; do
	dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || echo "$p"
done)
if [ -n "$missing" ]; then
	mkdir -p "$LOG"
	# shellcheck disable=SC2086 # a list of words
	set -- apt-get install -y --no-install-recommends $missing
	[ "$(id -u)" = 0 ] || die "missing packages, and no root to install them" "sudo $*"
	say "installing: $(echo "$missing" | paste -s -d ' ')"
	{ apt-get update && DEBIAN_FRONTEND=noninteractive "$@"; } >"$LOG/deps.log" 2>&1 ||
		{ tail -n 5 "$LOG/deps.log"; die "packages could not be installed (no network?), log $LOG/deps.log" "$*"; }
fi

version=$("${QEMU:-qemu-system-x86_64}" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
[ -n "$version" ] || die "${QEMU:-qemu-system-x86_64} does not run" "apt-get install qemu-system-x86"
[ "$(printf '%s\n' "$version" $qemu_min | sort -V | head -n 1)" = $qemu_min ] ||
	die "QEMU $version is too old, $qemu_min is needed" "install a newer one and give QEMU=/path/to/qemu-system-x86_64"
say "tools: $(gcc --version | head -n 1), QEMU $version"
