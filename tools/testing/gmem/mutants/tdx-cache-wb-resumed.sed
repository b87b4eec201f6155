# SPDX-License-Identifier: GPL-2.0-only
# The write-back of the caches is resumed where it should be started.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=coco_tdx_digest_test/tdx.mrtd_of_nothing
s/resume = !!err;/resume = true;/
