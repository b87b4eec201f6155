# SPDX-License-Identifier: GPL-2.0-only
# Posted interrupts are enabled before the module knows the descriptor.
# mutant: file=arch/x86/kvm/vmx/tdx.c boot=tdx
# mutant: fails=coco_tdx_digest_test/tdx.mrtd_of_nothing
/^static int tdx_vcpu_init(/,/^}/{
/POSTED_INTR_DESC_ADDR/d
s/^\(\ttdx->state = VCPU_TD_STATE_INITIALIZED;\)$/\ttd_vmcs_write64(tdx, POSTED_INTR_DESC_ADDR, __pa(\&tdx->vt.pi_desc));\n\1/
}
