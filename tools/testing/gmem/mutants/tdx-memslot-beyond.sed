# SPDX-License-Identifier: GPL-2.0-only
# A TD may have a memslot beyond its GPA space from the start.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx-pwl5
# mutant: fails=tdx_init_mem_region_test/global.memslot_before_init_vm
s/if (tdx_has_memslot_above(/if (0 \&\& tdx_has_memslot_above(/
