// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all files share: which platform is emulated, and the lock.
 */
#include <linux/cache.h>

#include "../coco_emul.h"

DEFINE_RAW_SPINLOCK(coco_emul_lock);

const struct coco_emul_host *coco_emul_host __ro_after_init;
