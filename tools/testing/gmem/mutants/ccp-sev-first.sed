# SPDX-License-Identifier: GPL-2.0-only
# SEV is initialized before SNP.
# mutant: file=drivers/crypto/ccp/sev-dev.c boot=snp-sev
# mutant: fails=coco_sev_launch_test/asids.shared_and_recycled
/^static int _sev_platform_init_locked(/,/^}/s/rc = __sev_snp_init_locked(/rc = __sev_platform_init_locked(\&args->error) ?: __sev_snp_init_locked(/
