#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# build.sh KERNEL...: build the kernels that verbs/bench.sh measures, build/bench/KERNEL.
#   base, series, upstream   as it says: config/bench.config, the benchmark driver, and nothing else added
#   coco-KERNEL              the same with the emulated SNP and TDX hosts, config/bench-coco.config
# BENCH_PATCHES=14 takes only the first 14 patches into the series, BENCH_CONFIG=CONFIG_OPTION=VALUE changes an option.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

UPSTREAM=7.3.4-1~bpo13+1
UPSTREAM_SHA256=703e369ddd4cce971452f5a593ee55df3a5c10c83caf0fa0df039633ed181ee3

bench=$BUILD/bench
mkdir -p "$bench" "$LOG"

progress() { say "bench $(date +%T) $*"; }

patches() { find "$TOP/patches" -name '*.patch' | sort | head -n "${BENCH_PATCHES:-1000}"; }

# What a tree was made from; made again if that changes
made_from()
{
	cat "$TOP/patches/BASE"
	case $1 in
	*series) patches | xargs cat ;;
	upstream) echo "$UPSTREAM $UPSTREAM_SHA256" ;;
	esac
}

unpack()
{
	case $1 in
	coco-*)
		build "${1#coco-}"
		cp -a "$bench/${1#coco-}/." "$2"
		;;
	base)
		tarball=$("$GMEM/tree/fetch.sh")
		tar -xJf "$tarball" -C "$2" --strip-components=1
		;;
	series)
		# With all objects: what the series does not touch need not be built again.
		build base
		cp -a "$bench/base/." "$2"
		patches | while read -r p; do
			patch -d "$2" -p1 -s -F0 <"$p" || die "$(basename "$p") does not apply" "make am"
		done
		;;
	upstream)
		deb=$("$GMEM/bench/fetch.sh" $UPSTREAM $UPSTREAM_SHA256)
		name=linux-source-$(echo $UPSTREAM | cut -d . -f 1,2)
		dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$name.tar.xz" | tar -xJ -C "$2" --strip-components=1
		;;
	esac
}

source_tree()
{
	id=$(made_from "$1" | sha256sum | cut -c1-16)
	[ "$(cat "$bench/$1/.bench-source" 2>/dev/null)" != "$id" ] || return 0
	progress "$1: unpack"
	rm -rf "${bench:?}/$1" "$bench/$1.new"
	mkdir -p "$bench/$1.new"
	(unpack "$1" "$bench/$1.new")
	echo "$id" >"$bench/$1.new/.bench-source"
	mv "$bench/$1.new" "$bench/$1"
}

copy() # DIRECTORY TREE
{
	mkdir -p "$2/$1"
	for f in "$TOP/$1"/*; do
		[ -f "$f" ] || continue
		cmp -s "$f" "$2/$1/$(basename "$f")" || cp "$f" "$2/$1/"
	done
}
# In 7.3 one of these files does not end in a newline
line() { grep -qxF "$2" "$1" || printf '\n%s\n' "$2" >>"$1"; }

# The driver, for coco-* the emulated hosts, and one line each to build them
overlay() # KERNEL TREE
{
	copy virt/kvm "$2"
	copy include/uapi/linux "$2"
	line "$2/arch/x86/kvm/Kconfig" 'source "virt/kvm/Kconfig.test"'
	line "$2/virt/kvm/Makefile.kvm" 'include $(srctree)/virt/kvm/Makefile.test'
	case $1 in coco-*) ;; *) return ;; esac
	for d in $(cd "$TOP" && find arch/x86/virt/coco_emul -type d); do copy "$d" "$2"; done
	line "$2/arch/x86/Kconfig" 'source "arch/x86/virt/coco_emul/Kconfig"'
	line "$2/arch/x86/virt/Makefile" 'obj-$(CONFIG_COCO_EMUL) += coco_emul/'
}

# ARCH: tinyconfig of x86_64 and of x86 differ, e.g. in CONFIG_X86_KERNEL_IBT, which adds instructions.
configure() # TREE FRAGMENT...
{
	tree=$1
	shift
	cat "$@" | cmp -s - "$tree/.bench-config" && return
	rm -f "$tree/.bench-config"
	kmake "$tree" -s ARCH=x86_64 tinyconfig >/dev/null
	cat "$@" >>"$tree/.config"
	kmake "$tree" -s ARCH=x86_64 olddefconfig 2>/dev/null
	refused=$("$GMEM/kernel/check-config.sh" "$tree/.config" "$@") ||
		die "options did not take" "correct config/bench*.config: $(echo "$refused" | head -n 3 | paste -s -d ';')"
	cat "$@" >"$tree/.bench-config"
}

# While it is built a tree has the same path, whichever it is: objects of a tree at another path are all built again.
enter()
{
	echo "$1" >"$bench/$1/.bench-kernel"
	mv "$bench/$1" "$bench/tree"
}
leave() { [ ! -d "$bench/tree" ] || mv "$bench/tree" "$bench/$(cat "$bench/tree/.bench-kernel")"; }

fragments() # KERNEL
{
	echo "$GMEM/kernel/config/bench.config"
	case $1 in coco-*) echo "$GMEM/kernel/config/bench-coco.config" ;; esac
	echo "${BENCH_CONFIG:-}" >"$bench/extra.config"
	echo "$bench/extra.config"
}

build()
{
	source_tree "$1"
	overlay "$1" "$bench/$1"
	enter "$1"
	# shellcheck disable=SC2046 # a list
	configure "$bench/tree" $(fragments "$1")
	progress "$1: build, log $LOG/bench-build-$1.log"
	kmake "$bench/tree" ARCH=x86_64 bzImage modules >"$LOG/bench-build-$1.log" 2>&1 || {
		tail -n 20 "$LOG/bench-build-$1.log"
		die "kernel $1 did not build" "see $LOG/bench-build-$1.log"
	}
	leave
}

leave
trap leave EXIT
trap 'exit 130' INT TERM
for k; do build "$k"; done
