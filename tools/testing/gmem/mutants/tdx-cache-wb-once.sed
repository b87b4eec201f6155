# SPDX-License-Identifier: GPL-2.0-only
# A write-back of the caches that is interrupted is not resumed.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=coco_tdx_digest_test/tdx.cache_wb_interrupted
/^static void smp_func_do_phymem_cache_wb(/,/^}/s/continue;/goto out;/
