#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
# selfcheck: what must turn a run red does, and what make coverage says of a line is so.
set -eu
"$(dirname "$0")/../selftest/harness.sh"
"$(dirname "$0")/../selftest/coverage.sh"
