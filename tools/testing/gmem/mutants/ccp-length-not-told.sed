# SPDX-License-Identifier: GPL-2.0-only
# ccp does not tell the length that the firmware wants.
# mutant: base=6.19 file=drivers/crypto/ccp/sev-dev.c boot=snp-inplace
# mutant: fails=coco_snp_dev_test/dev_sev.pek_csr,coco_snp_dev_test/dev_sev.get_id2
/input.length = data.len;/d
