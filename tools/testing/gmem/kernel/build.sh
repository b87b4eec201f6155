#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# build.sh VARIANT: build/tree/VARIANT, a kernel tree built in place (so that ccache hits across trees).
# The variant "series" also gets the selftests, every other one starts as a copy of it unless it says overlay=no.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

variant=$1
tree=$BUILD/tree/$variant
log=$LOG/kernel-$variant.log
description=$GMEM/kernel/variants/$variant
[ -f "$description" ] || die "no variant $variant" "ls $GMEM/kernel/variants"
environment=$(meta "$description" env)
[ -z "$environment" ] || export "${environment?}"

id=$("$GMEM/tree/compose.sh" "$variant")
fragments=$(for c in $(meta "$description" config | tr ',' ' '); do echo "$GMEM/kernel/config/$c.config"; done)
# shellcheck disable=SC2086 # a list of files
want="$id $(cat $fragments | sha256sum | cut -c1-16) $(gcc --version | sed -n 1p)"
if [ "$(cat "$tree.stamp" 2>/dev/null)" = "$want" ]; then
	ok "kernel-$variant/config"
	ok "kernel-$variant/build"
	[ "$variant" != series ] || ok "kernel-$variant/selftests"
	say "kernel $variant is up to date"
	exit
fi
rm -f "$tree.stamp"

# Sources. Files that stay the same keep their time stamps, and so their objects.
if [ ! -f "$tree.index" ]; then
	rm -rf "$tree" "$tree.new"
	if [ "$variant" != series ] && [ "$(meta "$description" overlay)" != no ]; then
		[ -f "$BUILD/tree/series.stamp" ] || die "kernel series was not built" "see $LOG/kernel-series.log"
		copy_tree "$BUILD/tree/series" "$tree.new" "$tree"
		cp "$BUILD/tree/series.index" "$tree.index.new"
	else
		mkdir -p "$tree.new"
		rm -f "$tree.index.new"
	fi
	mv "$tree.new" "$tree"
	[ ! -f "$tree.index.new" ] || mv "$tree.index.new" "$tree.index"
fi
checkout_tree "$tree" "$id" >"$log" 2>&1 || { tail -n 5 "$log"; die "sources of $variant could not be written" "see $log"; }

# Configuration. Written only when it changes, otherwise everything would be looked at again.
# shellcheck disable=SC2086
if ! cat $fragments | cmp -s - "$tree.config"; then
	rm -f "$tree.config"
	expected=$(cat "$tree.objects" 2>/dev/null || meta "$description" objects)
	{ kmake "$tree" tinyconfig && cat $fragments >>"$tree/.config" && kmake "$tree" olddefconfig; } >>"$log" 2>&1 ||
		die "kernel $variant: configuring failed" "see $log"
fi
# shellcheck disable=SC2086
if refused=$("$GMEM/kernel/check-config.sh" "$tree/.config" $fragments); then
	ok "kernel-$variant/config"
	cat $fragments >"$tree.config"
else
	not_ok "kernel-$variant/config" "$refused"
	die "kernel $variant: options did not take" "correct $GMEM/kernel/config/*.config: $(echo "$refused" | head -n 3 | paste -s -d ';')"
fi

# For progress: with a new configuration every object is built again, so those newer than this file are done. In it is how
# many there were the last time, or about how many the description says.
[ -z "${expected:-}" ] || echo "$expected" >"$tree.building"
if kmake "$tree" bzImage modules >>"$log" 2>&1; then
	if [ -f "$tree.building" ]; then
		objects_done "$tree" >"$tree.objects"
		rm "$tree.building"
	fi
	ok "kernel-$variant/build"
else
	not_ok "kernel-$variant/build" "$(error_lines "$log")"
	die "kernel $variant does not build" "see $log"
fi
if [ "$variant" = series ]; then
	if "$GMEM/kernel/build-selftests.sh" "$tree" >>"$log" 2>&1; then
		ok "kernel-$variant/selftests"
	else
		not_ok "kernel-$variant/selftests" "$(error_lines "$log")"
		die "the selftests do not build" "see $log"
	fi
fi
echo "$want" >"$tree.stamp.new"
mv "$tree.stamp.new" "$tree.stamp"
