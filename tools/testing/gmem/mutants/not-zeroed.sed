# SPDX-License-Identifier: GPL-2.0-only
# A page that was not populated is not zeroed before the guest has it.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_content_test/content.one_page
/^int kvm_gmem_get_pfn(/,/^}/s/kvm_gmem_zero_folio(folio);/;/
/^int kvm_gmem_get_pfn(/,/^}/s/clear_highpage(.*);/;/
