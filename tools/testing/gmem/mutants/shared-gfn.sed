# SPDX-License-Identifier: GPL-2.0-only
# A GFN that is not private is populated.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_state_test/state.shared_gfn
/^static [a-z]* __kvm_gmem_populate(/,/^}/s/if (!kvm_mem_is_private(kvm, gfn))/if (0)/
