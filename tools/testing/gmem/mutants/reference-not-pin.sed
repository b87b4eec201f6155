# SPDX-License-Identifier: GPL-2.0-only
# The source page is referenced and not pinned.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_content_test/content.one_page,gmem_populate_source_test/source.cow_shared_after_fork
s/pin_user_pages_fast(/get_user_pages_fast(/
s/unpin_user_page(/put_page(/
