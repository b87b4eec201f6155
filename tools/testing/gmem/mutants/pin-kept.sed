# SPDX-License-Identifier: GPL-2.0-only
# The pin of a source page is never dropped.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_content_test/content.one_page
s/unpin_user_page(src_page);/(void)src_page;/
