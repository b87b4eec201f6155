/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated TDX module: a vCPU, and what the files share that run it.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_TDX_VP_H
#define _ARCH_X86_VIRT_COCO_EMUL_TDX_VP_H

#include "guest.h"
#include "tdx.h"

struct pt_regs;

#define VP_NOT_ASSOCIATED	(-1)

enum vp_field {
	VP_POSTED_VECTOR,
	VP_POSTED_DESC,
	VP_PIN_CONTROLS,
	VP_SHARED_EPT,
	VP_PEND_NMI,
	VP_STATE_DETAILS,
	NR_VP_FIELDS,
};

#define PIN_CONTROLS_POSTED	BIT_ULL(7)

/* Of VP_STATE_DETAILS: a virtual interrupt could be delivered */
#define VP_STATE_INTR_PENDING	BIT_ULL(0)

/**
 * struct tdx_ve_info - what TDG.VP.VEINFO.GET tells of a #VE
 * @valid:	it was not asked for yet
 * @reason:	exit reason
 * @qual:	exit qualification
 * @gla:	guest linear address
 * @gpa:	guest physical address
 * @len:	instruction length
 */
struct tdx_ve_info {
	bool	valid;
	u32	reason;
	u64	qual;
	u64	gla;
	u64	gpa;
	u32	len;
};

/**
 * struct tdx_td_exit - a TD exit: "TDH.VP.ENTER Output Operands"
 * @status:	RAX
 * @qual:	RCX, exit qualification
 * @ext_qual:	RDX, extended exit qualification
 * @gpa:	R8, guest physical address
 * @intr_info:	R9, interruption information
 */
struct tdx_td_exit {
	u64	status;
	u64	qual;
	u64	ext_qual;
	u64	gpa;
	u64	intr_info;
};

#define NR_DEBUG_ADDRS	4

/**
 * struct tdx_emul_vp - a vCPU: what the real module keeps in TDVPR and TDCX
 * @tdvpr:	physical address of the TDVPR, 0 if the slot is free
 * @td:		the TD
 * @nr_tdcx:	pages added with TDH.VP.ADDCX
 * @initialized: TDH.VP.INIT done
 * @disabled:	it cannot be entered again
 * @lp:		logical processor that it is associated with
 * @x2apic_id:	as given to TDH.VP.INIT
 * @index:	order of TDH.VP.INIT
 * @fields:	values of vp_fields[]
 * @running:	it is inside of the TD
 * @epoch:	the TD's when it was entered
 * @g:		the guest, whose VMCB is that of the CPU while it runs
 * @save:	its registers while it does not
 * @cr0:	CR0 as the TD has it
 * @cr4:	CR4 as the TD has it
 * @xcr0:	XCR0, not more than XFAM
 * @xsave:	extended state, NULL until it runs for the first time
 * @tsc_aux:	IA32_TSC_AUX
 * @db:		DR0 to DR3
 * @vmcall:	registers that TDG.VP.VMCALL has passed to the host; 0 if the next
 *		entry does not return from it
 * @cpuid_ve:	CPUID is a #VE, by privilege: TDG.VP.CPUIDVE.SET
 * @ve:		the last #VE
 * @exit:	the TD exit
 */
struct tdx_emul_vp {
	u64			tdvpr;
	struct tdx_emul_td	*td;
	unsigned int		nr_tdcx;
	bool			initialized;
	bool			disabled;
	int			lp;
	u32			x2apic_id;
	unsigned int		index;
	u64			fields[NR_VP_FIELDS];
	bool			running;
	u32			epoch;
	struct tdx_guest	g;
	struct vmcb_save_area	save;
	u64			cr0;
	u64			cr4;
	u64			xcr0;
	void			*xsave;
	u64			tsc_aux;
	u64			db[NR_DEBUG_ADDRS];
	u32			vmcall;
	u8			cpuid_ve;
	struct tdx_ve_info	ve;
	struct tdx_td_exit	exit;
};

static inline struct vmcb_save_area *vp_save(struct tdx_emul_vp *vp)
{
	return tdx_emul_guest_save(&vp->g);
}

static inline u64 *vp_gpr(struct tdx_emul_vp *vp, unsigned int nr)
{
	return tdx_emul_guest_gpr(&vp->g, nr);
}

/* What the functions below say: is this a TD exit, or does the TD go on? */
static inline bool vp_exits(struct tdx_emul_vp *vp, u64 status, u64 qual)
{
	vp->exit.status = status;
	vp->exit.qual = qual;
	return true;
}

static inline bool vp_goes_on(struct tdx_emul_vp *vp, u32 len)
{
	tdx_emul_guest_skip(&vp->g, len);
	return false;
}

static inline bool vp_raise(struct tdx_emul_vp *vp, u8 vector, bool has_error, u32 error)
{
	tdx_emul_guest_raise(&vp->g, vector, has_error, error);
	return false;
}

/* vp_state.c */
void tdx_emul_vp_reset(struct tdx_emul_vp *vp, u64 rcx);
bool tdx_emul_vp_get_pages(struct tdx_emul_vp *vp);
void tdx_emul_vp_put_pages(struct tdx_emul_vp *vp);
void tdx_emul_vp_load(struct tdx_emul_vp *vp, u64 *npt_root);
void tdx_emul_vp_store(struct tdx_emul_vp *vp);
void tdx_emul_vp_switch(struct tdx_emul_vp *vp);

/* vp_enter.c */
u64 tdx_emul_vp_enter(struct tdx_emul_vp *vp, struct pt_regs *regs);

/* vp_exit.c */
bool tdx_emul_vp_exit(struct tdx_emul_vp *vp);

/* vp_mem.c */
bool tdx_emul_vp_nested_fault(struct tdx_emul_vp *vp);
bool tdx_emul_vp_private(struct tdx_emul_vp *vp, u64 gpa, u64 npf_error, void **page);
bool tdx_emul_vp_shared(struct tdx_emul_vp *vp, u64 gpa, u64 npf_error, u64 *pa);
void *tdx_emul_vp_page(struct coco_emul_space *space, u64 gpa, enum coco_emul_access access);

/* mce.c */
bool tdx_emul_vp_machine_check(struct tdx_emul_vp *vp, u64 pa, bool fetch);

/* vp_cpu.c: registers as the module virtualizes them */
bool tdx_emul_vp_cr_access(struct tdx_emul_vp *vp);
bool tdx_emul_vp_dr_write(struct tdx_emul_vp *vp);
bool tdx_emul_vp_msr_access(struct tdx_emul_vp *vp);

/* vp_cpuid.c */
bool tdx_emul_vp_cpuid_values(struct tdx_emul_vp *vp, u32 leaf, u32 subleaf, u32 out[4]);
bool tdx_emul_vp_cpuid(struct tdx_emul_vp *vp);

/* ve.c */
bool tdx_emul_ve(struct tdx_emul_vp *vp, u32 reason, u64 qual, u64 gpa, u32 len);

/* tdcall.c */
#define TDCALL_LENGTH	4
bool tdx_emul_tdcall(struct tdx_emul_vp *vp);

/* report.c */
#define TDREPORT_SIZE		1024
#define TDREPORT_DATA_SIZE	64
void tdx_emul_report(const struct tdx_emul_td *td, const u8 data[TDREPORT_DATA_SIZE],
		     u8 report[TDREPORT_SIZE]);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_TDX_VP_H */
