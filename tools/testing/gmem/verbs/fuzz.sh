#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: random ioctls, instructions and firmware commands, on all three hosts
# with: SECONDS=600 SEED=0x1234  how long on each host, by default 60, and from which seed
# with: BOOT=snp-fuzz ROUND=17 ONLY=gmem_fuzz  one host, one round of the seed again and again, one fuzzer
# with: KERNEL=kasan  the kernel with KASAN, which takes longer
# with: ALLOW=run-td,snp-move  do what is left out, see gmem-known-faults.rst
# fuzz.sh: the boots BOOT='NAME...', by default all that are called *-fuzz. Each prints the seed it has, and
# the command that does the same again. Threads and signals make that inexact. "make test" has 20 s of each, always with
# the same seed.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

# As the user has it: SECONDS is the shell's own in some
seconds=$(printenv SECONDS) || seconds=60
kernel=${KERNEL:-series}

number() { case $2 in *[!0-9a-fA-Fx]* | '' | [!0-9]*) die "$1=$2 is no number" "$3" ;; esac; }

boots()
{
	local name
	for name in ${BOOT:-snp-fuzz tdx-fuzz plain-fuzz}; do
		case $name in *-fuzz) ;; *) die "BOOT=$name is no boot of this verb" "ls $GMEM/boot/boots/*-fuzz.sh" ;; esac
		[ -f "$GMEM/boot/boots/$name.sh" ] || die "no boot $name" "ls $GMEM/boot/boots/*-fuzz.sh"
		echo "$name"
	done
}

# What a test may take: its seconds, and as much for the rounds to end and the machine to be looked at
boot() # NAME
{
	"$GMEM/boot/boot.sh" --name "$1" --timeout $((seconds * 2 + 240)) "$1@$kernel" >"$work/$1.tap"
}

number SECONDS "$seconds" "make fuzz SECONDS=600"
SEED=${SEED:-0x$(od -A n -N 4 -t x4 /dev/urandom | tr -d ' ')}
number SEED "$SEED" "make fuzz SEED=0x1234"
[ -z "${ROUND:-}" ] || number ROUND "$ROUND" "make fuzz BOOT=snp-fuzz SEED=0x1234 ROUND=17"
[ -f "$GMEM/kernel/variants/$kernel" ] || die "no kernel $kernel" "ls $GMEM/kernel/variants"
names=$(boots)
work=$BUILD/fuzz
FUZZ_SECONDS=$seconds
export FUZZ_SECONDS SEED

alone
mkdir -p "$work" "$LOG"
rm -f "$work"/*.tap
if [ "$kernel" = series ]; then build_kernels series; else build_kernels series "$kernel"; fi
say "$(date +%T) $(echo "$names" | paste -s -d ' '), $seconds s each, kernel $kernel"
running=
for name in $names; do
	boot "$name" &
	running="$running $!"
	[ "$JOBS" -gt 1 ] || wait $!
done
for pid in $running; do wait "$pid" || :; done
for name in $names; do
	[ -s "$work/$name.tap" ] || not_ok "$name/boot" "QEMU could not be started"
	cat "$work/$name.tap"
done | tap_file "$LOG/fuzz.tap"
summary "$LOG/fuzz.tap"
