# SPDX-License-Identifier: GPL-2.0-only
# A page that cannot be added to the page cache is not freed.
# mutant: file=virt/kvm/guest_memfd.c boot=populate-stress
# mutant: fails=gmem_populate_fail_nth_test/fail_nth.slab_all_leaves_nothing
/^static struct folio \*kvm_gmem_get_folio(/,/^}/s/folio_put(folio);/;/
