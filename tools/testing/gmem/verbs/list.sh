#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: list the boots, checks, kernels, machines and mutants
set -eu
. "$(dirname "$0")/../lib/lib.sh"

# list TITLE FILE...
list()
{
	local file name
	printf '%s\n' "$1"
	shift
	for file; do
		name=${file##*/}
		printf '  %-24s %s\n' "${name%.*}" "$(about "$file")"
	done
	echo
}

list "Boots: a script that runs in the booted kernel. Stage BOOT, and BOOT@KERNEL for the other kernels it names" "$GMEM"/boot/boots/*.sh
list "Machines that boots run on" "$GMEM"/boot/machines/*
list "Checks: cases that boot nothing" "$GMEM"/checks/*.sh
list "Kernels, the variants of what is built. Stage kernel-NAME" "$GMEM"/kernel/variants/*
list "Mutants: ways to break the series, for make mutants" "$GMEM"/mutants/*.sed
echo "make test CASES='STAGE/CASE...' runs some of it; * and ? match as in file names."
