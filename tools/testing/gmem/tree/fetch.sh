#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# fetch.sh: get one of the sources listed in BASE into build/dl and print its path: a tarball, linux_VERSION.orig.tar.xz,
# or a package that has one in it, linux-source-N.N. A file that somebody put there by hand is as good, if its hash is
# right.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/debian.sh"

# first_good COMMAND: for each source run COMMAND KIND FILE SHA256 VERSION PACKAGE-VERSION, print the first good one
first_good()
{
	local key version sha package file
	while read -r key version sha package; do
		case $key in
		tarball) file=$DL/linux_$version.orig.tar.xz ;;
		package) file=$DL/linux-source-${version%.*}_${package}_all.deb ;;
		*) continue ;;
		esac
		"$@" "$key" "$file" "$sha" "$version" "$package" </dev/null || :
		if good "$file" "$sha"; then
			echo "$file"
			return
		fi
		[ ! -f "$file" ] || { mv "$file" "$file.wrong"; wrong=$file.wrong; }
	done <"$SERIES_DIR/BASE"
	return 1
}
# apt may fail over the .dsc with the tarball in place: only the hash decides.
fetch()
{
	case $1 in
	tarball) (cd "$DL" && apt-get source --download-only "linux=$5") ;;
	package) (cd "$DL" && apt-get download "linux-source-${4%.*}=$5") ;;
	esac >>"$LOG/base.log" 2>&1
}

wrong=
first_good true && exit
: >"$LOG/base.log"
case $(base_field package) in '') kind=deb-src ;; *) kind=deb ;; esac
for uri in $(mirrors); do
	private_apt $kind "$uri" >>"$LOG/base.log" 2>&1 || continue
	first_good fetch && exit
done
tail -n 5 "$LOG/base.log" >&2
[ -z "$wrong" ] || die "$wrong has not the sha256 that BASE wants" "run again; if it comes out wrong again, the mirror is broken"
die "no source of $SERIES_DIR/BASE could be downloaded (no network?), log $LOG/base.log" \
	"put one of those that it lists into $DL, or give KERNEL_TREE=/path/to/linux"
