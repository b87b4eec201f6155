/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated TDX host: what its files share. Nothing outside of the TDX half
 * includes this.
 *
 * Names and numbers are those of the Intel TDX Module ABI Reference
 * Specification, section "Common Data Types" and "Interface Function
 * Completion Status".
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_TDX_H
#define _ARCH_X86_VIRT_COCO_EMUL_TDX_H

#include <crypto/sha2.h>

#include "../coco_emul.h"

struct seq_file;

/* Completion status. */
#define TDX_SUCCESS				0ULL
#define TDX_NON_RECOVERABLE_VCPU		0x4000000100000000ULL
#define TDX_NON_RECOVERABLE_TD			0x6000000200000000ULL
#define TDX_NON_RECOVERABLE_TD_FATAL		0x6000000500000000ULL
#define TDX_NON_RECOVERABLE_TD_CORRUPTED_MD	0x6000000a00000000ULL
#define TDX_INTERRUPTED_RESUMABLE		0x8000000300000000ULL
#define TDX_OPERAND_INVALID			0xc000010000000000ULL
#define TDX_OPERAND_BUSY			0x8000020000000000ULL
#define TDX_PREVIOUS_TLB_EPOCH_BUSY		0x8000020100000000ULL
#define TDX_OPERAND_ADDR_RANGE_ERROR		0xc000010100000000ULL
#define TDX_PAGE_METADATA_INCORRECT		0xc000030000000000ULL
#define TDX_TD_ASSOCIATED_PAGES_EXIST		0xc000040000000000ULL
#define TDX_SYS_INIT_NOT_PENDING		0xc000050000000000ULL
#define TDX_SYS_LP_INIT_NOT_DONE		0xc000050200000000ULL
#define TDX_SYS_LP_INIT_DONE			0xc000050300000000ULL
#define TDX_SYS_NOT_READY			0xc000050500000000ULL
#define TDX_SYS_KEY_CONFIG_NOT_PENDING		0xc000050700000000ULL
#define TDX_SYS_LP_INIT_NOT_PENDING		0xc000050b00000000ULL
#define TDX_SYS_CONFIG_NOT_PENDING		0xc000050c00000000ULL
#define TDX_TD_FATAL				0xe000060400000000ULL
#define TDX_TDCS_NOT_ALLOCATED			0xc000060600000000ULL
#define TDX_LIFECYCLE_STATE_INCORRECT		0xc000060700000000ULL
#define TDX_OP_STATE_INCORRECT			0xc000060800000000ULL
#define TDX_NO_VCPUS				0xc000060900000000ULL
#define TDX_TDCX_NUM_INCORRECT			0xc000061000000000ULL
#define TDX_X2APIC_ID_NOT_UNIQUE		0xc000062100000000ULL
#define TDX_VCPU_STATE_INCORRECT		0xc000070000000000ULL
#define TDX_VCPU_ASSOCIATED			0x8000070100000000ULL
#define TDX_VCPU_NOT_ASSOCIATED			0x8000070200000000ULL
#define TDX_MAX_VCPUS_EXCEEDED			0xc000070500000000ULL
#define TDX_TD_VMCS_FIELD_NOT_INITIALIZED	0xc000073000000000ULL
#define TDX_TD_KEYS_NOT_CONFIGURED		0x8000081000000000ULL
#define TDX_KEY_CONFIGURED			0x0000081500000000ULL
#define TDX_WBCACHE_NOT_COMPLETE		0x8000081700000000ULL
#define TDX_HKID_NOT_FREE			0xc000082000000000ULL
#define TDX_NO_HKID_READY_TO_WBCACHE		0x0000082100000000ULL
#define TDX_WBCACHE_RESUME_ERROR		0xc000082300000000ULL
#define TDX_FLUSHVP_NOT_DONE			0x8000082400000000ULL
#define TDX_INCONSISTENT_MSR			0xc000092000000000ULL
#define TDX_INCORRECT_MSR_VALUE			0xc000092100000000ULL
#define TDX_INVALID_TDMR			0xc0000a0000000000ULL
#define TDX_NON_ORDERED_TDMR			0xc0000a0100000000ULL
#define TDX_TDMR_ALREADY_INITIALIZED		0x00000a0300000000ULL
#define TDX_INVALID_PAMT			0xc0000a1000000000ULL
#define TDX_PAMT_OVERLAP			0xc0000a1200000000ULL
#define TDX_INVALID_RESERVED_IN_TDMR		0xc0000a2000000000ULL
#define TDX_NON_ORDERED_RESERVED_IN_TDMR	0xc0000a2100000000ULL
#define TDX_EPT_WALK_FAILED			0xc0000b0000000000ULL
#define TDX_EPT_ENTRY_NOT_PRESENT		0xc0000b0300000000ULL
#define TDX_GPA_RANGE_NOT_BLOCKED		0xc0000b0600000000ULL
#define TDX_GPA_RANGE_ALREADY_BLOCKED		0x00000b0700000000ULL
#define TDX_TLB_TRACKING_NOT_DONE		0xc0000b0800000000ULL
#define TDX_EPT_ENTRY_STATE_INCORRECT		0xc0000b0d00000000ULL
#define TDX_METADATA_FIELD_ID_INCORRECT		0xc0000c0000000000ULL
#define TDX_METADATA_FIELD_NOT_WRITABLE		0xc0000c0100000000ULL
#define TDX_METADATA_FIELD_NOT_READABLE		0xc0000c0200000000ULL
#define TDX_METADATA_FIELD_VALUE_NOT_VALID	0xc0000c0300000000ULL

/* A completion status without the operand and the like */
#define TDX_STATUS				GENMASK_ULL(63, 32)

/* Operand identifiers, in the low half of a status. */
enum tdx_operand {
	OPERAND_RAX		= 0,
	OPERAND_RCX		= 1,
	OPERAND_RDX		= 2,
	OPERAND_R8		= 8,
	OPERAND_R9		= 9,
	OPERAND_ATTRIBUTES	= 64,
	OPERAND_XFAM		= 65,
	OPERAND_EXEC_CONTROLS	= 66,
	OPERAND_EPTP_CONTROLS	= 67,
	OPERAND_MAX_VCPUS	= 68,
	OPERAND_CPUID_CONFIG	= 69,
	OPERAND_TSC_FREQUENCY	= 70,
	OPERAND_NUM_L2_VMS	= 71,
	OPERAND_ARCH_CAPS	= 72,
	OPERAND_TDMR_INFO_PA	= 96,
	OPERAND_TDR		= 128,
	OPERAND_SEPT_TREE	= 146,
	OPERAND_KOT		= 186,
	OPERAND_WBCACHE		= 188,
};

/* Page types in the PAMT. */
enum tdx_page_type {
	PT_NDA			= 0,
	PT_RSVD			= 1,
	PT_REG			= 3,
	PT_TDR			= 4,
	PT_TDCX			= 5,
	PT_TDVPR		= 6,
	PT_EPT			= 8,
	NR_PT,
};

enum tdx_lifecycle {
	TD_HKID_ASSIGNED,
	TD_KEYS_CONFIGURED,
	TD_BLOCKED,
	TD_TEARDOWN,
};

enum tdx_op_state {
	OP_UNINITIALIZED,
	OP_INITIALIZED,
	OP_RUNNABLE,
};

/* Sets of them: while a TD is built, and once it can run */
#define OP_BUILD	BIT(OP_INITIALIZED)
#define OP_RUN		BIT(OP_RUNNABLE)

/* What the emulated platform and module offer. */
#define TDX_FIRST_KEYID		1
#define TDX_NR_KEYIDS		16
#define TDX_MAX_TDMRS		64
#define TDX_MAX_RESERVED	32
#define TDX_PAMT_ENTRY_SIZE	16
#define TDX_NR_TDCS_PAGES	6	/* at least, and one for each L2 VM */
#define TDX_MAX_TDCS_PAGES	9
#define TDX_TDCS_SEPT_ROOT	3	/* which of them is the root of the Secure EPT */
#define TDX_NR_TDVPS_PAGES	6	/* at least, and three for each L2 VM */
#define TDX_NR_L2_TDVPS_PAGES	3
#define TDX_MAX_TDVPS_PAGES	15
#define TDX_MAX_L2_VMS		3
#define TDX_MAX_VCPUS_PER_TD	64
#define TDX_ATTRIBUTES_FIXED0	0x10000000ULL	/* may be 1: SEPT_VE_DISABLE */
#define TDX_ATTRIBUTES_FIXED1	0ULL		/* must be 1 */
#define TDX_XFAM_FIXED0		0x7ULL
#define TDX_XFAM_FIXED1		0x3ULL

/* How a leaf locks something */
enum tdx_lock_mode {
	TDX_NO_LOCK,
	TDX_SHARED,
	TDX_EXCLUSIVE,
};

#define TDX_NR_CPUID_CONFIG	12
#define TDX_CPUID_NO_SUBLEAF	(~0U)

#define TDX_NR_RTMRS		4

/* What TDH.MNG.INIT is told, for reports */
enum tdx_td_id {
	TDX_MRCONFIGID,
	TDX_MROWNER,
	TDX_MROWNERCONFIG,
	NR_TDX_TD_IDS,
};

/**
 * struct tdx_cpuid_config - a CPUID leaf of which the host configures bits
 * @leaf:	EAX of CPUID
 * @subleaf:	ECX of CPUID, or TDX_CPUID_NO_SUBLEAF
 * @mask:	bits that are configurable: EAX, EBX, ECX, EDX
 */
struct tdx_cpuid_config {
	u32	leaf;
	u32	subleaf;
	u32	mask[4];
};

extern const struct tdx_cpuid_config tdx_emul_cpuid_configs[TDX_NR_CPUID_CONFIG];

/**
 * struct pamt_entry - what the module knows of a 4 KiB page; lives in the
 *		       memory that the host donated for it
 * @owner:	physical address of the TDR
 * @type:	enum tdx_page_type
 * @epoch:	TD epoch in which the page was blocked
 * @csum:	of what is in memory, i.e. of the scrambled contents; 0 if that is
 *		not checked
 *
 * Of a page that the host has got back the module knows nothing, but the memory
 * controller and the caches do. For that there is:
 * @back_csum:	what was in memory when the host got it
 * @dirty_keyid: KeyID of the cache lines that are not written back, 0 for none
 * @back_rsvd:	the rest of @owner, 0
 * @back_type:	@type, PT_NDA
 * @private_lines: 64-byte lines that are still private, a bit for each, on a CPU
 *		where that matters, see tdx_emul_has_erratum()
 */
struct pamt_entry {
	union {
		struct {
			u64	owner : 56;
			u64	type : 8;
		};
		struct {
			u64	back_csum : 32;
			u64	dirty_keyid : 16;
			u64	back_rsvd : 8;
			u64	back_type : 8;
		};
	};
	union {
		struct {
			u32	epoch;
			u32	csum;
		};
		u64	private_lines;
	};
};

/**
 * struct tdx_emul_td - a TD: what the real module keeps in TDR and TDCS
 * @tdr:	physical address of the TDR, 0 if the slot is free
 * @lifecycle:	state of the TD's key
 * @op_state:	state of the TD's contents
 * @fatal:	the TD is lost: nothing but its teardown is possible
 * @hkid:	key identifier, as long as @lifecycle is not TD_TEARDOWN
 * @key:	what private memory is scrambled with
 * @keyed:	packages that the key is configured on
 * @flushing:	packages where a cache write-back that includes the TD goes on
 * @flushed:	packages whose caches are written back after TD_BLOCKED
 * @nr_children: pages that belong to the TD, without the TDR
 * @nr_tdcx:	pages of the TDCS so far
 * @tdcs:	their physical addresses
 * @root_level:	level of the entries in the root: 3 or 4
 * @shared_bit:	the topmost bit of a guest physical address: 47 or 51
 * @no_rbp_mod:	RBP is not passed by TDG.VP.VMCALL, and stays at a TD exit
 * @attributes:	as given to TDH.MNG.INIT
 * @xfam:	as given to TDH.MNG.INIT
 * @mrconfigid:	first eight bytes of what was given to TDH.MNG.INIT
 * @ids:	all of it, and the likes of it
 * @max_vcpus:	as given to TDH.MNG.INIT
 * @nr_l2_vms:	as given to TDH.MNG.INIT; only page numbers depend on it
 * @tsc_khz:	TSC frequency that the TD sees
 * @cpuid:	as given to TDH.MNG.INIT, but 0 as family and model is the CPU's
 * @nr_vcpus:	initialised vCPUs
 * @nr_assoc:	vCPUs that are associated with a logical processor
 * @epoch:	TLB tracking epoch
 * @measured:	state of the running measurement
 * @mrtd:	the final measurement, once @op_state is OP_RUNNABLE
 * @rtmr:	what the TD has measured itself
 * @npt_root:	nested page table that it runs on, NULL if it never has
 */
struct tdx_emul_td {
	u64			tdr;
	enum tdx_lifecycle	lifecycle;
	enum tdx_op_state	op_state;
	bool			fatal;
	u16			hkid;
	u64			key;
	u64			keyed;
	u64			flushing;
	u64			flushed;
	u64			nr_children;
	unsigned int		nr_tdcx;
	u64			tdcs[TDX_MAX_TDCS_PAGES];
	int			root_level;
	int			shared_bit;
	bool			no_rbp_mod;
	u64			attributes;
	u64			xfam;
	u64			mrconfigid;
	u8			ids[NR_TDX_TD_IDS][SHA384_DIGEST_SIZE];
	unsigned int		max_vcpus;
	unsigned int		nr_l2_vms;
	u32			tsc_khz;
	u32			cpuid[TDX_NR_CPUID_CONFIG][4];
	unsigned int		nr_vcpus;
	unsigned int		nr_assoc;
	u32			epoch;
	struct sha384_ctx	measured;
	u8			mrtd[SHA384_DIGEST_SIZE];
	u8			rtmr[TDX_NR_RTMRS][SHA384_DIGEST_SIZE];
	u64			*npt_root;
};

/* Where a leaf can pause: before it locks anything, inside, when it has unlocked */
enum tdx_pause_id {
	TDX_PAUSE_BEFORE,
	TDX_PAUSE_INSIDE,
	TDX_PAUSE_AFTER,
	NR_TDX_PAUSES,
};

/**
 * struct tdx_pause - time that a leaf takes
 * @in:		the pause is made on this call from now on, 0 if none is pending
 * @us:		how long it is
 * @going_on:	CPUs that are in it; 0 while they are ends it
 *
 * All are protected by coco_emul_lock, but @going_on is polled without it.
 */
struct tdx_pause {
	u64		in;
	u64		us;
	unsigned int	going_on;
};

/**
 * struct tdx_pauses - the pauses of a leaf
 * @name:	its name in the debugfs file "pause"
 * @node:	in the list of all, which does not change after boot
 * @at:		by enum tdx_pause_id
 */
struct tdx_pauses {
	const char		*name;
	struct list_head	node;
	struct tdx_pause	at[NR_TDX_PAUSES];
};

/**
 * struct tdx_leaf - a leaf of SEAMCALL
 * @point:	name, counter and fault
 * @pauses:	where a test can have it take its time
 * @nr:		number, RAX[15:0]
 * @max_version: highest version, RAX[23:16]
 * @before_ready: may be called before the module is ready
 * @before_lp_init: may be called before TDH.SYS.LP.INIT on the same CPU
 * @fn:		carries it out, returns the completion status
 *
 * A table of them ends with a row without @fn.
 */
struct tdx_leaf {
	struct coco_emul_point	*point;
	struct tdx_pauses	*pauses;
	u16			nr;
	u8			max_version;
	bool			before_ready;
	bool			before_lp_init;
	u64			(*fn)(struct pt_regs *regs);
};

#define TDX_LEAF(_name, _nr, _fn, ...)			\
	{						\
		.point	= COCO_EMUL_POINT(_name),	\
		.pauses	= &(struct tdx_pauses){},	\
		.nr	= _nr,				\
		.fn	= _fn,				\
		__VA_ARGS__				\
	}

#define TDX_INSN(_name, _emulate, _prefix, _mask, _modrm, _mem, ...)	\
	{								\
		.point		= COCO_EMUL_POINT(_name),		\
		.opcode		= { __VA_ARGS__ },			\
		.nr_opcode	= sizeof((u8 []){ __VA_ARGS__ }),	\
		.prefix		= _prefix,				\
		.modrm_mask	= _mask,				\
		.modrm		= _modrm,				\
		.mem		= _mem,					\
		.emulate	= _emulate,				\
	}

/* As real CPUs do: five levels of EPT if there are addresses that need them. */
static inline bool tdx_emul_has_5level_ept(void)
{
	return boot_cpu_data.x86_phys_bits > 48;
}

/**
 * tdx_emul_is_shared() - may the host name this address to the module?
 * @pa:		physical address, without a private KeyID
 * @align:	a power of two
 */
static inline bool tdx_emul_is_shared(u64 pa, u64 align)
{
	return !(pa & (align - 1)) && !(pa >> boot_cpu_data.x86_phys_bits);
}

/* host.c */
extern const struct coco_emul_host tdx_emul_host;
bool tdx_emul_has_erratum(void);

/* movdir.c */
extern const struct coco_emul_insn tdx_emul_movdir_insns[];

/* vmx.c */
extern const struct coco_emul_insn tdx_emul_vmx_insns[];
bool tdx_emul_vmx_root(void);

/* seamcall.c: the way into the module */
#define SEAMCALL_VERSION	GENMASK_ULL(23, 16)
extern const struct coco_emul_insn tdx_emul_seamcall_insns[];
void tdx_emul_seamcall_init(void);

/* lock.c */
u64 tdx_emul_lock_page(u64 pa, enum tdx_lock_mode mode, enum tdx_operand operand);
u64 tdx_emul_lock_sept(u64 tdr, enum tdx_lock_mode mode);
u64 tdx_emul_lock_kot(enum tdx_lock_mode mode);
u64 tdx_emul_lock_wbcache(void);
void tdx_emul_unlock_all(void);
void tdx_emul_pauses_add(struct tdx_pauses *pauses, const char *name);
void tdx_emul_pause(struct tdx_pauses *pauses, enum tdx_pause_id id);
void tdx_emul_lock_init(struct dentry *debugfs);

/* sys.c: bring-up of the module, TDMRs and the PAMT in them */
extern const struct tdx_leaf tdx_emul_sys_leaves[];
u64 tdx_emul_this_package(void);
bool tdx_emul_all_packages(u64 packages);
bool tdx_emul_sys_is_ready(void);
u16 tdx_emul_global_keyid(void);
u64 tdx_emul_check_tsc_adjust(void);
u64 tdx_emul_sys_field(u64 id, u64 *val);
bool tdx_emul_sys_lp_is_ready(void);
struct pamt_entry *tdx_emul_pamt(u64 pa);
void tdx_emul_pamt_census(u64 count[NR_PT]);

/* page.c: whose pages are, and what is in them */
u64 tdx_emul_page_find(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
		       struct pamt_entry **pamt);
u64 tdx_emul_page_check(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
			enum tdx_page_type type, struct pamt_entry **pamt);
const void *tdx_emul_page_contents(u64 pa);
bool tdx_emul_page_is_intact(u64 pa, const struct pamt_entry *pamt);
void tdx_emul_page_take(u64 pa, struct pamt_entry *pamt, enum tdx_page_type type, u64 owner);
void tdx_emul_page_free(u64 pa, struct pamt_entry *pamt, u16 dirty_keyid);
void tdx_emul_page_write_back(u64 pa, struct pamt_entry *pamt, u16 keyid);
void tdx_emul_line_reset(u64 pa);
bool tdx_emul_page_is_owned(u64 pa);
void tdx_emul_page_init(struct dentry *debugfs);

/* params.c: how a TD is to be */
#define TDX_PARAMS_SIZE		1024
u64 tdx_emul_td_params(struct tdx_emul_td *td, u64 pa, struct pt_regs *regs);

/* td.c */
extern const struct tdx_leaf tdx_emul_mng_leaves[];
struct tdx_emul_td *tdx_emul_td_find(u64 tdr);
u64 tdx_emul_td_operand(u64 pa, enum tdx_operand operand, enum tdx_lock_mode mode,
			unsigned int op_states, struct tdx_emul_td **td);
u64 tdx_emul_td_check_state(struct tdx_emul_td *td, unsigned int op_states);
void tdx_emul_td_own_page(struct tdx_emul_td *td, u64 pa, struct pamt_entry *pamt,
			  enum tdx_page_type type);
void tdx_emul_td_take_page(struct tdx_emul_td *td, u64 pa, struct pamt_entry *pamt,
			   enum tdx_page_type type);
void tdx_emul_td_lose(struct tdx_emul_td *td, const char *why);
void tdx_emul_td_invalidate(void);
bool tdx_emul_td_write_back_start(void);
void tdx_emul_td_write_back_end(void);
int tdx_emul_td_init(struct dentry *debugfs);

/* td_mem.c: what a TD that runs has of its memory */
u64 *tdx_emul_td_npt(struct tdx_emul_td *td);
void *tdx_emul_td_private_page(struct tdx_emul_td *td, u64 gpa, u64 pa, bool zero);
void tdx_emul_td_block(struct tdx_emul_td *td, u64 gpa, int level);
void tdx_emul_td_remove(struct tdx_emul_td *td, u64 gpa);
bool tdx_emul_td_map_shared(struct tdx_emul_td *td, u64 gpa, u64 npte);
void tdx_emul_td_unmap_shared(struct tdx_emul_td *td);
void tdx_emul_td_free_memory(struct tdx_emul_td *td);

/* vp.c */
extern const struct tdx_leaf tdx_emul_vp_leaves[];
void tdx_emul_vp_free(u64 tdvpr);
bool tdx_emul_vp_runs_before(const struct tdx_emul_td *td, u32 epoch);

/* sept.c */
#define SEPTE_LEAF		BIT_ULL(7)
#define SEPTE_PA		GENMASK_ULL(51, 12)

enum sept_state {
	SEPT_FREE		= 0,
	SEPT_BLOCKED		= 1,
	SEPT_PENDING		= 2,
	SEPT_PENDING_BLOCKED	= 3,
	SEPT_MAPPED		= 4,
};

/**
 * struct sept_walk - where a walk of the Secure EPT ended
 * @gpa:	guest physical address that was looked for
 * @level:	level of the entry, 0 for that of a 4 KiB page
 * @pa:		physical address of the entry
 * @entry:	the entry itself
 */
struct sept_walk {
	u64	gpa;
	int	level;
	u64	pa;
	u64	entry;
};

void tdx_emul_septe_write(struct tdx_emul_td *td, u64 pa, u64 entry);
enum sept_state tdx_emul_septe_state(u64 entry);
u64 tdx_emul_septe_make(u64 pa, bool leaf, enum sept_state state);
u64 tdx_emul_sept_status(struct pt_regs *regs, const struct sept_walk *walk, u64 status);
u64 tdx_emul_sept_walk(struct pt_regs *regs, struct tdx_emul_td *td, enum tdx_lock_mode mode,
		       u64 gpa, int level, struct sept_walk *walk);
u64 tdx_emul_sept_find(struct tdx_emul_td *td, u64 gpa, int level, struct sept_walk *walk);
void tdx_emul_sept_show(struct seq_file *m, struct tdx_emul_td *td);

/* mem.c: private memory */
extern const struct tdx_leaf tdx_emul_mem_leaves[];

/* mrtd.c: measurement */
extern const struct tdx_leaf tdx_emul_mr_leaves[];
void tdx_emul_mrtd_block(struct tdx_emul_td *td, const char *operation, u64 gpa);

/* phymem.c: physical pages */
extern const struct tdx_leaf tdx_emul_phymem_leaves[];

/* calls.c */
extern const struct coco_emul_call tdx_emul_calls[];

#endif /* _ARCH_X86_VIRT_COCO_EMUL_TDX_H */
