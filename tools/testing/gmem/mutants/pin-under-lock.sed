# SPDX-License-Identifier: GPL-2.0-only
# The source page is pinned with the invalidate lock held.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_progress_test/progress.punch_hole
s/^\t\t\tret = pin_user_pages_fast(.*/\t\t\tfilemap_invalidate_lock(file->f_mapping);\n&/
s/^.*1, 0, &src_page);$/&\n\t\t\tfilemap_invalidate_unlock(file->f_mapping);/
