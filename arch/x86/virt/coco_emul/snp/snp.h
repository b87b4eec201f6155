/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated SEV-SNP host: what the RMP, the firmware and its mailbox device
 * know of each other. Everything here is protected by coco_emul_lock.
 *
 * Numbers are those of the AMD64 Architecture Programmer's Manual and of the
 * SEV Secure Nested Paging Firmware ABI Specification.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_SNP_H
#define _ARCH_X86_VIRT_COCO_EMUL_SNP_H

#include <linux/fs.h>	/* for psp-sev.h */
#include <linux/psp-sev.h>
#include <linux/types.h>

#include <crypto/sha2.h>

#include "../coco_emul.h"

struct snp_cpuid_table;

/*
 * Version of the firmware ABI. From 1.52 on the ccp driver uses SNP_INIT_EX, from
 * 1.58 on more policy bits.
 */
#define PSP_API_MAJOR		1
#define PSP_API_MINOR		55
#define PSP_BUILD		1

/* A certificate of the "Secure Encrypted Virtualization API" */
#define PSP_CERT_SIZE		2084

/* More than any ASID that the platform can have. Real firmware counts pages of that many. */
#define SNP_EMUL_NR_ASIDS	1024

/*
 * The C-bit, CPUID Fn8000_001F EBX: the topmost of the 40 physical address bits of
 * QEMU's CPUs, so that the CPU takes it in page tables of a guest.
 */
#define SNP_EMUL_C_BIT		39

/*
 * Page states of the SEV-SNP firmware ABI ("Page States"). The RMP entry tells
 * them apart by the bits named; the hypervisor sees only some of these bits.
 */
enum rmp_page_state {
	RMP_HYPERVISOR,		/* not assigned */
	RMP_HV_FIXED,		/* not assigned, and cannot be */
	RMP_FIRMWARE,		/* assigned, immutable, no ASID */
	RMP_CONTEXT,		/* as firmware, holds a guest context */
	RMP_RECLAIM,		/* assigned, no ASID */
	RMP_PRE_GUEST,		/* assigned, ASID, immutable */
	RMP_GUEST_INVALID,	/* assigned, ASID */
	RMP_GUEST_VALID,	/* assigned, ASID, validated */
	NR_RMP_STATES,
};

/**
 * struct rmp_page - what the platform knows of a 4 KiB page of memory
 * @gpa:	guest physical address it is assigned at
 * @plain:	what the guest has in it, NULL as long as it has not looked
 * @sum:	checksum of what is in a page of a guest or in the VMSA of an SEV-ES guest,
 *		to find host writes to it
 * @asid:	owner
 * @state:	page state
 * @large:	first page of a 2 MiB entry
 * @busy:	a VMSA or a VMCB that a CPU runs from
 * @type:	page type of the launch update that made it guest-valid, or VMSA if the
 *		guest, or LAUNCH_UPDATE_VMSA, has made it one
 */
struct rmp_page {
	u64			gpa;
	void			*plain;
	u32			sum;
	u32			asid;
	enum rmp_page_state	state : 8;
	bool			large : 1;
	bool			busy  : 1;
	u8			type  : 3;
};

/* States of the SEV-SNP firmware ABI ("Guest State Machine") */
enum psp_guest_state {
	PSP_GUEST_NONE,		/* no guest in this slot */
	PSP_GUEST_INIT,
	PSP_GUEST_LAUNCH,
	PSP_GUEST_RUNNING,
};

#define PSP_NR_VMPLS		4

/* "Virtual Machine Platform Communication Keys" */
#define PSP_VMPCK_SIZE		32

/* "MSG_REPORT_REQ" */
#define PSP_REPORT_REQ_SIZE	96

/**
 * struct psp_guest - a guest context
 * @gctx:	physical address of the context page
 * @policy:	guest policy
 * @nr_pages:	pages that launch updates have made guest-valid
 * @key:	what its memory is scrambled with
 * @asid:	ASID it is activated with, 0 if it is not
 * @state:	state of the guest
 * @imi:	it is the initial image of a migration
 * @author_key:	the launch was finished with an author's key
 * @vcek_disabled: it must not be attested with the key of the chip
 * @svn:	security version number, of the ID block
 * @family_id:	of the ID block
 * @image_id:	of the ID block
 * @id_key_digest: of the key that has signed the ID block
 * @author_key_digest: of the author's key
 * @host_data:	what the host has added to the report
 * @report_id:	what its reports have in common
 * @msg_count:	how many messages there were with each of its keys
 * @gosvw:	workarounds that the host has applied
 * @ld:		launch digest
 *
 * Real firmware keeps this, encrypted, in the context page.
 */
struct psp_guest {
	u64			gctx;
	u64			policy;
	u64			nr_pages;
	u64			key;
	u32			asid;
	enum psp_guest_state	state;
	bool			imi;
	bool			author_key;
	bool			vcek_disabled;
	u32			svn;
	u8			family_id[16];
	u8			image_id[16];
	u8			id_key_digest[SHA384_DIGEST_SIZE];
	u8			author_key_digest[SHA384_DIGEST_SIZE];
	u8			host_data[32];
	u8			report_id[SHA256_DIGEST_SIZE];
	u64			msg_count[PSP_NR_VMPLS];
	u8			gosvw[16];
	u8			ld[SHA384_DIGEST_SIZE];
};

/**
 * struct psp_cmd - a firmware command
 * @id:		command number in the mailbox
 * @point:	name, counter and fault
 * @len:	length of the command buffer, 0 if there is none
 * @snp:	refused as long as SNP is not initialized
 * @writes:	legacy command that writes to the command buffer, which therefore
 *		has to be a firmware page once SNP is initialized, and has to be
 *		reclaimed afterwards
 * @delay_ms:	milliseconds that a test wants it to take longer
 * @fn:		carries it out on the command buffer, returns a status
 *
 * A table of them ends with a row without @fn.
 */
struct psp_cmd {
	u16			id;
	struct coco_emul_point	*point;
	u16			len;
	bool			snp;
	bool			writes;
	unsigned int		*delay_ms;
	u16			(*fn)(void *buf);
};

#define PSP_CMD(_id, _len, _fn, ...)			\
	{						\
		.id	= SEV_CMD_##_id,		\
		.point	= COCO_EMUL_POINT(#_id),	\
		.len	= _len,				\
		.delay_ms = &(unsigned int){ 0 },	\
		.fn	= _fn,				\
		__VA_ARGS__				\
	}

/* host.c */
extern const struct coco_emul_host snp_emul_host;

/* fault.c */
struct snp_emul_range {
	unsigned long	start;
	unsigned long	end;
};

extern unsigned long *snp_emul_fault_map;
extern unsigned long snp_emul_fault_base;
extern unsigned long snp_emul_fault_nr;
int snp_emul_fault_init(struct dentry *debugfs);
void snp_emul_fault_assigned(u64 pfn, bool assigned);
struct snp_emul_range snp_emul_fault_unflushed(void);
void snp_emul_fault_flush(struct snp_emul_range range);
void snp_emul_fault_settle(struct pt_regs *regs);
void snp_emul_fault_off(void);
void snp_emul_fault_on(void);

/* fault_entry.S */
asmlinkage void snp_emul_exc_page_fault(void);

/* rmp.c */
extern const struct coco_emul_insn snp_emul_rmp_insns[];
int snp_emul_rmp_init(struct dentry *debugfs);
bool snp_emul_rmp_owns(u64 pa);
struct rmp_page *snp_emul_rmp_page(u64 pa);
bool snp_emul_rmp_is_large(struct rmp_page *page);
bool snp_emul_rmp_is_immutable(struct rmp_page *page);
void snp_emul_rmp_set(struct rmp_page *page, enum rmp_page_state state, u64 gpa, u32 asid);
void snp_emul_rmp_check(struct rmp_page *page);
void snp_emul_rmp_seal(struct rmp_page *page);
void snp_emul_rmp_seal_vmsa(struct rmp_page *page);
bool snp_emul_rmp_vmsa_intact(struct rmp_page *page);
void snp_emul_rmp_encrypt(struct rmp_page *page, u64 key, u8 type);
void *snp_emul_rmp_data(struct rmp_page *page);
u64 snp_emul_rmp_nr_of(u32 asid);
void snp_emul_rmp_busy(struct rmp_page *page, bool busy);
bool snp_emul_rmp_in_use(void);
void snp_emul_rmp_configure(const struct sev_data_range_list *list);
void snp_emul_rmp_validate(struct rmp_page *page, bool validate);

/* plain.c */
void *snp_emul_plain(struct rmp_page *page, u64 key);
void snp_emul_plain_drop(struct rmp_page *page);
void snp_emul_plain_unmap(void);
u64 snp_emul_plain_enter(void);
void snp_emul_plain_leave(void);
void snp_emul_plain_init(void);

/* psp.c */
void snp_emul_psp_init(struct dentry *debugfs);
u16 snp_emul_psp_command(u32 id, u64 buf_pa);

/* psp_platform.c */
extern const struct psp_cmd snp_emul_psp_platform_cmds[];
bool snp_emul_psp_snp_is_up(void);
bool snp_emul_psp_sev_is_up(void);
bool snp_emul_psp_es_is_up(void);

/* psp_buf.c */
void snp_emul_psp_tmr_set(u64 pa, u64 len);
void *snp_emul_psp_ram(u64 pa, size_t len);
u16 snp_emul_psp_output(u64 pa, size_t len, void **out);
u16 snp_emul_psp_check_output(u64 pa, u32 len);
void snp_emul_psp_put(u64 pa, const void *data, u32 len);
void snp_emul_psp_get(u64 pa, u32 len, void (*fn)(void *arg, const void *data, size_t len),
		      void *arg);

/* psp_asid.c */
extern unsigned int snp_emul_max_asid, snp_emul_min_sev_asid;
void snp_emul_psp_asids_init(void);
void snp_emul_psp_asids_flush(void);
bool snp_emul_psp_asids_clean(void);
u16 snp_emul_psp_asid_activate(u32 *owned, u32 asid, bool es, bool runs);
void snp_emul_psp_asid_run(u32 asid);
void snp_emul_psp_asid_release(u32 *owned);
bool snp_emul_psp_asid_runs(u32 asid);

/* psp_sev.c */
extern const struct psp_cmd snp_emul_psp_sev_cmds[];
int snp_emul_psp_sev_init(struct dentry *debugfs);
unsigned int snp_emul_psp_nr_sev_guests(void);
void snp_emul_psp_sev_guests_end(void);

/* psp_guest.c */
extern const struct psp_cmd snp_emul_psp_guest_cmds[];
int snp_emul_psp_guest_init(struct dentry *debugfs);
u16 snp_emul_psp_guest(u64 gctx, struct psp_guest **guest);
unsigned int snp_emul_psp_nr_guests(void);
struct psp_guest *snp_emul_psp_guest_of_asid(u32 asid);
void snp_emul_psp_guests_forget(void);

/* psp_cpuid.c */
u16 snp_emul_psp_check_cpuid(struct snp_cpuid_table *table);

/* psp_launch.c */
extern const struct psp_cmd snp_emul_psp_launch_cmds[];

/* psp_msg.c */
extern const struct psp_cmd snp_emul_psp_msg_cmds[];
void snp_emul_psp_vmpck(const struct psp_guest *guest, unsigned int vmpl,
			u8 key[PSP_VMPCK_SIZE]);

/* psp_report.c */
u16 snp_emul_psp_report(const struct psp_guest *guest, unsigned int vmpl, const void *request,
			void *response);

/* psp_pci.c */
int snp_emul_psp_pci_init(void);
void snp_emul_psp_pci_reserve(void);

/* svm.c */
extern const struct coco_emul_insn snp_emul_svm_insns[];

/* calls.c */
extern const struct coco_emul_call snp_emul_calls[];

#endif /* _ARCH_X86_VIRT_COCO_EMUL_SNP_H */
