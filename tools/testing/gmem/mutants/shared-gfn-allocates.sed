# SPDX-License-Identifier: GPL-2.0-only
# A page is allocated before the GFN is known to be private.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_state_test/state.shared_gfn
/^static [a-z]* __kvm_gmem_populate(/,/^}/{
	s/^\tfilemap_invalidate_lock(.*/&\n\tfolio = __kvm_gmem_get_pfn(file, slot, index, \&pfn, NULL);\
	if (!IS_ERR(folio)) {\n\t\tfolio_unlock(folio);\n\t\tfolio_put(folio);\n\t}/
}
