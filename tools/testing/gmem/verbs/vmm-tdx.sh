#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: have QEMU launch a TD on the emulated host, and compare what is measured
# with: VCPUS=2 OVMF=OVMF.fd  what it launches
exec "$(dirname "$0")/../vmm/show.sh" tdx
