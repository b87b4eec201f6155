#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# boot.sh BOOT[@VARIANT]: run boots/BOOT.sh in QEMU, print its cases in TAP. Raw log: build/log/BOOT.log
# boot.sh --shell BOOT: the same machine with a shell on the console instead of the script.
# KTREE is the built kernel tree, by default that of the variant which the boot script names.
#
# Header lines of a boot script, "# boot: KEY=VALUE ...":
#   kernel=VARIANT[,VARIANT...]  one boot with each; those after the first are called BOOT@VARIANT
#   cpu=QEMU-CPU  smp=N  mem=SIZE  timeout=SECONDS  verbs=run,test  tests=all  pack=host
#   append=...      to the end of the line: more kernel parameters
#   splat=REGEX     to the end of the line, negative controls only: this kernel report must appear
set -eu
. "$(dirname "$0")/../lib/lib.sh"

interactive=
[ "$1" != --shell ] || { interactive=yes; shift; }
script=$1
[ -f "$script" ] || script=$GMEM/boot/boots/${1%@*}.sh
[ -f "$script" ] || die "no boot script ${1%@*}" "ls $GMEM/boot/boots"
boot=$(basename "$1" .sh)

header() # KEY DEFAULT
{
	header_value=$(sed -n "s/^# boot:.*[[:space:]]$1=\([^[:space:]]*\).*/\1/p" "$script" | head -n 1)
	echo "${header_value:-$2}"
}
rest_of_line() { sed -n "s/^# boot:[[:space:]]*$1=\(.*\)/\1/p" "$script" | paste -s -d "$2" -; }

kernel=$(header kernel series)
kernel=${kernel%%,*}
case $boot in *@*) kernel=${boot#*@} ;; esac
slow=1
. "$GMEM/kernel/variants/$kernel"
tree=${KTREE:-$BUILD/tree/$kernel}
if [ -z "${KTREE:-}" ]; then
	[ -f "$tree.stamp" ] || die "kernel $kernel was not built" "see $LOG/kernel-$kernel.log"
	export TESTS="${TESTS:-$BUILD/tree/series/tools/testing/selftests/kvm}"
fi
log=$LOG/$boot.log
work=$BUILD/boot/$boot
limit=$(($(header timeout 120) * GMEM_SLOW * slow))
qemu=${QEMU:-qemu-system-x86_64}

[ -f "$tree/arch/x86/boot/bzImage" ] || die "no kernel in $tree" "make run"
mkdir -p "$LOG" "$work"
script_to_run=$script
[ -z "$interactive" ] || script_to_run=
BOOT=$boot BOOT_TIMEOUT=$limit "$GMEM/boot/image.sh" "$tree" "$work/initramfs" ${script_to_run:+"$script_to_run"}

# TCG needs nothing from the host CPU; -accel kvm is not used, because nested KVM changes what is tested.
set -- "$qemu" -machine q35 -accel "${ACCEL:-tcg,thread=multi}" -cpu "$(header cpu EPYC-Milan,+svm,+npt)" \
	-smp "$(header smp 2)" -m "$(header mem 2G)" -nodefaults -display none -no-reboot \
	-kernel "$tree/arch/x86/boot/bzImage" -initrd "$work/initramfs" \
	-append "console=ttyS0,115200 ignore_loglevel printk.devkmsg=on printk.time=1 panic=-1 no_timer_check $(rest_of_line append ' ')"
[ -z "$interactive" ] || exec "$@" -serial mon:stdio

start=$(date +%s)
status=0
# The limit is per test, and named inside the guest; when it does not get to that, QEMU is stopped three minutes later.
timeout --foreground -k 5 $((limit + 180 * GMEM_SLOW)) "$@" -serial stdio \
	</dev/null >"$log" 2>"$work/qemu.err" || status=$?
grep -v "warning: TCG doesn't support requested feature" "$work/qemu.err" | sed 's/^/# qemu: /' || :
rm -f "$work/initramfs"

awk -f "$GMEM/boot/console.awk" -v boot="$boot" -v want="$(rest_of_line splat '|')" -v qemu=$status "$log"
say "$boot: $(($(date +%s) - start)) s, log $log"
