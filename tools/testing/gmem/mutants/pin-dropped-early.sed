# SPDX-License-Identifier: GPL-2.0-only
# The pin of a source page is dropped before the callback.
# mutant: file=virt/kvm/guest_memfd.c boot=populate-stress
# mutant: fails=gmem_populate_race_test/race.munmap_source
s/unpin_user_page(src_page);/(void)src_page;/
s/^\t\tret = __kvm_gmem_populate(.*/\t\tif (src_page)\n\t\t\tunpin_user_page(src_page);\n&/
