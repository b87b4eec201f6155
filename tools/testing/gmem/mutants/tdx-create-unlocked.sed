# SPDX-License-Identifier: GPL-2.0-only
# A TD is created without the lock that keeps others off the table of KeyIDs.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx-pwl5
# mutant: fails=coco_tdx_busy_test/busy.create_while_freeing
/^static int __tdx_td_init(/,/TDX_RND_NO_ENTROPY/s/mutex_\(un\)*lock(&tdx_lock);//
