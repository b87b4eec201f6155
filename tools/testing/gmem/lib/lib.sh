# SPDX-License-Identifier: GPL-2.0-only
# Paths and small helpers that every stage shares; sourced, never run.
# shellcheck shell=sh disable=SC2034

GMEM=$(cd "$(dirname "$0")/.." && pwd)
TOP=${GMEM%/tools/testing/gmem}
BUILD=${BUILD:-$TOP/build}
LOG=$BUILD/log
JOBS=${JOBS:-$(nproc)}
export LC_ALL=C

# A machine slower than the ones the timeouts were chosen on: GMEM_SLOW=3
GMEM_SLOW=${GMEM_SLOW:-1}

say() { printf '# %s\n' "$*"; }

# die MESSAGE NEXT-STEP
die()
{
	printf '# error: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf '# next:  %s\n' "$2" >&2
	exit 1
}

# alone [DIR]: one make at a time works in BUILD, or in a directory below; the lock ends with the process
alone()
{
	mkdir -p "${1:-$BUILD}"
	exec 9>>"${1:-$BUILD}/lock"
	flock -n 9 || die "another make is at work in ${1:-$BUILD}" "wait for it, or clone the repository a second time"
}

# Cases. A stage prints them in TAP without numbers, stage.sh numbers them.
ok() { printf 'ok - %s\n' "$1"; }
skip() { printf 'ok - %s # SKIP %s\n' "$1" "$2"; }
not_ok()
{
	printf 'not ok - %s\n' "$1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/# /'
}

# check NAME COMMAND...: one case by the exit status; the output is shown on failure only
check()
{
	check_name=$1
	shift
	if check_out=$("$@" 2>&1); then
		ok "$check_name"
	else
		not_ok "$check_name" "$(printf '%s\n' "$check_out" | tail -n "${CHECK_LINES:-20}")"
	fi
}

cc() { if command -v ccache >/dev/null; then echo "ccache gcc"; else echo gcc; fi; }

# kmake TREE ARGS...: the kernel's make with everything that must not vary pinned
kmake()
{
	kmake_tree=$1
	shift
	# Under stages.sh the jobs of all stages are counted together
	case ${MAKEFLAGS:-} in *jobserver*) ;; *) set -- -j"$JOBS" "$@" ;; esac
	make --no-print-directory -C "$kmake_tree" CC="$(cc)" HOSTCC="$(cc)" \
		KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' \
		KBUILD_BUILD_USER=gmem KBUILD_BUILD_HOST=gmem "$@"
}

# build_kernels VARIANT...: what they need and these kernels, for a verb of which they are no cases
build_kernels()
{
	[ "${DEPS:-}" = no ] || "$GMEM/verbs/deps.sh"
	"$GMEM/tree/tree.sh"
	for built; do
		"$GMEM/kernel/build.sh" "$built" | grep -v '^ok ' || :
		[ -f "$BUILD/tree/$built.stamp" ] || die "kernel $built was not built" "see $LOG/kernel-$built.log"
	done
}

# Time since the run began
clock()
{
	clock_s=$(($(date +%s) - $(cat "$BUILD/result/start" 2>/dev/null || date +%s)))
	printf '[%02d:%02d]' $((clock_s / 60)) $((clock_s % 60))
}

# copy_tree FROM TO FINAL: copy a built kernel tree that will be used as FINAL. objtool is built with absolute paths;
# were it built again because they changed, so would be everything that it looked at.
copy_tree()
{
	cp -a --reflink=auto "$1" "$2"
	grep -rlF --include='.*' "$1/" "$2/tools/objtool" | xargs -r sed -i "s,$1/,$3/,g"
}
