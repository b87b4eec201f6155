#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# fetch.sh: get one of the tarballs listed in BASE into build/dl and print its path.
# A tarball that somebody put there by hand is as good, if its hash is right.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/debian.sh"

# first_good COMMAND: for each tarball run COMMAND FILE SHA256 PACKAGE-VERSION, print the first good one
first_good()
{
	while read -r key version sha package; do
		[ "$key" = tarball ] || continue
		file=$DL/linux_$version.orig.tar.xz
		"$@" "$file" "$sha" "$package" </dev/null || :
		if good "$file" "$sha"; then
			echo "$file"
			return
		fi
		[ ! -f "$file" ] || { mv "$file" "$file.wrong"; wrong=$file.wrong; }
	done <"$SERIES_DIR/BASE"
	return 1
}
fetch()
{
	# apt may fail over the .dsc with the tarball in place: only the hash decides.
	(cd "$DL" && apt-get source --download-only "linux=$3") >>"$LOG/base.log" 2>&1
}

wrong=
first_good true && exit
: >"$LOG/base.log"
for uri in $(mirrors); do
	private_apt deb-src "$uri" >>"$LOG/base.log" 2>&1 || continue
	first_good fetch && exit
done
tail -n 5 "$LOG/base.log" >&2
[ -z "$wrong" ] || die "$wrong has not the sha256 that BASE wants" "run again; if it comes out wrong again, the mirror is broken"
die "no tarball of BASE could be downloaded (no network?), log $LOG/base.log" \
	"put one of the linux_*.orig.tar.xz of BASE into $DL, or give KERNEL_TREE=/path/to/linux"
