# SPDX-License-Identifier: GPL-2.0-only
# The source page is put only if the page was populated.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_state_test/state.callback_error_at_first_page
s/^\t\tif (!IS_ERR_OR_NULL(src_page))$/\t\tif (!ret \&\& src_page)/
s/^\t\tif (src_page)$/\t\tif (!ret \&\& src_page)/
