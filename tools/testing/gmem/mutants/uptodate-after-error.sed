# SPDX-License-Identifier: GPL-2.0-only
# A page counts as filled though the callback failed.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_state_test/state.callback_error_at_first_page
/^static [a-z]* __kvm_gmem_populate(/,/^}/s/if (!ret)/if (1)/
