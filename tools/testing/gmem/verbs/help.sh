#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# help.sh VERB...: what each verb does, from the "# verb:" and "# with:" lines of its file.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

for verb; do
	awk -v verb="$verb" '
		sub(/^# verb: /, "") { printf "make %-12s %s\n", verb, $0 }
		sub(/^# with: /, "") { printf "    %s\n", $0 }' "$GMEM/verbs/$verb.sh"
done
cat <<'END'

For all of them:
    BASE=NAME            the series in patches/NAME, in place of patches/
    KERNEL_TREE=DIR      take the base from this clone, not from a tarball; KERNEL_REV=REV another commit of it
    DEPS=no              do not look for Debian packages
    GMEM_SLOW=3          triple every time limit
    GMEM_MEMORY=6G       what boots may take at the same time; by default what is free, less 1 GiB
    JOBS=N               jobs at the same time, by default as many as there are CPUs
END
