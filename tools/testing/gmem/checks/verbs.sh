#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
# verbs: mail, host, host-kernel, report, selftests and vmm-* on made-up input, with good and bad arguments.
set -eu
. "$(dirname "$0")/../lib/lib.sh"

tap=$BUILD/verbs.tap
"$GMEM/selftest/verbs.sh" >"$tap"
sed 's|^\(not \)\{0,1\}ok - |&verbs/|' "$tap"
rm -f "$tap"
