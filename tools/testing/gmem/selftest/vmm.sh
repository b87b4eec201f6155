#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vmm.sh: what the boots of QEMU take for a failure is one. vmm/guest.sh with a planted VMM on a planted platform.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
export VMM="$t" VMM_STATE="$t/state" VMM_PATIENCE=1 BOOT_TIMEOUT=2
mkdir -p "$t/launch/planted"
echo abc >"$t/launch/planted/digest"
echo "pages 1" >"$t/census"

. "$GMEM/vmm/guest.sh"
guests() { if alive planted 2>/dev/null; then cat "$t/guests" 2>/dev/null; fi; }
census() { cat "$t/census"; }
# What QEMU does is a script; "launched" and "launch" are what the platform then says of it
qemu_start()
{
	export t
	sh -c "
		state() { echo \"\$*\" >$t/guests; }
		command() { echo 'kvm_vm_ioctl 1, type 0xc008aeba, arg 2'; }
		$planted" >"$vmm/$1.log" 2>&1 &
	echo $! >"$vmm/$1.pid"
}

# plant ok|fails NAME SCRIPT COMMAND...
plant()
{
	local want="$1" name="$2" got=ok
	planted=$3
	shift 3
	rm -f "$t/guests" "$t/again"
	"$@" >"$t/out" 2>&1 || got=fails
	if [ $got = "$want" ]; then ok "vmm/planted/$name"; else not_ok "vmm/planted/$name" "$(cat "$t/out")"; fi
}

census_begin
plant ok launch 'state launched 3 abc; exec sleep 9' launches planted
plant fails other-digest 'state launched 3 abd; exec sleep 9' launches planted
plant fails qemu-dies 'state launch 2 abc; exit 1' launches planted
plant fails no-launch 'state launch 2 abc; exec sleep 9' launches planted
plant ok refused 'echo Bad measurement; exit 1' refuses 'Bad m' planted
plant fails refused-otherwise 'echo something else; exit 1' refuses 'Bad m' planted
plant fails not-refused 'echo Bad measurement; state launched 3 abc; exec sleep 9' refuses 'Bad m' planted
plant fails refused-with-success 'echo Bad measurement; exit 0' refuses 'Bad m' planted
plant ok killed 'state launch 999 abc; exec sleep 9' killed planted
plant fails killed-too-late 'state launch 0 abc; exec sleep 9' killed planted
plant ok all-back : all_pages_back
echo "pages 0" >"$t/census"
plant fails page-lost : all_pages_back
echo "pages 1" >"$t/census"

# It takes another command when it has been interrupted, or else it was not
launch='command; state launch 1 abc; sleep 0.5; state launched 3 abc; exec sleep 9'
plant fails not-interrupted "$launch" interrupted planted
plant ok interrupted "if [ -f \$t/again ]; then command; fi; touch \$t/again; $launch" interrupted planted
plant fails interrupted-other-digest "if [ -f \$t/again ]; then command; fi; touch \$t/again; $(echo "$launch" | sed 's/3 abc/3 abd/')" \
	interrupted planted
