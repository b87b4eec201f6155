#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# am.sh: patches/ to a fresh build/linux. Refuses while that holds work which patches/ does not.
exec "$(dirname "$0")/../tree/tree.sh" am
