#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# debug.sh TREE OBJECT DIR: DIR/OBJECT, the same as TREE/OBJECT, but with debug information. Fails if that changes the code.
set -eu

tree=$1 object=$2 dir=$3
base=${object##*/}
cmd=$tree/${object%/*}/.$base.cmd

mkdir -p "$dir/${object%/*}"
# What kbuild did, to another file; and no list of dependencies
compile=$(sed -n 's/^savedcmd_[^ ]* := //p' "$cmd" |
	sed -E "s/;.*//; s, -Wp\,-MMD\,[^ ]*,,; s, -c -o [^ ]+ , -g -c -o $dir/$object ,")
(cd "$tree" && eval "$compile")

code() { objdump -dr "$1" | sed '/file format/d'; }
code "$tree/$object" >"$dir/$object.code"
code "$dir/$object" | cmp -s - "$dir/$object.code" || {
	echo "$object"
	exit 1
}
rm "$dir/$object.code"
