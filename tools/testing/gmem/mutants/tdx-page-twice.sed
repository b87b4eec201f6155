# SPDX-License-Identifier: GPL-2.0-only
# A page that is added twice is -EIO.
# mutant: file=arch/x86/kvm/mmu/mmu.c boot=tdx
# mutant: fails=tdx_init_mem_region_test/td.measured.gpa_twice
/^int kvm_tdp_mmu_map_private_pfn(/,/^}/s/if (r == RET_PF_SPURIOUS)/if (0)/
