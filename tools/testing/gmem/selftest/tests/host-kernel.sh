# SPDX-License-Identifier: GPL-2.0-only
# Cases of host-kernel.sh, with a kernel whose whole source is a Makefile; sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

hk=$t/hk
mkdir -p "$hk/linux" "$t/bin"
cat >"$hk/linux/Makefile" <<'END'
olddefconfig:
	@cat drop | while read -r option; do sed -i "/$$option/d" .config; done
bindeb-pkg:
	@! grep -q BROKEN .config || { echo "error: broken"; exit 1; }
	@v=$$(sed -n 's/^CONFIG_LOCALVERSION="\(.*\)"/\1/p' .config); echo package >../linux-image-6.19.11$${v}_6.19.11-1_amd64.deb
END
: >"$hk/linux/drop"
kernel_git() { git -C "$hk/linux" -c user.name=t -c user.email=t@localhost "$@"; }
kernel_git init -q
kernel_git add .
kernel_git commit -q -m base
kernel_base=$(kernel_git rev-parse HEAD)
echo series >"$hk/linux/series"
kernel_git add .
kernel_git commit -q -m series
stamp_it() { printf 'base=%s\nhead=%s\npatches=%s\nfrom=nowhere\n' "$kernel_base" "$(kernel_git rev-parse HEAD)" "$(patches_id)" >"$hk/linux.stamp"; }
stamp_it
# A machine on which every package is there
printf '#!/bin/sh\necho ${INSTALLED-installed}\n' >"$t/bin/dpkg-query"
chmod +x "$t/bin/dpkg-query"
echo 'CONFIG_SYSTEM_TRUSTED_KEYS="debian/certs/some.pem"' >"$t/running.config"

host_kernel() { env PATH="$t/bin:$PATH" BUILD="$hk" CONFIG="$t/running.config" "$@"; }

run host_kernel "$GMEM/verbs/host-kernel.sh"
expect host-kernel/packages 0 '^ok [0-9]+ - host-kernel-base/package$' '^ok [0-9]+ - host-kernel-series/package$' \
	'^# +sudo dpkg -i .*/linux-image-6.19.11-gmembase_.*deb$' '^# +sudo dpkg -i .*/linux-image-6.19.11-gmem\.[0-9a-f]{16}_.*deb$' \
	'^# Nothing was installed'
check host-kernel/series-has-the-series test -f "$hk/host-kernel/series/series"
check host-kernel/base-has-not test ! -e "$hk/host-kernel/base/series"
check host-kernel/no-keys-of-a-distribution grep -qx 'CONFIG_SYSTEM_TRUSTED_KEYS=""' "$hk/host-kernel/series/.config"
rm -f "$hk"/host-kernel/*.deb
run host_kernel "$GMEM/verbs/host-kernel.sh"
check host-kernel/up-to-date-is-not-built-again test ! -e "$hk/host-kernel/linux-image-6.19.11-gmembase_6.19.11-1_amd64.deb"

echo CONFIG_BROKEN=y >>"$t/running.config"
run host_kernel KERNELS=base "$GMEM/verbs/host-kernel.sh"
expect host-kernel/build-fails 1 '^not ok [0-9]+ - host-kernel-base/package$' '^# error: broken$' '^# next: +see '
sed -i /BROKEN/d "$t/running.config"

echo CONFIG_KVM_AMD_SEV >"$hk/linux/drop"
kernel_git commit -q -a -m drop
refused host-kernel/commits 'has commits that patches/ has not' "$hk" host_kernel "$GMEM/verbs/host-kernel.sh"
stamp_it
run host_kernel KERNELS=series "$GMEM/verbs/host-kernel.sh"
expect host-kernel/option-not-taken 1 '^# option did not take: CONFIG_KVM_AMD_SEV=y' '^# next: +CONFIG=FILE'

refused host-kernel/no-config 'no file CONFIG' "$hk/host-kernel" host_kernel CONFIG="$t/none" "$GMEM/verbs/host-kernel.sh"
refused host-kernel/missing-packages 'missing packages: debhelper' "$hk" host_kernel INSTALLED= "$GMEM/verbs/host-kernel.sh"
refused host-kernel/unknown-kernel 'there is base and series' "$hk" host_kernel KERNELS=none "$GMEM/verbs/host-kernel.sh"
echo edit >>"$hk/linux/series"
refused host-kernel/edits 'in no commit' "$hk" host_kernel "$GMEM/verbs/host-kernel.sh"
refused host-kernel/local-changes 'has local changes' "$hk" host_kernel KERNEL_TREE="$hk/linux" "$GMEM/verbs/host-kernel.sh"
