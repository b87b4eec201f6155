# SPDX-License-Identifier: GPL-2.0-only
# An error is returned though pages have been populated.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_state_test/state.callback_error_at_third_page
s/return ret \&\& !i ? ret : i;/return ret ? ret : i;/
