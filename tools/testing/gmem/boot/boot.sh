#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# boot.sh [OPTION...] BOOT[@VARIANT]: run boots/BOOT.sh in QEMU, print its cases in TAP. Raw log: build/log/BOOT.log
#   --shell            the same machine with a shell on the console instead of the script
#   --name NAME        the boot is called NAME in its cases and its log
#   --set VAR=VALUE    the script has this variable, too; init takes it from /etc/boot.env. ONLY='A|B': of the tests that
#                      the script runs with run_test only these
#   --timeout SECONDS  in place of what the script says
#   --append PARAMS    more kernel parameters
# KTREE is the built kernel tree, by default that of the variant which the boot script names.
#
# Header lines of a boot script, "# boot: KEY=VALUE ...":
#   env=VAR,VAR                  variables of the user that the script has, too, where they are set
#   machine=MACHINE              one of machines/, which says cpu, smp, mem and what to append; or all of these here
#   kernel=VARIANT[,VARIANT...]  one boot with each; those after the first are called BOOT@VARIANT
#   pack=vmm                     QEMU and OVMF are in the image; where they cannot be had, the boot is skipped
#   pack=unit-tests              the same with QEMU and KVM_UNIT_TESTS
#   pack=guest                   the kernel that runs as a guest is there, and its init; needs=kernel-guest
#   needs=STAGE,STAGE            what has to be there besides the kernel
#   cpu=QEMU-CPU  smp=N  mem=SIZE  nodes=2  in place of the machine's; features=+A,-B  more of its CPU, or less
#   timeout=SECONDS  verbs=run,test,coverage  tests=all  pack=host
#   base=LINUX      for that base only, by what is called linux in its BASE
#   append=...      to the end of the line: more kernel parameters
#   splat=REGEX     to the end of the line: this kernel report must appear. What a negative control must report stands in
#                   CONTROLS of the series, as kernel-log or panic
set -eu
. "$(dirname "$0")/../lib/lib.sh"

set_variable() # VAR=VALUE
{
	case $1 in
	*\'*) die "the value of a variable has a quote: $1" "leave it out" ;;
	[A-Z_]*=*) variables="$variables${1%%=*}='${1#*=}'
" ;;
	*) die "not a variable: $1" "boot.sh --set VAR=VALUE BOOT" ;;
	esac
}

interactive='' boot='' more='' limit='' variables=''
while :; do
	case $1 in
	--shell) interactive=yes ;;
	--name) boot=$2 ;;
	--set) set_variable "$2" ;;
	--timeout) limit=$2 ;;
	--append) more=$2 ;;
	--*) die "no option $1" "see the head of $0" ;;
	*) break ;;
	esac
	[ "$1" = --shell ] || shift
	shift
done
script=$GMEM/boot/boots/${1%@*}.sh
[ -f "$script" ] || die "no boot script ${1%@*}" "make list"
boot=${boot:-$1}
for variable in $(meta "$script" env | tr ',' ' '); do
	value=$(printenv "$variable") || continue
	set_variable "$variable=$value"
done
machine=$(meta "$script" machine)
[ -z "$machine" ] || [ -f "$GMEM/boot/machines/$machine" ] || die "$script: no machine $machine" "ls $GMEM/boot/machines"
machine=${machine:+$GMEM/boot/machines/$machine}
machine=${machine:-/dev/null}

# of_machine KEY DEFAULT: what the boot script says, or else its machine
of_machine() { meta "$script" "$1" "$(meta "$machine" "$1" "$2")"; }

kernel=$(kernels "$script" | head -n 1)
[ -n "$kernel" ] || die "the boot $boot is not for Linux $(base_field linux)" "make list"
case $1 in *@*) kernel=${1#*@} ;; esac
[ -f "$GMEM/kernel/variants/$kernel" ] || die "no variant $kernel" "make list"
tree=${KTREE:-$BUILD/tree/$kernel}
if [ -z "${KTREE:-}" ]; then
	[ -f "$tree.stamp" ] || die "kernel $kernel was not built" "see $LOG/kernel-$kernel.log"
	export TESTS="${TESTS:-$BUILD/tree/series/tools/testing/selftests/kvm}"
fi
log=$LOG/$boot.log
work=$BUILD/boot/$boot
limit=$((${limit:-$(meta "$script" timeout 120)} * GMEM_SLOW * $(meta "$GMEM/kernel/variants/$kernel" slow 1)))
cpu=$(of_machine cpu EPYC-Milan,+svm,+npt)
features=$(meta "$script" features)
parameters="$(meta_line "$machine" append) $(meta_line "$script" append) $more"
memory=$(of_machine mem 2G)
qemu=${QEMU:-qemu-system-x86_64}

case $(meta "$script" pack) in
vmm | unit-tests) why=$("$GMEM/vmm/fetch.sh") || { skip "$boot" "no VMM: $why"; exit; } ;;
esac
[ -f "$tree/arch/x86/boot/bzImage" ] || die "no kernel in $tree" "make run"
mkdir -p "$LOG" "$work"
controls "${1%@*}" >"$work/controls"
report() { { [ "$1" != kernel-log ] || meta_line "$script" splat '|'; sed -n "s/^$1 //p" "$work/controls"; } | grep . | paste -s -d '|' || :; }
printf "BOOT='%s'\nBOOT_TIMEOUT=%s\n%sCONTROLS='%s'\n" "$boot" "$limit" "$variables" \
	"$(grep -vE '^(kernel-log|panic) ' "$work/controls" || :)" >"$work/boot.env"
script_to_run=$script
[ -z "$interactive" ] || script_to_run=
"$GMEM/boot/image.sh" "$tree" "$work/initramfs" "$work/boot.env" ${script_to_run:+"$script_to_run"}

# TCG needs nothing from the host CPU; -accel kvm is not used, because nested KVM changes what is tested.
set -- "$qemu" -machine q35 -accel "${ACCEL:-tcg,thread=multi}" -cpu "$cpu${features:+,$features}" \
	-smp "$(of_machine smp 2)" -m "$memory" -nodefaults -display none -no-reboot \
	-kernel "$tree/arch/x86/boot/bzImage" -initrd "$work/initramfs" \
	-append "console=ttyS0,115200 ignore_loglevel printk.devkmsg=on printk.time=1 panic=-1 no_timer_check $parameters"
# Two NUMA nodes, with one half each of CPUs and memory
if [ "$(of_machine nodes 1)" = 2 ]; then
	smp=$(of_machine smp 2)
	cpus=$((${smp%%,*} / 2)) half=$(($(megabytes "$memory") / 2))M
	set -- "$@" -object "memory-backend-ram,id=m0,size=$half" -numa "node,memdev=m0,cpus=0-$((cpus - 1))" \
		-object "memory-backend-ram,id=m1,size=$half" -numa "node,memdev=m1,cpus=$cpus-$((2 * cpus - 1))"
fi
[ -z "$interactive" ] || exec "$@" -serial mon:stdio

reserve_memory "$memory" "$boot"
start=$(date +%s)
status=0
# The limit is per test, and named inside the guest; when it does not get to that, QEMU is stopped three minutes later.
set -- timeout --foreground -k 5 $((limit + 180 * GMEM_SLOW)) "$@" -serial stdio
panic=$(report panic)
if [ -z "$panic" ]; then
	"$@" </dev/null >"$log" 2>"$work/qemu.err" || status=$?
else
	# After it the machine may hang
	: >"$log"
	"$@" </dev/null >"$log" 2>"$work/qemu.err" &
	while sleep 1 && kill -0 $! 2>/dev/null; do
		if grep -qaE "Kernel panic.*($panic)" "$log"; then
			sleep 2
			kill $!
			break
		fi
	done
	wait $! || status=$?
fi
grep -v "warning: TCG doesn't support requested feature" "$work/qemu.err" | sed 's/^/# qemu: /' || :
rm -f "$work/initramfs"

awk -f "$GMEM/lib/tap.awk" -f "$GMEM/boot/console.awk" -v boot="$boot" -v want="$(report kernel-log)" \
	-v panic="$panic" -v qemu=$status "$log"
say "$boot: $(($(date +%s) - start)) s, log $log"
