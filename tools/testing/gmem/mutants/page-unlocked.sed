# SPDX-License-Identifier: GPL-2.0-only
# The callback is called with the page of the file unlocked.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_content_test/content.one_page
/^static [a-z]* __kvm_gmem_populate(/,/^}/{
	s/^\t*ret = post_populate(.*/\t{\n\t\tfolio_unlock(folio);\n&\n\t\tfolio_lock(folio);\n\t}/
}
