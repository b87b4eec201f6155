# SPDX-License-Identifier: GPL-2.0-only
# A source address of 0 is taken.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=tdx_init_mem_region_test/td.measured.source_zero
s/if (!region.source_addr || /if (/
s/PAGE_ALIGNED(region.source_addr) || !region.source_addr ||/PAGE_ALIGNED(region.source_addr) ||/
