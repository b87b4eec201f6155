#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# code.sh TREE DIR: DIR/code, the instructions that make coverage looks at, see code.awk; DIR/ranges, where they will be,
# for the plugin: those of the kernel, and the area of the modules; DIR/changed, the objects whose code is another with
# debug information, which should be none. The objects of TREE are left alone, each is compiled a second time.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

tree=$1 dir=$2
modules=ffffffffa0000000-ffffffffbffff000

sections() { objdump -h -w "$1" | awk '/ CODE/ { print $2, $3 }'; }

section() # OBJECT LINKED SECTION SIZE
{
	local place base module
	place=$(awk -f "$GMEM/coverage/hex.awk" -f "$GMEM/coverage/place.awk" -v section="$3" "$dir/symbols" "$dir/linked.${2##*/}")
	[ -n "$place" ] || return 0
	base=${place#* }
	# Sections of a module have addresses of their own in the file, which loading it does not care for
	[ "$2" = vmlinux ] || base=$((base - 0x$(objdump -h -w "$tree/$2" | awk -v section="${place% *}" '$2 == section { print $4 }')))
	objdump -d --no-show-raw-insn -j "$3" "$dir/objects/$1" |
		awk '/^ *[0-9a-f]+:\t/ { sub(/:/, "", $1); print $1, $2 }' >"$dir/instructions"
	module=$(basename "$2" .ko | tr - _)
	cut -d ' ' -f 1 "$dir/instructions" | addr2line -a -i -f -j "$3" -e "$dir/objects/$1" |
		awk -f "$GMEM/coverage/hex.awk" -f "$GMEM/coverage/code.awk" -v top="$tree/" -v module="$module" \
			-v section="${place% *}" -v base="$base" "$dir/instructions" -
	[ "$module" != vmlinux ] || echo "$base $((base + 0x$4))" >>"$dir/vmlinux"
}

mkdir -p "$dir"
rm -rf "$dir/objects" "$dir"/linked.* "$dir/vmlinux" "$dir/code"
"$GMEM/coverage/objects.sh" "$tree" >"$dir/list"
cut -d ' ' -f 1 "$dir/list" |
	xargs -P "$JOBS" -I '{}' "$GMEM/coverage/debug.sh" "$tree" '{}' "$dir/objects" >"$dir/changed" || [ -s "$dir/changed" ] ||
	die "objects with debug information cannot be made" "see above"
: >"$dir/vmlinux"
while read -r object linked; do
	[ -f "$dir/linked.${linked##*/}" ] || objdump -t "$tree/$linked" >"$dir/linked.${linked##*/}"
	objdump -t "$dir/objects/$object" >"$dir/symbols"
	sections "$dir/objects/$object" >"$dir/sections"
	while read -r name size; do section "$object" "$linked" "$name" "$size"; done <"$dir/sections"
done <"$dir/list" >"$dir/code.new"

# Objects that lie next to each other are one range. Addresses are as hex() has them.
{
	sort -n "$dir/vmlinux" | awk '
		NR > 1 && $1 > end + 65536 { print start, end; end = 0 }
		!end { start = $1 }
		$2 > end { end = $2 }
		END { if (NR) print start, end }' |
		while read -r start end; do printf 'range=ffffffff%x-ffffffff%x\n' $((start + 0x80000000)) $((end + 0x80000000)); done
	echo "range=$modules"
} >"$dir/ranges"
rm -rf "$dir/objects" "$dir"/linked.* "$dir/vmlinux" "$dir/symbols" "$dir/sections" "$dir/instructions" "$dir/list"
mv "$dir/code.new" "$dir/code"
