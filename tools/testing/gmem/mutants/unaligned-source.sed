# SPDX-License-Identifier: GPL-2.0-only
# A source that is not page-aligned is taken.
# mutant: file=virt/kvm/guest_memfd.c boot=populate
# mutant: fails=gmem_populate_source_test/source.unaligned
s/if (!PAGE_ALIGNED(src))/if (0)/
