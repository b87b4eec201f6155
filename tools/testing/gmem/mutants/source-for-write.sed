# SPDX-License-Identifier: GPL-2.0-only
# The source page is looked up for writing.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_source_test/source.read_only_anonymous,gmem_populate_source_test/source.zero_page
s/1, 0, &\([a-z_]*page\));/1, FOLL_WRITE, \&\1);/
