/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs on the SVM of the CPU, an ordinary VM or a TD.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_TDX_GUEST_H
#define _ARCH_X86_VIRT_COCO_EMUL_TDX_GUEST_H

#include <linux/bitops.h>
#include <linux/types.h>

#include <asm/page.h>
#include <asm/svm.h>
#include <asm/vmx.h>

#include "../guest/space.h"
#include "../guest/svm.h"
#include "vapic.h"

/**
 * struct tdx_guest - a guest that runs
 * @space:	its memory, and its registers in the VMCB
 * @vmcb:	what the CPU gets
 * @gprs:	registers but for RAX and RSP
 * @blocking:	GUEST_INTERRUPTIBILITY_INFO
 * @inject:	event to inject in the format of VMX, which has EVENTINJ's bits
 * @inject_error: its error code
 * @inject_len:	what RIP is beyond the instruction that has raised the event
 * @hold:	nothing that waits for a window is delivered before the next #VMEXIT: an
 *		instruction has to come first that the CPU does not report
 * @vapic:	virtual APIC, without a page if there is none
 * @miss:	GUEST_MISS() of the guest physical address that @space did not get at
 */
struct tdx_guest {
	struct coco_emul_space	space;
	struct vmcb		*vmcb;
	u64			gprs[COCO_EMUL_NR_GPRS];
	u32			blocking;
	u32			inject;
	u32			inject_error;
	u32			inject_len;
	bool			hold;
	struct tdx_vapic	vapic;
	u64			miss;
};

/* An address of a page, which may be the first one */
#define GUEST_MISS(gpa)	((gpa) | 1)

static inline struct vmcb_save_area *tdx_emul_guest_save(struct tdx_guest *g)
{
	return g->space.save;
}

/* A register by the number that instructions have for it */
static inline u64 *tdx_emul_guest_gpr(struct tdx_guest *g, unsigned int nr)
{
	switch (nr) {
	case GPR_RAX:
		return &tdx_emul_guest_save(g)->rax;
	case GPR_RSP:
		return &tdx_emul_guest_save(g)->rsp;
	default:
		return &g->gprs[nr];
	}
}

/* The instruction at RIP is done, and so is the interrupt shadow that it was in. */
static inline void tdx_emul_guest_skip(struct tdx_guest *g, u32 len)
{
	tdx_emul_guest_save(g)->rip += len;
	g->blocking &= ~(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS);
	g->hold = false;
}

static inline void tdx_emul_guest_raise(struct tdx_guest *g, u8 vector, bool has_error, u32 error)
{
	g->inject = INTR_INFO_VALID_MASK | INTR_TYPE_HARD_EXCEPTION | vector |
		    (has_error ? INTR_INFO_DELIVER_CODE_MASK : 0);
	g->inject_error = error;
	g->inject_len = 0;
}

/* Of a word of intercepts */
#define INTERCEPT_DR_WRITES	GENMASK(31, 16)

struct tdx_cr_insn;

/* guest.c */
bool tdx_emul_guest_runs(void);
void tdx_emul_guest_begin(struct tdx_guest *g, u64 *npt_root);
void tdx_emul_guest_set_intercept(struct tdx_guest *g, unsigned int intercept, bool on);
bool tdx_emul_guest_is_free(const struct tdx_guest *g);
bool tdx_emul_guest_is_open(struct tdx_guest *g);
void tdx_emul_guest_set_window(struct tdx_guest *g, bool waits);
void tdx_emul_guest_deliver(struct tdx_guest *g);
void tdx_emul_guest_write_dr(struct tdx_guest *g, const struct tdx_cr_insn *insn, u64 *addrs);
void tdx_emul_guest_switch(struct tdx_guest *g);
void tdx_emul_guest_take_undelivered(struct tdx_guest *g);
int tdx_emul_guest_init(void);

/**
 * struct tdx_cr_insn - an access to a control or debug register
 * @opcode:	the second byte of it
 * @reg:	ModRM.reg, which is the control register, with REX.R
 * @rm:	ModRM.rm, which is the general purpose register, with REX.B
 * @mod:	ModRM.mod
 * @len:	length
 */
struct tdx_cr_insn {
	u8	opcode;
	u8	reg;
	u8	rm;
	u8	mod;
	u8	len;
};

#define OPCODE_GROUP7		0x01	/* /4 SMSW, /6 LMSW */
#define OPCODE_CLTS		0x06
#define OPCODE_MOV_FROM_CR	0x20
#define OPCODE_MOV_FROM_DR	0x21
#define OPCODE_MOV_TO_CR	0x22
#define OPCODE_MOV_TO_DR	0x23
#define REG_SMSW		4
#define REG_LMSW		6

/* insn.c */
unsigned int tdx_emul_insn_fetch(struct tdx_guest *g, u8 bytes[MAX_INSN_SIZE]);
bool tdx_emul_insn_decode_cr(struct tdx_guest *g, struct tdx_cr_insn *insn);
u32 tdx_emul_insn_length(struct tdx_guest *g);
u32 tdx_emul_insn_soft_event(struct tdx_guest *g, u8 *vector);
bool tdx_emul_guest_is_64_bit(struct tdx_guest *g);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_TDX_GUEST_H */
