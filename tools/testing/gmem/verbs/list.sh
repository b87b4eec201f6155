#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: list the boots, checks, kernels, machines and mutants
set -eu
. "$(dirname "$0")/../lib/lib.sh"

# only FILE: the bases that it is for, if not for all; a boot is for those of its first kernel
only()
{
	local kernel
	kernel=$(meta "$1" kernel)
	kernel=$GMEM/kernel/variants/${kernel%%,*}
	meta "$1" base "$([ ! -f "$kernel" ] || meta "$kernel" base)"
}

# list TITLE FILE...
list()
{
	local file name only
	printf '%s\n' "$1"
	shift
	for file; do
		name=${file##*/}
		only=$(only "$file")
		printf '  %-24s %s%s\n' "${name%.*}" "$(about "$file")" "${only:+ [Linux $only only]}"
	done
	echo
}

list "Boots: a script that runs in the booted kernel. Stage BOOT, and BOOT@KERNEL for the other kernels it names" "$GMEM"/boot/boots/*.sh
list "Machines that boots run on" "$GMEM"/boot/machines/*
list "Checks: cases that boot nothing" "$GMEM"/checks/*.sh
list "Kernels, the variants of what is built. Stage kernel-NAME" "$GMEM"/kernel/variants/*
list "Mutants: ways to break the series, for make mutants" "$GMEM"/mutants/*.sed
echo "make test CASES='STAGE/CASE...' runs some of it; * and ? match as in file names."
