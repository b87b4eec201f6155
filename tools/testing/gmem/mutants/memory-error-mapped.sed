# SPDX-License-Identifier: GPL-2.0-only
# The guest keeps a page that has a memory error.
# mutant: file=virt/kvm/guest_memfd.c boot=populate-run
# mutant: fails=gmem_populate_error_test/memory_error.while_populating
/^static int kvm_gmem_error_folio(/,/^}/s/(mapping->host, start, end);/(mapping->host, end, end);/
