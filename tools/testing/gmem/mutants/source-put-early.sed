# SPDX-License-Identifier: GPL-2.0-only
# The source page is put before the callback.
# mutant: file=virt/kvm/guest_memfd.c boot=populate-stress
# mutant: fails=gmem_populate_race_test/race.munmap_source
/^long kvm_gmem_populate(/,/^}/{
	s/^\t\tret = __kvm_gmem_populate(.*/\t\tif (!IS_ERR_OR_NULL(src_page))\n\t\t\tput_page(src_page);\n&/
	s/^\t\tif (!IS_ERR_OR_NULL(src_page))$/\t\tif (0)/
	s/^\t\tif (src_page)$/\t\tif (0)/
}
