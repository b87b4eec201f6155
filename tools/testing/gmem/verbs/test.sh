#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: everything a reviewer would check
# with: CASES='snp patch/0003*'  only these, see make list
exec "$(dirname "$0")/../result/stages.sh" test
