#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# verb: have QEMU launch an SNP guest on the emulated host, and compare what is measured
# with: VCPUS=4 KERNEL=bzImage INITRD=FILE CMDLINE='...' OVMF=OVMF.fd  what it launches
exec "$(dirname "$0")/../vmm/show.sh" snp
