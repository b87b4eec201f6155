#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: QEMU launches a TD on the emulated host; was it measured as it should be?
# with: VCPUS=2 OVMF=OVMF.fd  what it launches
exec "$(dirname "$0")/../vmm/show.sh" tdx
