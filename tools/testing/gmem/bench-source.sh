#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bench-source.sh VERSION SHA256: get Debian's linux-source package of that VERSION into build/dl and print its path.
# A package that somebody put there by hand is as good, if its hash is right.
set -eu
. "$(dirname "$0")/lib.sh"

version=$1 sha=$2
series=$(echo "$version" | cut -d . -f 1,2)
deb=$BUILD/dl/linux-source-${series}_${version}_all.deb
apt=$BUILD/dl/apt-bench
suite=$(awk '$1 == "suite" { print $2 }' "$TOP/BASE")

good() { [ -f "$deb" ] && echo "$sha  $deb" | sha256sum --quiet -c >/dev/null 2>&1; }

mirrors()
{
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n 's/^deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\)[[:space:]].*/\2/p'
	cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs:[[:space:]]*//p' | tr ' ' '\n'
}

fetch() # URI
{
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=amd64] $1 $suite main" >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::State::Lists "$apt/lists";
		Dir::Cache "$apt/cache";
		APT::Sandbox::User "";
	END
	export APT_CONFIG="$apt/apt.conf"
	apt-get update -o APT::Update::Error-Mode=any &&
		(cd "$BUILD/dl" && apt-get download "linux-source-$series=$version")
}

mkdir -p "$BUILD/dl" "$LOG"
if ! good; then
	for uri in $(mirrors | grep -v security | sort -u); do
		fetch "$uri" >>"$LOG/bench-source.log" 2>&1 && good && break
	done
fi
good || die "linux-source-$series $version could not be downloaded, log $LOG/bench-source.log" \
	"put $(basename "$deb") with sha256 $sha into $BUILD/dl"
echo "$deb"
