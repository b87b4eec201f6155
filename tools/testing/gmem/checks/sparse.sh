#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test needs=patch
# sparse: the touched C files give no warning that they did not give in the base.
set -eu
. "$(dirname "$0")/../lib/lib.sh"
. "$GMEM/lib/git.sh"

tree=$BUILD/am
export KGIT="$tree"
base=$(stamped base)
head=$(cat "$BUILD/am.head")
log=$LOG/sparse.log
touched=$(kgit diff --name-only "$base" "$head" -- '*.c' ':(exclude)tools')

# C=1 checks what is compiled, and a touched file is. Linux 7.3 takes no sparse that does not know __typeof_unqual__, as
# 0.6.4 of Debian does not.
sparse_at()
{
	kgit checkout -q -f --detach "$1"
	# shellcheck disable=SC2086 # a list of files
	(cd "$tree" && touch $touched)
	kmake "$tree" C=1 W=1 CHECK='sparse -D__typeof_unqual__=__typeof__' LOCALVERSION= \
		arch/x86/kvm/ arch/x86/virt/ drivers/crypto/ccp/ >"$log" 2>&1 ||
		die "sparse run failed" "see $log"
	# Paths go through arch/x86/kvm/../../../virt, and lines move
	sed -n 's,^[./a-z0-9]*\.\./,,; s/:[0-9]*:[0-9]*: \(warning\|error\):/: \1:/p' "$log" | sort
}
sparse_at "$base" >"$log.base"
sparse_at "$head" >"$log.series"
for file in $touched; do
	grep -q "CHECK .*$file" "$log" || { not_ok "sparse/$file" "sparse did not see it"; continue; }
	new=$(comm -13 "$log.base" "$log.series" | grep -F "$file" || :)
	if [ -n "$new" ]; then not_ok "sparse/$file" "$new"; else ok "sparse/$file"; fi
done
