# SPDX-License-Identifier: GPL-2.0-only
# If source and destination are bad, the error is that of the source.
# mutant: base=6.19 file=virt/kvm/guest_memfd.c boot=tdx
# mutant: fails=tdx_init_mem_region_test/td.measured.source_and_gpa_bad
s/^\t\tret = __kvm_gmem_populate(/\t\tif (IS_ERR(src_page)) {\n\t\t\tret = PTR_ERR(src_page);\n\t\t\tbreak;\n\t\t}\n&/
