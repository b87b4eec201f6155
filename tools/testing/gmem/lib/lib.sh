# SPDX-License-Identifier: GPL-2.0-only
# Paths and small helpers that every stage shares; sourced, never run.
# shellcheck shell=sh disable=SC2034

GMEM=$(cd "$(dirname "$0")/.." && pwd)
TOP=${GMEM%/tools/testing/gmem}
export LC_ALL=C

say() { printf '# %s\n' "$*"; }

# die MESSAGE NEXT-STEP
die()
{
	printf '# error: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf '# next:  %s\n' "$2" >&2
	exit 1
}

# A series is a folder: patches/, or with BASE=NAME patches/NAME, which is built in build/NAME. Downloads are shared.
SERIES_DIR=$TOP/patches${BASE:+/$BASE}
if [ -n "${BASE:-}" ]; then
	case $BASE in
	[!0-9A-Za-z]* | *[!0-9A-Za-z._-]*) die "BASE=$BASE is not the name of a folder of patches/" "ls -d $TOP/patches/*/" ;;
	esac
	[ -f "$SERIES_DIR/BASE" ] ||
		die "BASE=$BASE: there is no such series, $SERIES_DIR/BASE does not exist" "ls -d $TOP/patches/*/"
fi
DL=${DL:-${BUILD:-$TOP/build}/dl}
BUILD=${BUILD:-$TOP/build${BASE:+/$BASE}}
LOG=$BUILD/log
# Of a run that has stages of another series, too: results, and the memory that boots may take, are those of the run
RUN=${RUN:-$BUILD}
JOBS=${JOBS:-$(nproc)}

# A machine slower than the ones the timeouts were chosen on: GMEM_SLOW=3
GMEM_SLOW=${GMEM_SLOW:-1}

# base_field KEY: the second field of that line of BASE
base_field() { awk -v key="$1" '$1 == key { print $2; exit }' "$SERIES_DIR/BASE"; }

# fits FILE: is it for this series? The header of what makes no sense elsewhere names the kernels, base=6.19,7.3.
fits()
{
	local bases
	bases=$(meta "$1" base)
	[ -n "$bases" ] || return 0
	case ,$bases, in *,"$(base_field linux)",*) return 0 ;; esac
	return 1
}

# kernels BOOT-SCRIPT: the variants to boot it with, one a line; none if it, or the first of them, is for another series
kernels()
{
	local variant first=yes
	fits "$1" || return 0
	for variant in $(meta "$1" kernel series | tr ',' ' '); do
		if [ -f "$GMEM/kernel/variants/$variant" ] && ! fits "$GMEM/kernel/variants/$variant"; then
			[ -z "$first" ] || return 0
		else
			echo "$variant"
		fi
		first=
	done
}

# controls BOOT: what the series' table of negative controls has for that boot, "TEST CASE" a line
controls() { [ ! -f "$SERIES_DIR/CONTROLS" ] || awk -F '\t' -v boot="$1" '$1 == boot { print $2 " " $3 }' "$SERIES_DIR/CONTROLS"; }

# meta FILE KEY [DEFAULT]: the value in a header line of FILE, "# boot: KEY=VALUE KEY=VALUE"
meta()
{
	local value
	value=$(sed -nE "s/^# (boot|check|machine|mutant|variant):(.*[[:space:]])$2=([^[:space:]]*).*/\3/p" "$1" | head -n 1)
	echo "${value:-${3:-}}"
}
# meta_line FILE KEY [SEPARATOR]: the same for a value that goes on to the end of the line, and of more than one line
meta_line() { sed -nE "s/^# (boot|machine):[[:space:]]*$2=(.*)/\2/p" "$1" | paste -s -d "${3:- }" -; }

# about FILE: what its first comment says, up to the end of the sentence
about()
{
	awk 'FNR <= 2 && (/^#!/ || /SPDX-License-Identifier/) { next }
		text == "" && /^# [a-z]+: [a-z]+=/ { next }
		!/^# / || /^# [a-z]+: [a-z]+=/ { exit }
		{ text = text (text == "" ? "" : " ") substr($0, 3) }
		END { sub(/^[a-z-]+(\.sh)?: /, "", text); sub(/\. .*/, "", text); sub(/\.$/, "", text); print text }' "$1"
}

# alone [DIR]: one make at a time works in BUILD, or in a directory below; the lock ends with the process
alone()
{
	mkdir -p "${1:-$BUILD}"
	exec 9>>"${1:-$BUILD}/lock"
	flock -n 9 || die "another make is at work in ${1:-$BUILD}" "wait for it, or clone the repository a second time"
}

# Cases. They are printed in TAP without numbers. In a run stage.sh numbers them, for other verbs tap_file does.
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
	local check_name="$1" check_out
	shift
	if check_out=$("$@" 2>&1); then
		ok "$check_name"
	else
		not_ok "$check_name" "$(printf '%s\n' "$check_out" | tail -n "${CHECK_LINES:-20}")"
	fi
}

# tap_file FILE: cases in, TAP out, and complete in FILE: a file without a plan is one that was cut short
tap_file()
{
	mkdir -p "${1%/*}"
	awk -f "$GMEM/lib/tap.awk" -f "$GMEM/lib/number.awk" -v file="$1"
}

# summary FILE: the last words of a verb; succeeds if a case passed, and none failed
summary() { awk -f "$GMEM/lib/tap.awk" -f "$GMEM/lib/summary.awk" "$1"; }

# objects_done TREE: of a kernel that is built for the first time, or with a new configuration
objects_done() { find "$1" -name '*.o' -newer "$1.building" | wc -l; }

# error_lines LOG: why a build failed
error_lines() { grep -E 'error|Error|No rule|No space' "$1" | tail -n 10; }

cc() { if command -v ccache >/dev/null; then echo "ccache gcc"; else echo gcc; fi; }

# kmake TREE ARGS...: the kernel's make with everything that must not vary pinned
kmake()
{
	local kmake_tree="$1"
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
	local built
	for built; do
		"$GMEM/kernel/build.sh" "$built" | grep -v '^ok ' || :
		[ -f "$BUILD/tree/$built.stamp" ] || die "kernel $built was not built" "see $LOG/kernel-$built.log"
	done
}

megabytes() { case $1 in *G) echo $((${1%G} * 1024)) ;; *M) echo "${1%M}" ;; *) die "no size of memory: $1" "mem=2G" ;; esac; }

# reserve_memory SIZE NAME: wait until the running boots leave that much. A reservation ends with the process that made
# it, and a boot that is alone may always run. QEMU_MEMORY is for QEMU itself, most of it for translated code. The limit is
# what is available when no boot runs, less 1 GiB for everything else; or GMEM_MEMORY=SIZE.
QEMU_MEMORY=512M
reserve_memory()
{
	local need dir held file waits=
	need=$(($(megabytes "$1") + $(megabytes $QEMU_MEMORY)))
	dir=$RUN/memory
	mkdir -p "$dir"
	while :; do
		exec 7>"$dir/lock"
		flock 7
		held=0
		for file in "$dir"/[0-9]*; do
			if kill -0 "${file##*/}" 2>/dev/null; then held=$((held + $(cat "$file"))); else rm -f "$file"; fi
		done
		[ $held != 0 ] || available_memory >"$dir/available"
		if [ $held = 0 ] || [ $((held + need)) -le "$(cat "$dir/available")" ]; then
			echo $need >"$dir/$$"
			exec 7>&-
			return
		fi
		exec 7>&-
		[ -n "$waits" ] || say "$2 waits for memory: needs $need MB, others have $held of $(cat "$dir/available") MB"
		waits=yes
		sleep 1
	done
}
available_memory()
{
	if [ -n "${GMEM_MEMORY:-}" ]; then
		megabytes "$GMEM_MEMORY"
	else
		awk '$1 == "MemAvailable:" { print int($2 / 1024) - 1024 }' /proc/meminfo
	fi
}

# Time since the run began
clock()
{
	local clock_s
	clock_s=$(($(date +%s) - $(cat "$RUN/result/start" 2>/dev/null || date +%s)))
	printf '[%02d:%02d]' $((clock_s / 60)) $((clock_s % 60))
}

# copy_tree FROM TO FINAL: copy a built kernel tree that will be used as FINAL. objtool is built with absolute paths;
# were it built again because they changed, so would be everything that it looked at.
copy_tree()
{
	cp -a --reflink=auto "$1" "$2"
	grep -rlF --include='.*' "$1/" "$2/tools/objtool" | xargs -r sed -i "s,$1/,$3/,g"
}
