# SPDX-License-Identifier: GPL-2.0-only
# The range is not cut short at the end of the memslot.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=kernel-log test=gmem_populate_content_test
s/^\tnpages = min_t(ulong, slot->npages.*//
