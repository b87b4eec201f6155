# SPDX-License-Identifier: GPL-2.0-only
# What stops a verb before it begins: another make, missing packages without root, a small disk; sourced by ../verbs.sh
# shellcheck shell=sh disable=SC2154

busy=$t/busy
mkdir -p "$busy"
exec 7>"$busy/lock"
flock -n 7
for verb in run test am refresh selftests mutants clean; do
	refused "alone/$verb" 'another make is at work' "$busy" env BUILD="$busy" DEPS=no "$GMEM/verbs/$verb.sh"
done
mkdir -p "$busy/bench"
exec 7>"$busy/bench/lock"
flock -n 7
refused alone/bench 'another make is at work' "$busy" env BUILD="$busy" "$GMEM/verbs/bench.sh"
exec 7>&-
refused alone/no-such-kernel 'no kernel nosuch' "$busy" env BUILD="$busy" "$GMEM/verbs/bench.sh" nosuch
refused alone/no-such-mutant 'no mutant nosuch' "$busy/log" env BUILD="$busy" MUTANTS=nosuch "$GMEM/verbs/mutants.sh"

# A machine without packages, somebody who is not root, 5 GB
mkdir -p "$t/poor" "$t/log"
printf '#!/bin/sh\n' >"$t/poor/dpkg-query"
printf '#!/bin/sh\necho 1000\n' >"$t/poor/id"
printf '#!/bin/sh\necho Header; echo disk 9 9 5242880 9%% /\n' >"$t/poor/df"
chmod +x "$t"/poor/*
refused alone/packages-without-root 'missing packages, and no root' "$t/log" env PATH="$t/poor:$PATH" BUILD="$t" "$GMEM/verbs/deps.sh"
check alone/the-command-for-it has '^# next: +sudo apt-get install .*busybox-static'
refused alone/small-disk '5 GB free in .*, make run needs 6' "$t/disk/tree" \
	env CASES= PATH="$t/poor:$PATH" BUILD="$t/disk" DEPS=no "$GMEM/verbs/run.sh"
refused alone/no-such-boot 'no boot script nosuch' "$t/boot" env BUILD="$t/boot" "$GMEM/boot/boot.sh" nosuch
refused alone/no-such-variant 'no variant nosuch' "$t/boot" env BUILD="$t/boot" "$GMEM/boot/boot.sh" plain@nosuch
refused alone/not-a-variable 'not a variable: max=1' "$t/boot" env BUILD="$t/boot" "$GMEM/boot/boot.sh" --set max=1 plain
refused alone/variable-with-a-quote 'has a quote' "$t/boot" env BUILD="$t/boot" "$GMEM/boot/boot.sh" --set "SUITE=it's" plain
refused alone/try-without-a-tree 'which kernel tree' "$t/boot" env BUILD="$t/boot" TREE= "$GMEM/verbs/try.sh"
refused alone/try-no-directory 'no directory TREE' "$t/boot" env BUILD="$t/boot" TREE="$t/none" "$GMEM/verbs/try.sh"
printf 'result of the last run\n' >"$t/disk/kept"
refused alone/no-such-stage 'no stage has a case nosuch' "$t/disk/kept" env CASES=nosuch BUILD="$t/disk" DEPS=no "$GMEM/verbs/run.sh"
