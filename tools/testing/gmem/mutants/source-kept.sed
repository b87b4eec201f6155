# SPDX-License-Identifier: GPL-2.0-only
# The source page is never put.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_content_test/content.one_page
/^long kvm_gmem_populate(/,/^}/s/put_page(src_page);/(void)src_page;/
