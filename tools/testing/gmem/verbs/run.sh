#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: build the patched kernel, boot it as a plain, an SNP and a TDX host, run the short tests
exec "$(dirname "$0")/../result/stages.sh" run
