# SPDX-License-Identifier: GPL-2.0-only
# The source page is pinned and not referenced: whoever shares it loses it, or pays for a copy.
# mutant: file=virt/kvm/guest_memfd.c boot=snp
# mutant: fails=coco_snp_source_test/shared.hugetlb,coco_snp_source_test/shared.fork,coco_snp_source_test/shared.fork_thp,coco_snp_source_test/shared.ksm,coco_snp_source_test/shared.memcg_fork,coco_snp_source_test/shared.memcg_ksm,coco_snp_source_test/global.hugetlb_in_child
s/get_user_pages_fast(/pin_user_pages_fast(/
/^long kvm_gmem_populate(/,/^}/s/put_page(src_page);/unpin_user_page(src_page);/
