#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# coverage.sh: a planted module, a boot that executes half of it, and patches that add lines to it: what make coverage makes
# of them.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

c=$GMEM/coverage
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT

check selfcheck/coverage-plugin gcc -Wall -Wextra -Wno-unused-parameter -Werror -O2 -shared -fPIC -o "$t/plugin.so" "$c/plugin.c"

# Spaces in what is wanted stand for tabs, where the program prints some
tabs() { tr ' ' '\t' >"$t/want"; }
same() { diff -U0 "$t/want" "$1"; }

cat >"$t/instructions" <<-END
	10 cmp
	12 je
	14 mov
	16 jne
	18 ret
END
cat >"$t/addr2line" <<-END
	0x0000000000000010
	f
	/tree/x86/kvm/../../virt/a.c:1
	0x0000000000000012
	inlined
	/tree/include/a.h:7 (discriminator 2)
	f
	/tree/virt/a.c:1
	0x0000000000000014
	f
	/tree/virt/a.c:2
	0x0000000000000016
	f
	/tree/virt/a.c:3
	0x0000000000000018
	f
	/tree/virt/a.c:4
END
awk -f "$c/hex.awk" -f "$c/code.awk" -v top=/tree/ -v module=kvm -v section=.text -v base=4096 \
	"$t/instructions" "$t/addr2line" >"$t/code"
tabs <<-END
	code kvm .text 4112 virt/a.c 1
	code kvm .text 4114 include/a.h 7
	jump kvm .text 4116 include/a.h 7
	code kvm .text 4114 virt/a.c 1
	code kvm .text 4116 virt/a.c 2
	code kvm .text 4118 virt/a.c 3
	jump kvm .text 4120 virt/a.c 3
	code kvm .text 4120 virt/a.c 4
END
check selfcheck/coverage-code same "$t/code"

# Two functions that are the only ones of their names say where the object is, one that there are two of does not
cat >"$t/symbols" <<-END
	0000000000000010 g     F .text	0000000000000009 f
	0000000000000020 l     F .text	0000000000000009 g
	0000000000000030 l     F .text	0000000000000009 twice
END
cat >"$t/linked" <<-END
	0000000000001010 g     F .text	0000000000000009 f
	0000000000001020 l     F .text	0000000000000009 g
	0000000000000030 l     F .text	0000000000000009 twice
	0000000000001030 l     F .text	0000000000000009 twice
END
echo ".text 4096" >"$t/want"
awk -f "$c/hex.awk" -f "$c/place.awk" -v section=.text "$t/symbols" "$t/linked" >"$t/place"
check selfcheck/coverage-place same "$t/place"

echo "module kvm .text ffffffffa0001000" >"$t/modules"
printf 'i ffffffffa0002010\ni ffffffffa0002012\nj ffffffffa0002014 1\ni ffffffffa0002016\nj ffffffffa0002018 3\n' >"$t/hits"
awk -f "$c/hex.awk" -f "$c/reached.awk" "$t/code" "$t/modules" "$t/hits" >"$t/reached"
tabs <<-END
	kvm .text 4112 i
	kvm .text 4114 i
	kvm .text 4116 j1
	kvm .text 4118 i
	kvm .text 4120 j1
	kvm .text 4120 j2
END
check selfcheck/coverage-reached same "$t/reached"

# It was loaded at two places, so that the same address is one instruction or the other
echo "module kvm .text ffffffffa0000ffe" >>"$t/modules"
awk -f "$c/hex.awk" -f "$c/reached.awk" "$t/code" "$t/modules" "$t/hits" >"$t/ambiguous"
left_out() { [ "$(grep -vc '^#' "$t/ambiguous")" -lt 6 ] && grep -q '^# .* are left out' "$t/ambiguous"; }
check selfcheck/coverage-ambiguous left_out

awk -f "$c/lines.awk" "$t/reached" "$t/code" | sort >"$t/lines"
tabs <<-END
	include/a.h 7 part
	virt/a.c 1 yes
	virt/a.c 2 no
	virt/a.c 3 yes
	virt/a.c 4 no
END
check selfcheck/coverage-lines same "$t/lines"

printf 'sha1\nsha2\n' >"$t/commits"
cat >"$t/blame" <<-END
	^old 1) static int
	sha1 2) f(int x,
	sha1 3)	  int y)
	^old 4) {
	sha2 5) 	mov();

	sha1 6) again:
	sha2 7) 	return  g(x) + (y);
	^old 8) }
	sha1 9) int z;
END
tabs <<-END
	0001 a.c f 2 f(int@x,
	0001 a.c f 3 int@y)
	0002 a.c f 5 mov();
	0001 a.c f 6 again:
	0002 a.c f 7 return@g(x)@+@(y);
	0001 a.c - 9 int@z;
END
sed -i 's/@/ /g' "$t/want"
awk -v file=a.c -f "$c/added.awk" "$t/commits" "$t/blame" >"$t/added"
check selfcheck/coverage-added same "$t/added"

# The patches add lines 2 to 4 and line 7 of the header; line 4 has a reason, and so has one that is reached.
cat <<-END | tr @ '\t' >"$t/added"
	0001@virt/a.c@f@2@mov();
	0001@virt/a.c@f@4@return 0;
	0002@include/a.h@g@7@if (x)
	0003@virt/a.c@f@3@if (y)
END
cat <<-END | tr @ '\t' >"$t/table"
	# A comment

	0001@virt/a.c@f@line@return 0;@Nobody comes back
	0003@virt/a.c@f@branch@if (y)@No more
END
awk -v patches=3 -f "$c/report.awk" "$t/table" "$t/added" "$t/lines" >"$t/report"
cat >"$t/want" <<-END
	not ok - coverage/0001
	# 2 lines have code, 2 not reached, 0 with a jump that went one way only
	# virt/a.c:2, f(): not reached: mov();
	not ok - coverage/0002
	# 1 lines have code, 0 not reached, 1 with a jump that went one way only
	# include/a.h:7, g(): only one way: if (x)
	ok - coverage/0003
	# 1 lines have code, 0 not reached, 0 with a jump that went one way only
	# reached, or without code: 0003 virt/a.c f(): branch: if (y)
END
check selfcheck/coverage-report same "$t/report"

stale() { awk -f "$c/stale.awk" "$1" "$t/added"; }
check selfcheck/coverage-table stale "$t/table"

# bad NAME: with standard input at its end the table is refused, once
bad()
{
	{ cat "$t/table" -; } >"$t/bad"
	if stale "$t/bad" >"$t/out" || [ "$(wc -l <"$t/out")" != 1 ]; then
		not_ok "selfcheck/coverage-$1" "$(cat "$t/out")"
	else
		ok "selfcheck/coverage-$1"
	fi
}
printf '0001\tvirt/a.c\tf\tline\tmov(eax);\tGone\n' | bad text-gone
printf '0002\tvirt/a.c\tf\tline\tmov();\tOf another patch\n' | bad other-patch
printf '0001\tvirt/a.c\tg\tline\tmov();\tIn another function\n' | bad other-function
printf '0001\tvirt/a.c\tf\tline\tmov();\t\n' | bad no-reason
printf '0001\tvirt/a.c\tf\tlines\tmov();\tA kind that there is not\n' | bad kind
printf '0001\tvirt/a.c\tf\tline\treturn 0;\tAgain\n' | bad twice
