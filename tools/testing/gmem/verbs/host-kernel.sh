#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: build Debian packages of base and series for this machine; installs nothing
# host-kernel.sh [config]: Debian packages of the base and of the series, with the configuration of the running machine
# and what SNP and TDX hosts need on top. Installs nothing, prints how to. "config" stops after configuring.
#
#   CONFIG=FILE            in place of /boot/config-$(uname -r) or /proc/config.gz
#   KERNELS="base series"  which of the two to build
#   KERNEL_TREE=DIR        the base from a clone, as for make run
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"
. "$GMEM/lib/clone.sh"

unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
work=$BUILD/host-kernel
packages="debhelper dpkg-dev gcc make flex bison bc kmod rsync python3 libelf-dev libssl-dev libdw-dev"
# Nobody needs the debug symbols of a distribution's configuration here, and they are most of the size.
export DEB_BUILD_PROFILES="${DEB_BUILD_PROFILES:-pkg.linux-upstream.nokerneldbg}"

running_config()
{
	for file in "${CONFIG:-}" "/boot/config-$(uname -r)" /proc/config.gz; do
		[ -r "$file" ] || { [ -z "${CONFIG:-}" ] || [ "$file" != "$CONFIG" ] || die "no file CONFIG=$CONFIG" "ls /boot/config-*"; continue; }
		case $file in *.gz) zcat "$file" ;; *) cat "$file" ;; esac >"$work/running.config"
		say "configuration: $file and $GMEM/kernel/config/host-kernel.config"
		return
	done
	die "the configuration of the running kernel is not to be found" "CONFIG=/path/to/config make host-kernel"
}

need_packages()
{
	command -v dpkg-query >/dev/null ||
		die "this is not Debian, so there are no Debian packages to build" "make host needs only a kernel with the series"
	missing=$(for p in $packages; do
		dpkg-query -W -f='${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || echo "$p"
	done | paste -s -d ' ')
	[ -z "$missing" ] || die "missing packages: $missing" "sudo apt-get install --no-install-recommends $missing"
}

local_version() { case $1 in base) echo "-gmembase" ;; series) echo "-gmem.$(patches_id)" ;; esac; }
commit_of() { case $1 in base) stamped base ;; series) git -C "$linux" rev-parse HEAD ;; esac; }

# Sources in a directory of their own, configured; nothing is done again that was done for the same input
configure()
{
	tree=$work/$1
	fragment=$tree.fragment
	{ cat "$GMEM/kernel/config/host-kernel.config"; echo "CONFIG_LOCALVERSION=\"$(local_version "$1")\""; } >"$fragment.new"
	want="$(commit_of "$1") $(cat "$work/running.config" "$fragment.new" | sha256sum | cut -c1-16)"
	if [ "$(cat "$tree.configured" 2>/dev/null)" = "$want" ]; then
		rm -f "$fragment.new"
		ok "host-kernel-$1/config"
		return
	fi
	mv "$fragment.new" "$fragment"
	rm -rf "$tree" "$tree.configured" "$tree.packaged"
	mkdir -p "$tree"
	git -C "$linux" archive "$(commit_of "$1")" | tar -x -C "$tree"
	# A distribution's keys are not in the sources
	sed -E 's/^(CONFIG_SYSTEM_(TRUSTED|REVOCATION)_KEYS)=.*/\1=""/' "$work/running.config" | cat - "$fragment" >"$tree/.config"
	kmake "$tree" olddefconfig >"$LOG/host-kernel-$1.log" 2>&1 || die "configuring $1 failed" "see $LOG/host-kernel-$1.log"
	if refused=$("$GMEM/kernel/check-config.sh" "$tree/.config" "$fragment"); then
		ok "host-kernel-$1/config"
	else
		not_ok "host-kernel-$1/config" "$refused"
		die "$1: options did not take, named above" "CONFIG=FILE, a copy of the running configuration with what they depend on switched on"
	fi
	"$tree/scripts/diffconfig" "$work/running.config" "$tree/.config" >"$work/$1.diffconfig" 2>/dev/null || :
	say "$1: $(wc -l <"$work/$1.diffconfig") options differ from the running kernel, see $work/$1.diffconfig"
	echo "$want" >"$tree.configured"
}

package()
{
	tree=$work/$1 log=$LOG/host-kernel-$1.log
	if [ -f "$tree.packaged" ]; then
		ok "host-kernel-$1/package"
		return
	fi
	say "$1: building packages, an hour or so with the configuration of a distribution; log $log"
	start=$(date +%s)
	nice -n 5 make -C "$tree" -j"$JOBS" CC="$(cc)" HOSTCC="$(cc)" bindeb-pkg >>"$log" 2>&1 &
	builder=$!
	trap 'kill "$builder" 2>/dev/null' EXIT INT TERM
	while sleep 1 && kill -0 "$builder" 2>/dev/null; do
		now=$(($(date +%s) - start))
		[ $((now % 60)) -ne 0 ] || say "$1: $((now / 60)) min,$(tail -n 1 "$log" | cut -c1-70)"
	done
	built=0
	wait "$builder" || built=$?
	trap - EXIT INT TERM
	if [ "$built" != 0 ]; then
		not_ok "host-kernel-$1/package" "$(error_lines "$log")"
		die "$1: no packages" "see $log"
	fi
	ok "host-kernel-$1/package"
	say "$1: $((($(date +%s) - start) / 60)) min"
	: >"$tree.packaged"
}

image_package() { find "$work" -maxdepth 1 -name "linux-image-*$(local_version "$1")_*.deb" ! -name '*-dbg_*' | tail -n 1; }

next_steps()
{
	echo "#"
	echo "# Nothing was installed. What to do next:"
	for kernel in ${KERNELS:-base series}; do echo "#   sudo dpkg -i $(image_package "$kernel")"; done
	echo "#   AMD:   sudo sh -c 'echo options kvm_amd sev_snp=1 >/etc/modprobe.d/gmem.conf'"
	echo "#          kernel parameters: iommu.passthrough=0 amd_iommu=pgtbl_v1; in the firmware setup: SMEE, SNP, RMP table"
	echo "#   Intel: sudo sh -c 'echo options kvm_intel tdx=1 >/etc/modprobe.d/gmem.conf'"
	echo "#          kernel parameter: nohibernate; in the firmware setup: TDX, TME-MT, SEAM loader"
	echo "#   reboot into the kernel that ends in $(local_version series), then: sudo make host"
}

[ -z "${KERNEL_TREE:-}" ] || need_clean_clone
for kernel in ${KERNELS:-base series}; do
	[ -n "$(local_version "$kernel")" ] || die "KERNELS=$KERNELS: there is base and series" "KERNELS=series make host-kernel"
done
[ "${1:-}" = config ] || need_packages
if [ -n "${KERNEL_TREE:-}" ] || [ "$(stamped patches)" != "$(patches_id)" ]; then
	(alone; "$GMEM/tree/tree.sh")
fi
# The name of the package is the id of patches/, so that has to be what is in it
[ "$(kgit rev-parse HEAD)" = "$(stamped head)" ] ||
	die "build/linux has commits that patches/ has not" "make refresh, or make am"
[ -z "$(kgit --no-optional-locks status --porcelain --untracked-files=no)" ] ||
	die "build/linux has edits that are in no commit, so no package would have them" "git -C build/linux commit, or make am"
alone "$work"
mkdir -p "$LOG"
running_config
rm -f "$work/complete"
{
	for kernel in ${KERNELS:-base series}; do configure "$kernel"; done
	[ "${1:-}" = config ] || for kernel in ${KERNELS:-base series}; do package "$kernel"; done
	: >"$work/complete"
} | tap_file "$LOG/host-kernel.tap"
summary "$LOG/host-kernel.tap"
[ -f "$work/complete" ] || exit 1
[ "${1:-}" = config ] || next_steps
