# SPDX-License-Identifier: GPL-2.0-only
# Console log of one boot in, cases out, after tap.awk. Silence is a failure: without plan and exit status the boot is red.
# Variables: boot (name), want (regex of a kernel report that must appear, or empty), qemu (QEMU's exit status),
# panic (regex of the panic that has to be the end of the boot, or empty)

BEGIN {
	splat = "BUG: |kernel BUG|BUG kmalloc|WARNING: |WARNING in|INFO: (possible|suspicious|task |rcu|lockdep|trying to register|NMI)"
	splat = splat "|Oops|Kernel panic|KASAN|UBSAN|KFENCE|kmemleak: [0-9]+ new|general protection fault|double fault|unable to handle"
	splat = splat "|detected (stall|expedited)|stalls on|soft lockup|hard LOCKUP|workqueue lockup|blocked for more than"
	splat = splat "|refcount_t|list_(add|del) corruption|Bad page|bad page state|leaked|Objects remaining|not freed|still in use"
	splat = splat "|DEBUG_LOCKS_WARN_ON|unchecked MSR access|invoked oom-killer|pagealloc: memory corruption|Poison overwritten"
	splat = splat "|stack-protector|scheduling while atomic|Voluntary context switch|usercopy: |segfault at|Attempted to kill init"
}

function report(text) { if (splats++ < 8) reports = reports "# " boot ": " text "\n" }
function trouble(text) { if (troubles++ < 5) remarks = remarks "# " boot ": " text "\n" }

{
	sub(/\r$/, "")
	sub(/^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? /, "")
}

/^gmem: / && tap_line(substr($0, 7)) {
	if (tap_number != ++cases)
		trouble("case number " tap_number " came where " cases " was due")
	if (tap_name in seen)
		trouble("two cases are called " tap_name)
	seen[tap_name] = 1
	if (tap_skip && tap_reason == "")
		trouble("skipped without a reason: " tap_name)
	print tap_print(tap_verdict, 0, boot "/" tap_name, tap_directive)
	next
}
/^gmem: 1\.\.[0-9]+$/ { plan = substr($0, 10); next }
/^gmem: exit / { status = substr($0, 12); next }
# What a fuzzer needs to do the same again
/^gmem: # # (seed|Again:) / { print "# " boot ": " substr($0, 11); next }
/^gmem: / { next }

# Nothing comes after that
panic != "" && /Kernel panic/ && $0 ~ panic { dead = 1 }
dead { next }

# Need not look like a splat: some reports are only a line and a backtrace
want != "" && $0 ~ want { wanted++; next }

# KCSAN watches the whole kernel, which has data races of its own. One that has guest_memfd or the overlay in either of
# its stacks counts, and one whose report breaks off.
/^BUG: KCSAN: / { if (race) report(race); race = $0; ours = 0; next }
race && /^ +[a-z0-9_.]*(gmem|coco_)[a-z0-9_.]*\+0x/ { ours = 1 }
race && /^Reported by Kernel Concurrency Sanitizer/ { if (ours) report(race); else others++; race = ""; next }

# A backtrace without one of the known first lines is a report all the same
/Call Trace:/ && !splats && !wanted { report("backtrace without a known first line") }

$0 ~ splat { report($0) }

END {
	if (dead && plan == "" && status == "") {
		plan = cases + 0
		status = "0"
	} else if (panic != "") {
		trouble("the panic that must end the boot did not: " panic)
	}
	if (plan == "")
		trouble("no plan: the boot script did not come to its end")
	else if (plan != cases + 0)
		trouble("plan says " plan " cases, " cases + 0 " came")
	if (cases == 0)
		trouble("no case ran")
	if (status != "0")
		trouble("exit status of the boot script: " (status == "" ? "none" : status))
	if (dead)
		qemu = 0
	if (qemu == 124 || qemu == 137)
		trouble("hang: QEMU was stopped at the time limit")
	else if (qemu != 0)
		trouble("QEMU ended with status " qemu)
	print (troubles ? "not ok" : "ok") " - " boot "/boot"
	printf "%s", remarks
	if (race)
		report(race)
	if (want != "" && !wanted)
		report("the kernel report that must appear did not: " want)
	print (splats ? "not ok" : "ok") " - " boot "/kernel-log"
	printf "%s", reports
	if (others)
		print "# " boot ": " others " data races without guest_memfd in their stacks"
}
