# SPDX-License-Identifier: GPL-2.0-only
# A pending signal does not end it.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_state_test/state.signal_pending
/^long kvm_gmem_populate(/,/^}/s/if (signal_pending(current))/if (0)/
