# SPDX-License-Identifier: GPL-2.0-only
# Pages are measured though nobody asked for it.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=coco_tdx_digest_test/tdx.mrtd_of_unmeasured_page
s/if (ret || !(arg->flags & KVM_TDX_MEASURE_MEMORY_REGION))/if (ret)/
