# SPDX-License-Identifier: GPL-2.0-only
# A memory error waits for the invalidate lock, with the page locked.
# mutant: file=virt/kvm/guest_memfd.c boot=populate-run
# mutant: fails=gmem_populate_error_test/memory_error.while_populating,gmem_populate_error_test/memory_error.in_next_page
/^static int kvm_gmem_error_folio(/,/^}/s/guard(rwsem_read)(.*);/guard(rwsem_read)(\&mapping->invalidate_lock);/
