#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# fetch.sh: get the packages that PACKAGES lists and unpack them into build/vmm: QEMU, the libraries that it is linked
# with, its ROMs, and OVMF. Nothing is installed. Packages are kept in build/dl/vmm, so it works without network
# afterwards. If it fails it says why; that is not tried again for ten minutes. Log, with versions, hashes and licences: build/log/vmm.log
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/debian.sh"

list=$GMEM/vmm/PACKAGES
out=$BUILD/vmm
debs=$DL/vmm
log=$LOG/vmm.log
min=10.1

cannot() { echo "$1" | tee "$out.why"; exit 1; }

# archive SUITE,SUITE: from now on apt knows these suites
archive()
{
	local uri one
	suite=${1%%,*}
	apt=$DL/apt-$1
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	[ ! -f "$apt/updated" ] || [ -n "$(find "$apt/updated" -mmin +60)" ] || { export APT_CONFIG="$apt/apt.conf"; return 0; }
	for uri in $(mirrors); do
		private_apt deb "$uri" || continue
		for one in $(echo "$1" | tr ',' ' '); do
			sed "s/ $suite main/ $one main/" "$apt/sources.list"
		done >"$apt/sources.list.new"
		mv "$apt/sources.list.new" "$apt/sources.list"
		apt-get update -o APT::Update::Error-Mode=any || continue
		touch "$apt/updated"
		return
	done
	return 1
} >>"$log" 2>&1

# deb DIR PACKAGE [VERSION]: its file in DIR; without a version any one
deb() { find "$1" -name "${2}_$(echo "${3:-*}" | sed 's/:/%3a/')_*.deb" 2>/dev/null | head -n 1; }

# download DIR PACKAGE[=VERSION]...: from the first of the suites, if that has it; of itself apt would not take backports
download() (mkdir -p "$1" && cd "$1" && shift && apt-get -o "APT::Default-Release=$suite" download "$@") >>"$log" 2>&1 </dev/null

# unpack DEB: to $work/root/PACKAGE; what it is and whose goes to the log
unpack()
{
	local name
	name=$(dpkg-deb -f "$1" Package)
	[ ! -d "$work/root/$name" ] || return 0
	dpkg-deb -x "$1" "$work/root/$name"
	printf '%s %s sha256 %s, licence: %s\n' "$name" "$(dpkg-deb -f "$1" Version)" "$(sha256sum <"$1" | cut -d ' ' -f 1)" \
		"$(licences "$work/root/$name/usr/share/doc/$name/copyright")" >>"$work/versions"
}
licences()
{
	sed -n 's/^License: *//p' "$1" 2>/dev/null | sort -u | grep . | paste -s -d ',' | sed 's/,/, /g' | cut -c1-200 | grep . ||
		echo "see its copyright file"
}

# pinned DEB SHA256: is it there, and right? A wrong one goes.
pinned()
{
	[ -n "$1" ] || return 1
	[ -n "${2:-}" ] || return 0
	good "$1" "$2" || { rm -f "$1"; return 1; }
}

firmware()
{
	local key name version sha file suites
	suites=$(awk '$1 == "suite" { print $2 }' "$list")
	while read -r key name version sha; do
		[ "$key" = firmware ] || continue
		file=$(deb "$debs" "$name" "$version")
		if ! pinned "$file" "$sha"; then
			if archive "$suites"; then download "$debs" "$name=$version" || download "$debs" "$name" || :; fi
			file=$(deb "$debs" "$name" "$version")
			pinned "$file" "$sha" || file=$(deb "$debs" "$name")
		fi
		[ -n "$file" ] || cannot "package $name could not be had: no network, or no Debian archive in apt's sources"
		unpack "$file"
	done <"$list"
}

# The packages whose libraries FILE needs, all from $1: library packages that its package depends on, as far as needed
libraries()
{
	local dir="$1" file soname path package missing
	shift
	while [ $# != 0 ]; do
		file=$1
		shift
		for soname in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
			[ ! -e "$work/vmm/lib/$soname" ] || continue
			path=$(library "$soname")
			if [ -z "$path" ]; then
				package=${file#"$work/root/"}
				dependencies "$dir" "${package%%/*}" || return 1
				path=$(library "$soname")
			fi
			[ -n "$path" ] || { echo "nothing has $soname, which $file needs" >>"$log"; return 1; }
			cp -L "$path" "$work/vmm/lib/$soname"
			set -- "$@" "$path"
		done
	done
}
library() { find "$work/root" -name "$1" -path '*/lib/*' | head -n 1; }
dependencies()
{
	local name missing='' names=''
	for name in $(dpkg-deb -f "$(deb "$1" "$2")" Depends Pre-Depends | sed 's/^[A-Za-z-]*: //' | tr ',' '\n' |
		sed 's/^ *\([^ :]*\).*/\1/' | grep -E '^(lib|zlib)' | sort -u); do
		[ -n "$(deb "$1" "$name")" ] || missing="$missing $name"
		names="$names $name"
	done
	# shellcheck disable=SC2086 # a list of words
	[ -z "$missing" ] || download "$1" $missing || return 1
	for name in $names; do unpack "$(deb "$1" "$name")"; done
}

new_enough() { [ "$(printf '%s\n' "${1#*:}" $min | sort -V | head -n 1)" = $min ]; }

# qemu SUITES VERSION [SHA256]
qemu()
{
	local dir file
	dir=$debs/qemu-$(echo "$1-$2" | tr -c 'A-Za-z0-9.\n-' _)
	file=$(deb "$dir" qemu-system-x86 "$(echo "$2" | sed 's/^any$//')")
	if ! pinned "$file" "${3:-}"; then
		archive "$1" || { reason="no network, or no Debian archive in apt's sources"; return 1; }
		file=qemu-system-x86
		[ "$2" = any ] || file=$file=$2
		download "$dir" "$file" || return 1
		file=$(deb "$dir" qemu-system-x86)
		pinned "$file" "${3:-}" || return 1
	else
		# Should anything else be missing
		suite=${1%%,*}
		export APT_CONFIG="$DL/apt-$1/apt.conf"
	fi
	if ! new_enough "$(dpkg-deb -f "$file" Version)"; then
		reason="QEMU $(dpkg-deb -f "$file" Version) is too old"
		rm "$file"
		return 1
	fi
	cp "$work/firmware" "$work/versions"
	rm -rf "$work/root/qemu-system-x86" "$work/vmm/lib"
	mkdir -p "$work/vmm/lib"
	unpack "$file"
	for file in qemu-system-data seabios; do
		[ -n "$(deb "$dir" $file)" ] || download "$dir" $file || return 1
		unpack "$(deb "$dir" $file)"
	done
	libraries "$dir" "$work/root/qemu-system-x86/usr/bin/qemu-system-x86_64" || return 1
	# The interpreter, which is no NEEDED of its own everywhere
	[ -e "$work/vmm/lib/ld-linux-x86-64.so.2" ] || cp -L "$(library ld-linux-x86-64.so.2)" "$work/vmm/lib/"
}
any_qemu()
{
	local key suites version sha
	while read -r key suites version sha; do
		[ "$key" = qemu ] || continue
		! qemu "$suites" "$version" "$sha" </dev/null || return 0
	done <"$list"
	return 1
}

# pack: what is needed of all that, for the initramfs
pack()
{
	local share="$work/vmm/share" rom
	mkdir -p "$share"
	cp "$work/root/qemu-system-x86/usr/bin/qemu-system-x86_64" "$work/vmm/"
	for rom in bios-256k.bin kvmvapic.bin linuxboot_dma.bin multiboot_dma.bin efi-virtio.rom; do
		find "$work/root" -name "$rom" -exec cp -L {} "$share/" \; 2>/dev/null || :
	done
	cp -L "$(find "$work/root/ovmf-amdsev" -name 'OVMF.amdsev.fd')" "$(find "$work/root/ovmf-inteltdx" -name 'OVMF.inteltdx.ms.fd')" "$share/"
	cp "$work/versions" "$work/vmm/versions"
}

stamp=$(cat "$list" "$0" | sha256sum)
mkdir -p "$LOG" "$debs"
# Boots run at the same time
exec 6>"$out.lock"
flock 6
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0
[ -z "$(find "$out.why" -mmin -10 2>/dev/null)" ] || { cat "$out.why"; exit 1; }
: >"$log"
command -v dpkg-deb >/dev/null && command -v apt-get >/dev/null || cannot "this is not Debian: no dpkg-deb, no apt-get"
command -v readelf >/dev/null || cannot "readelf is missing: apt-get install binutils"
work=$BUILD/vmm.new
rm -rf "$work" "$out"
mkdir -p "$work/root" "$work/vmm"
: >"$work/versions"
reason="no QEMU of $list could be had"
firmware
cp "$work/versions" "$work/firmware"
any_qemu || cannot "$reason, log $log"
pack
cat "$work/versions" >>"$log"
echo "$stamp" >"$work/vmm/stamp"
mv "$work/vmm" "$out"
rm -rf "$work"
