# SPDX-License-Identifier: GPL-2.0-only
# A poisoned page is populated.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_hwpoison_test/hwpoison.destination
s/if (folio_test_hwpoison(folio))/if (0)/
