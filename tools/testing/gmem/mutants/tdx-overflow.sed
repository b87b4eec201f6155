# SPDX-License-Identifier: GPL-2.0-only
# A number of pages that overflows in bytes is taken.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=tdx_init_mem_region_test/td.measured.nr_pages_overflows
s/ || region.nr_pages > U64_MAX >> PAGE_SHIFT//
