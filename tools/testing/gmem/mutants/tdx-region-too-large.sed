# SPDX-License-Identifier: GPL-2.0-only
# A region may reach beyond the GPA space of the TD.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=tdx_init_mem_region_test/td.measured.nr_pages_overflows
/region.gpa >= gpa_end ||$/{
	N
	s/ ||\n.*/)/
}
