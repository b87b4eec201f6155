// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulated platforms. Nothing else knows both of them.
 */
#include "coco_emul.h"
#include "snp/snp.h"
#include "tdx/tdx.h"

const struct coco_emul_host *const coco_emul_hosts[] = {
	&snp_emul_host,
	&tdx_emul_host,
	NULL
};
