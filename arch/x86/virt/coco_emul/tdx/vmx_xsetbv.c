// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX non-root operation: XSETBV, a VM exit that QEMU's SVM does not know. The guest
 * sets XCR0 of the CPU and goes on. At the next #VMEXIT the host gets the VM exit that
 * it should have had, with registers as they were at XSETBV. Whatever has caused the
 * #VMEXIT comes again.
 */
#include <linux/cpufeature.h>

#include <asm/fpu/xcr.h>

#include "tdx.h"
#include "vmx.h"

#define XSETBV_LENGTH		3
#define AR_DPL			GENMASK(6, 5)

static u64 read_xcr0(void)
{
	return boot_cpu_has(X86_FEATURE_OSXSAVE) ? xgetbv(XCR_XFEATURE_ENABLED_MASK) : 0;
}

/**
 * tdx_emul_vmx_xcr0_load() - VM entry: the guest has the registers that it really has
 * @run:	the guest
 */
void tdx_emul_vmx_xcr0_load(struct vmx_run *run)
{
	struct vmcs_xsetbv *xsetbv = tdx_emul_vmcs_xsetbv(run->vmcs);

	run->host_xcr0 = read_xcr0();
	run->xcr0 = xsetbv->xcr0 ?: run->host_xcr0;
	xsetbv->xcr0 = 0;
	if (!xsetbv->reported)
		return;

	*vmx_gpr(run, GPR_RAX) = xsetbv->rax;
	*vmx_gpr(run, GPR_RCX) = xsetbv->rcx;
	*vmx_gpr(run, GPR_RDX) = xsetbv->rdx;
	vmx_save(run)->ss.attrib |= xsetbv->ss_ar & AR_DPL;
	vmx_save(run)->cpl = (xsetbv->ss_ar & AR_DPL) >> 5;
	xsetbv->reported = 0;
}

/**
 * tdx_emul_vmx_switch() - run the guest with its own XCR0 until the next #VMEXIT
 * @run:	the guest
 */
void tdx_emul_vmx_switch(struct vmx_run *run)
{
	if (run->xcr0 != run->host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, run->xcr0);

	tdx_emul_guest_switch(&run->g);
	tdx_emul_guest_take_undelivered(&run->g);

	run->xcr0 = read_xcr0();
	if (run->xcr0 != run->host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, run->host_xcr0);
}

/**
 * tdx_emul_vmx_xsetbv() - has the guest executed XSETBV?
 * @run:	the guest, at a #VMEXIT that nobody has looked at
 *
 * Return: true if that is a VM exit now. Not while an event is being delivered.
 */
bool tdx_emul_vmx_xsetbv(struct vmx_run *run)
{
	struct vmcs_xsetbv *xsetbv = tdx_emul_vmcs_xsetbv(run->vmcs);

	if (run->xcr0 == run->host_xcr0 || run->g.inject & INTR_INFO_VALID_MASK)
		return false;

	*xsetbv = (struct vmcs_xsetbv) {
		.reported	= 1,
		.rax		= *vmx_gpr(run, GPR_RAX),
		.rcx		= *vmx_gpr(run, GPR_RCX),
		.rdx		= *vmx_gpr(run, GPR_RDX),
		.ss_ar		= vmx_save(run)->cpl << 5,
	};
	*vmx_gpr(run, GPR_RAX) = (u32)run->xcr0;
	*vmx_gpr(run, GPR_RCX) = XCR_XFEATURE_ENABLED_MASK;
	*vmx_gpr(run, GPR_RDX) = run->xcr0 >> 32;
	vmx_save(run)->cpl = 0;
	vmx_save(run)->rip -= XSETBV_LENGTH;
	run->xcr0 = run->host_xcr0;
	return vmx_exits(run, EXIT_REASON_XSETBV, 0, XSETBV_LENGTH);
}

/**
 * tdx_emul_vmx_xcr0_store() - VM exit: what the host does not know of yet
 * @run:	the guest
 */
void tdx_emul_vmx_xcr0_store(struct vmx_run *run)
{
	if (run->xcr0 != run->host_xcr0)
		tdx_emul_vmcs_xsetbv(run->vmcs)->xcr0 = run->xcr0;
}
