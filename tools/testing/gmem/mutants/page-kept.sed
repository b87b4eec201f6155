# SPDX-License-Identifier: GPL-2.0-only
# The reference to the page of the file is never dropped.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=accounting/unevictable test=gmem_populate_content_test
/^static [a-z]* __kvm_gmem_populate(/,/^}/s/^\tfolio_put(folio);//
