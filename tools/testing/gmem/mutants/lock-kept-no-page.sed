# SPDX-License-Identifier: GPL-2.0-only
# The invalidate lock is kept if there is no page for it.
# mutant: file=virt/kvm/guest_memfd.c boot=populate-stress
# mutant: fails=kernel-log test=gmem_populate_fail_nth_test
/^static [a-z]* __kvm_gmem_populate(/,/^}/{
	/if (IS_ERR(folio))/,/}/s/goto out_unlock;/return ret;/
}
