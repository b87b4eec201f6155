#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# base.sh: get one of the tarballs listed in BASE into build/dl and print its path.
# A tarball that somebody put there by hand is as good, if its hash is right.
set -eu
. "$(dirname "$0")/lib.sh"

dl=$BUILD/dl
apt=$dl/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
suite=$(awk '$1 == "suite" { print $2 }' "$TOP/BASE")

good() { [ -f "$1" ] && echo "$2  $1" | sha256sum --quiet -c >/dev/null 2>&1; }

# Debian archives among the machine's own apt sources, one URI per line
mirrors()
{
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n 's/^deb\(-src\)\{0,1\}[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\)[[:space:]].*/\3/p'
	cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs:[[:space:]]*//p' | tr ' ' '\n'
}

private_apt() # URI
{
	echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $1 $suite main" >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::State::Lists "$apt/lists";
		Dir::Cache "$apt/cache";
		APT::Sandbox::User "";
	END
	APT_CONFIG=$apt/apt.conf apt-get update -o APT::Update::Error-Mode=any >>"$LOG/base.log" 2>&1
}

# first_good COMMAND: for each tarball run COMMAND FILE SHA256 PACKAGE-VERSION, print the first good one
first_good()
{
	while read -r key version sha package; do
		[ "$key" = tarball ] || continue
		file=$dl/linux_$version.orig.tar.xz
		"$@" "$file" "$sha" "$package" </dev/null || :
		if good "$file" "$sha"; then
			echo "$file"
			return
		fi
		[ ! -f "$file" ] || { mv "$file" "$file.wrong"; wrong=$file.wrong; }
	done <"$TOP/BASE"
	return 1
}
fetch()
{
	# apt may fail over the .dsc with the tarball in place: only the hash decides.
	(cd "$dl" && APT_CONFIG=$apt/apt.conf apt-get source --download-only "linux=$3") >>"$LOG/base.log" 2>&1
}

wrong=
first_good true && exit
: >"$LOG/base.log"
for uri in $(mirrors | grep -v security | sort -u); do
	private_apt "$uri" || continue
	first_good fetch && exit
done
tail -n 5 "$LOG/base.log" >&2
[ -z "$wrong" ] || die "$wrong has not the sha256 that BASE wants" "run again; if it comes out wrong again, the mirror is broken"
die "no tarball of BASE could be downloaded (no network?), log $LOG/base.log" \
	"put one of the linux_*.orig.tar.xz of BASE into $dl, or give KERNEL_TREE=/path/to/linux"
