#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: QEMU launches an SNP guest on the emulated host; was it measured as it should be?
# with: VCPUS=4 KERNEL=bzImage INITRD=FILE CMDLINE='...' OVMF=OVMF.fd  what it launches
exec "$(dirname "$0")/../vmm/show.sh" snp
