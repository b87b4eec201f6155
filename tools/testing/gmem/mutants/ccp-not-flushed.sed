# SPDX-License-Identifier: GPL-2.0-only
# Nothing is flushed after the platform was initialized, neither for SNP nor for SEV.
# mutant: file=drivers/crypto/ccp/sev-dev.c boot=snp-sev
# mutant: fails=coco_sev_launch_test/sev.plain.measurement,coco_sev_launch_test/sev.es.measurement
/^static int __sev_snp_init_locked(/,/^}/s/rc = __sev_do_cmd_locked(SEV_CMD_SNP_DF_FLUSH, NULL, error);/rc = 0;/
/^static int __sev_platform_init_locked(/,/^}/s/rc = __sev_do_cmd_locked(SEV_CMD_DF_FLUSH, NULL, &dfflush_error);/rc = 0;/
