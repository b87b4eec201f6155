#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# objects.sh TREE: the objects of a built kernel that make coverage looks at, of the series and of the overlay, one a line:
# OBJECT, and the file in TREE that it is linked into, vmlinux or a module.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

tree=$1

sources()
{
	kgit diff --name-only "$(stamped base)" HEAD -- '*.c' ':(exclude)tools'
	(cd "$TOP" && find arch virt -name '*.c')
}

# Objects of a module, by their real names
modules()
{
	(cd "$tree" && find arch drivers virt -name '*.mod' | while read -r mod; do
		sed -e ':again' -e 's,[^/]*/\.\./,,; t again' -e "s,\$, ${mod%.mod}.ko," "$mod"
	done) | sort -u
}

sources | sed 's/\.c$/.o/' | sort -u | while read -r object; do [ ! -f "$tree/$object" ] || echo "$object -"; done |
	{
		modules
		cat
	} | awk '$2 != "-" { linked[$1] = $2; next } { print $1, $1 in linked ? linked[$1] : "vmlinux" }'
