#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: apply patches/ to a fresh build/linux; refuses to drop work that is not saved
# am.sh: patches/ to a fresh build/linux. Refuses while that holds work which patches/ does not.
exec "$(dirname "$0")/../tree/tree.sh" am
