# SPDX-License-Identifier: GPL-2.0-only
# The source page is looked up with the invalidate lock held.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_progress_test/progress.punch_hole
s/^\t\tsrc_page = kvm_gmem_get_source_page(.*/\t\tfilemap_invalidate_lock(file->f_mapping);\n&\n\t\tfilemap_invalidate_unlock(file->f_mapping);/
s/^\t\t\tret = get_user_pages_fast(.*/\t\t\tfilemap_invalidate_lock(file->f_mapping);\n&\n\t\t\tfilemap_invalidate_unlock(file->f_mapping);/
