#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: the races and the failing allocations once more, with KCSAN; builds another kernel
exec "$(dirname "$0")/../result/stages.sh" kcsan
