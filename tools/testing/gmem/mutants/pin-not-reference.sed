# SPDX-License-Identifier: GPL-2.0-only
# The source page is pinned and not referenced.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_content_test/content.one_page
s/get_user_pages_fast(/pin_user_pages_fast(/
/^long kvm_gmem_populate(/,/^}/s/put_page(src_page);/unpin_user_page(src_page);/
