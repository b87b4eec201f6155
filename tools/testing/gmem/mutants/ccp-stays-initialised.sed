# SPDX-License-Identifier: GPL-2.0-only
# ccp does not shut down what it has initialised for one command only.
# mutant: base=6.19 file=drivers/crypto/ccp/sev-dev.c boot=snp-inplace
# mutant: fails=coco_snp_dev_test/dev_sev.not_initialised
s/\*shutdown_required = true;/*shutdown_required = false;/
