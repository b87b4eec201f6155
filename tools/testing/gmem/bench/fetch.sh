#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# fetch.sh VERSION SHA256: get Debian's linux-source package of that VERSION into build/dl and print its path.
# A package that somebody put there by hand is as good, if its hash is right.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/debian.sh"

version=$1 sha=$2
series=$(echo "$version" | cut -d . -f 1,2)
deb=$dl/linux-source-${series}_${version}_all.deb

fetch() # URI
{
	private_apt deb "$1" && (cd "$dl" && apt-get download "linux-source-$series=$version")
}

if ! good "$deb" "$sha"; then
	: >"$LOG/bench-source.log"
	for uri in $(mirrors); do
		fetch "$uri" >>"$LOG/bench-source.log" 2>&1 && good "$deb" "$sha" && break
	done
fi
good "$deb" "$sha" || die "linux-source-$series $version could not be downloaded, log $LOG/bench-source.log" \
	"put $(basename "$deb") with sha256 $sha into $dl"
echo "$deb"
