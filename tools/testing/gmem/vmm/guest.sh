# SPDX-License-Identifier: GPL-2.0-only
# What the boots of QEMU have in common; sourced after /lib/guest.sh. guest-snp.sh and guest-tdx.sh define
#   qemu_args LAUNCH   the arguments that make QEMU launch a guest of its kind
#   guests             of each guest that the platform has: STATE PAGES DIGEST, the state being "launch" or "launched"
#   census             a line for each kind of page and how many there are of it
#   launcher           what starts QEMU, if that is to see another CPU than user space does
# A launch is one of $VMM/launch: see vmm/pack.sh. Its QEMU has its output and process id in /tmp/vmm/LAUNCH.

VMM=${VMM:-/vmm}
vmm=${VMM_STATE:-/tmp/vmm}
limit=${BOOT_TIMEOUT:-120}
# Seconds that the last pages of a VM may take to come back
patience=${VMM_PATIENCE:-30}
mkdir -p "$vmm"

# firmware LAUNCH DEFAULT
firmware() { if [ -f "$VMM/launch/$1/firmware" ]; then echo "$VMM/launch/$1/firmware"; else echo "$2"; fi; }

# qemu_start LAUNCH [ARG...]
qemu_start()
{
	local launch="$1" arg
	shift
	while IFS= read -r arg; do set -- "$@" "$arg"; done <"$VMM/launch/$launch/args"
	# With its own loader, so that its libraries need not be where a system has them
	# shellcheck disable=SC2046,SC2086 # words they are
	${launcher:-} "$VMM/lib/ld-linux-x86-64.so.2" --library-path "$VMM/lib" "$VMM/qemu-system-x86_64" -L "$VMM/share" -nodefaults -display none \
		-accel kvm -m 512M -object memory-backend-memfd,id=ram,size=512M,share=true $(qemu_args "$launch") \
		"$@" </dev/null >"$vmm/$launch.log" 2>&1 &
	echo $! >"$vmm/$launch.pid"
}
pid() { cat "$vmm/$1.pid"; }
# A process that has ended is a zombie until the shell waits for it
alive() { grep -q '^State:[[:space:]]*[^ZX]' "/proc/$(pid "$1")/status" 2>/dev/null; }
said() { grep -v '^kvm_' "$vmm/$1.log" | tail -n 8; }

# progress: what the guests are at, if that has changed
progress()
{
	guests | awk '{ print $1 ": " $2 " pages" }' >"$vmm/seen.new"
	cmp -s "$vmm/seen.new" "$vmm/seen" || cat "$vmm/seen.new"
	mv "$vmm/seen.new" "$vmm/seen"
}
# wait_for WHAT LAUNCH COMMAND...: until it succeeds, QEMU ends, or it takes too long
wait_for()
{
	local what="$1" launch="$2" end=$(($(date +%s) + limit))
	shift 2
	until "$@"; do
		progress
		if ! alive "$launch"; then
			"$@" && return
			echo "QEMU ended before it came to $what:"
			said "$launch"
			return 1
		fi
		[ "$(date +%s)" -lt $end ] || { echo "no $what after $limit s"; return 1; }
		sleep 0.2
	done
}
# has_guests STATE COUNT [PAGES]: so many, each with so many pages at least
has_guests() { [ "$(guests | awk -v state="$1" -v pages="${3:-0}" '$1 == state && $2 >= pages' | wc -l)" -ge "$2" ]; }

# measured LAUNCH: a guest that is launched has the digest that was calculated for it
measured()
{
	guests | sed -n 's/^launched \([0-9]*\) /measured, \1 pages: /p'
	echo "calculated: $(cat "$VMM/launch/$1/digest")"
	guests | grep -q "^launched .* $(cat "$VMM/launch/$1/digest")\$"
}

# qemu_end LAUNCH: kill it, and wait until it has gone
qemu_end()
{
	kill -9 "$(pid "$1")" 2>/dev/null
	wait "$(pid "$1")" 2>/dev/null
	:
}

# launches LAUNCH: one launch, undisturbed
launches()
{
	local status
	echo "QEMU starts"
	qemu_start "$1"
	wait_for launch "$1" has_guests launched 1 && measured "$1"
	status=$?
	qemu_end "$1"
	return $status
}
# two_launches LAUNCH LAUNCH: two at the same time
two_launches()
{
	local status
	qemu_start "$1"
	qemu_start "$2"
	wait_for "two launches" "$1" has_guests launched 2 && measured "$1" && measured "$2"
	status=$?
	qemu_end "$1"
	qemu_end "$2"
	return $status
}
ended() { ! alive "$1" || has_guests launched 1; }
# refuses REGEX LAUNCH [ARG...]: QEMU gives up, and says this
refuses()
{
	local regex="$1" status
	shift
	qemu_start "$@"
	wait_for "its end" "$1" ended "$1"
	! alive "$1" || qemu_end "$1"
	wait "$(pid "$1")"
	status=$?
	said "$1"
	[ $status = 1 ] && grep -qE "$regex" "$vmm/$1.log"
}

# What the platform had before the first QEMU is what it has after each.
census_begin() { census >"$vmm/census"; }
all_back() { [ -z "$(guests)" ] && census | cmp -s - "$vmm/census"; }
all_pages_back()
{
	local end=$(($(date +%s) + patience))
	until all_back; do
		[ "$(date +%s)" -lt $end ] || { guests; census | diff "$vmm/census" -; return 1; }
		sleep 0.5
	done
}

# random N: 0 to N-1
random() { echo $(($(od -An -N2 -tu2 /dev/urandom) % $1)); }
pause() { usleep $(($(random "$1") * 1000)); }
# How many commands for the platform it has issued, KVM_MEMORY_ENCRYPT_OP
commands() { grep -c 'type 0xc008aeba' "$vmm/$1.log"; }

# interrupted LAUNCH: QEMU is stopped and continued at random moments of its launch, so that commands come back half done and
# it has to go on where they ended. That there are more of them than in a launch that nobody disturbs shows that it happened.
interrupted()
{
	local stops=0 status undisturbed end=$(($(date +%s) + limit))
	qemu_start "$1" -trace kvm_vm_ioctl -trace kvm_vcpu_ioctl
	wait_for launch "$1" has_guests launched 1
	qemu_end "$1"
	all_pages_back
	undisturbed=$(commands "$1")
	qemu_start "$1" -trace kvm_vm_ioctl -trace kvm_vcpu_ioctl
	wait_for "first page" "$1" has_guests launch 1 1
	while ! has_guests launched 1 && alive "$1" && [ "$(date +%s)" -lt $end ]; do
		kill -STOP "$(pid "$1")"
		pause 50
		kill -CONT "$(pid "$1")"
		stops=$((stops + 1))
		pause 50
	done
	wait_for launch "$1" has_guests launched 1 && measured "$1"
	status=$?
	echo "stopped $stops times: $(commands "$1") commands for the platform, $undisturbed without"
	qemu_end "$1"
	[ $status = 0 ] && [ "$undisturbed" -gt 0 ] && [ "$(commands "$1")" -gt "$undisturbed" ]
}

# killed LAUNCH...: these QEMUs at the same time, killed when a guest has got to a random page, or a little later: a launch may
# be over before the next look at it
reached() { has_guests launch 1 "$1" || has_guests launched 1; }
killed()
{
	local pages launch status
	pages=$(($(random 700) + 1))
	for launch; do qemu_start "$launch"; done
	wait_for "page $pages" "$1" reached "$pages"
	status=$?
	guests | awk '{ print $1 " with " $2 " pages" }'
	for launch; do qemu_end "$launch"; done
	echo "killed at page $pages or later"
	return $status
}
# killed_early LAUNCH: killed somewhere between its start and its first page
killed_early()
{
	local ms status
	ms=$(random 8000)
	qemu_start "$1"
	usleep $((ms * 1000))
	alive "$1"
	status=$?
	[ $status = 0 ] || said "$1"
	qemu_end "$1"
	echo "killed after $ms ms"
	return $status
}
