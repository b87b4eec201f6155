#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check: verbs=test
# selfcheck: what must turn a run red does.
exec "$(dirname "$0")/../selftest/harness.sh"
