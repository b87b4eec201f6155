#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# show.sh snp|tdx: what the verbs vmm-snp and vmm-tdx do. QEMU launches a guest on the emulated host, and what was measured
# is held against what was calculated from the same files. VCPUS, OVMF and, for SNP, KERNEL, INITRD and CMDLINE are the
# user's.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

kind=$1
boot=vmm-$kind-show
work=$BUILD/launch/$kind
launch=$work/shown
vcpus=${VCPUS:-1}
case $vcpus in [1-9] | [1-9][0-9]) ;; *) die "VCPUS=$vcpus is no number of vCPUs" "make vmm-$kind VCPUS=4" ;; esac
for file in "${OVMF:-}" "${KERNEL:-}" "${INITRD:-}"; do
	[ -z "$file" ] || [ -f "$file" ] || die "there is no file $file" "give its path"
done
[ -n "${KERNEL:-}" ] || [ -z "${INITRD:-}${CMDLINE:-}" ] || die "INITRD and CMDLINE go with KERNEL" "make vmm-$kind KERNEL=bzImage ..."
[ "$kind" = snp ] || [ -z "${KERNEL:-}" ] ||
	die "MRTD has nothing of a kernel: OVMF measures it when it runs" "make vmm-tdx without KERNEL"

build_kernels series
alone "$BUILD/launch"
why=$("$GMEM/vmm/fetch.sh") || die "no VMM: $why" "see $LOG/vmm.log"
rm -rf "$work"
mkdir -p "$launch"
printf '%s\n' -smp "$vcpus" >"$launch/args"
: >"$launch/object"

if [ "$kind" = snp ]; then
	ovmf=${OVMF:-$BUILD/vmm/share/OVMF.amdsev.fd}
	set -- --vcpus "$vcpus"
	theirs="sev-snp-measure --mode snp --vcpus $vcpus --vcpu-type EPYC-Milan --ovmf $ovmf"
	if [ -n "${KERNEL:-}" ]; then
		echo kernel-hashes=on >"$launch/object"
		cp "$KERNEL" "$launch/kernel"
		cp "${INITRD:-/dev/null}" "$launch/initrd"
		printf '%s\n' -kernel /vmm/launch/shown/kernel -append "${CMDLINE:-}" >>"$launch/args"
		[ -z "${INITRD:-}" ] || printf '%s\n' -initrd /vmm/launch/shown/initrd >>"$launch/args"
		set -- "$@" --kernel "$launch/kernel" --initrd "$launch/initrd" --append "${CMDLINE:-}"
		theirs="$theirs --kernel $KERNEL${INITRD:+ --initrd $INITRD}${CMDLINE:+ --append '$CMDLINE'}"
	fi
	set -- snp.py "$@"
else
	ovmf=${OVMF:-$BUILD/vmm/share/OVMF.inteltdx.ms.fd}
	theirs=
	set -- tdx.py
fi
tool=$1
shift
"$GMEM/vmm/$tool" "$@" "$ovmf" >"$launch/digest" || die "$ovmf is no firmware for $kind, see above" "OVMF=/path/to/OVMF.fd"
[ -z "${OVMF:-}" ] || cp "$OVMF" "$launch/firmware"

say "$(sed -n 's/^\(qemu-system-x86 [^ ]*\) .*/\1/p' "$BUILD/vmm/versions") launches $ovmf on the emulated host, vCPUs: $vcpus"
rm -f "$LOG/$boot.log"
: >"$LOG/$boot.log"
LAUNCHES=$work "$GMEM/boot/boot.sh" "$boot" >"$work/tap" &
tail -n +1 -f --pid=$! "$LOG/$boot.log" | sed -un 's/\r$//; s/^.*gmem: # \(QEMU\|launch\|measured\|calculated\)/# \1/p'
wait $! || :
tap_file "$LOG/$boot.tap" <"$work/tap"
[ -z "$theirs" ] || say "to compare with a tool of others: $theirs"
summary "$LOG/$boot.tap"
