# SPDX-License-Identifier: GPL-2.0-only
# The source page is pinned and not referenced: whoever shares it loses it, or pays for a copy.
# mutant: file=virt/kvm/guest_memfd.c boot=tdx
# mutant: fails=coco_tdx_source_test/shared.hugetlb,coco_tdx_source_test/shared.fork,coco_tdx_source_test/shared.fork_thp,coco_tdx_source_test/shared.ksm,coco_tdx_source_test/shared.memcg_fork,coco_tdx_source_test/shared.memcg_ksm,coco_tdx_source_test/shared.hugetlb_in_child
s/get_user_pages_fast(/pin_user_pages_fast(/
/^long kvm_gmem_populate(/,/^}/s/put_page(src_page);/unpin_user_page(src_page);/
