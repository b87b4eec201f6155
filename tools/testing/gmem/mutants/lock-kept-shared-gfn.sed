# SPDX-License-Identifier: GPL-2.0-only
# The invalidate lock is kept if the GFN is not private.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=kernel-log test=gmem_populate_state_test
/kvm_mem_is_private(kvm, gfn)/,/}/s/goto out_unlock;/return ret;/
