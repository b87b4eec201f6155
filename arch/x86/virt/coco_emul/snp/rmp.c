// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reverse map table of the emulated SEV-SNP host: the page states, and
 * RMPUPDATE, RMPREAD and PSMASH as the AMD64 Architecture Programmer's Manual,
 * "System Instruction Reference", describes them.
 *
 * The table is a plain array: there is no RMP in memory that the kernel could
 * read directly. The CPU claims to have RMPREAD, so the kernel does not try.
 *
 * A host write to an assigned page faults, see fault.c, if it comes through the
 * direct map. For all others a checksum is taken when a page is assigned to a
 * guest, and compared when its state changes: a host write in between is counted
 * as "host-writes". What the firmware encrypts is scrambled, so that a host read
 * yields garbage.
 *
 * debugfs, directory coco_emul:
 *   rmp	"<state> <pages>" per line, then "host-writes <n>": host writes to
 *		pages of guests that were found out
 *   pages	"<asid> <gpa> <pfn> <state> <type>" per page of a guest
 *   freed	"<pfn> <state>" per page that is free, although it is a guest's or has
 *		to be reclaimed: whoever gets it next cannot use it. There is no
 *		such page.
 */
#include <linux/debugfs.h>
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <asm/sev.h>

#include "snp.h"

/* Results in EAX that asm/sev.h does not name */
#define RMP_OK			0
#define RMP_FAIL_INPUT		1
#define RMP_FAIL_PERMISSION	2
#define RMP_FAIL_INUSE		3

/* What RMPREAD stores */
struct rmpread_entry {
	u64	gpa;
	u8	assigned;
	u8	pagesize;
	u8	immutable;
	u8	rsvd;
	u32	asid;
} __packed;

static const char *const state_names[NR_RMP_STATES] = {
	[RMP_HYPERVISOR]	= "hypervisor",
	[RMP_HV_FIXED]		= "hv-fixed",
	[RMP_FIRMWARE]		= "firmware",
	[RMP_CONTEXT]		= "context",
	[RMP_RECLAIM]		= "reclaim",
	[RMP_PRE_GUEST]		= "pre-guest",
	[RMP_GUEST_INVALID]	= "guest-invalid",
	[RMP_GUEST_VALID]	= "guest-valid",
};

/* Indexed by pfn. */
static struct rmp_page *rmp;
static u64 rmp_nr_pages;

/* Where there is memory, in ascending order */
static struct pfn_range {
	u64 start;
	u64 end;
} memory[32] __ro_after_init;
static unsigned int nr_memory __ro_after_init;

static u64 nr_in_state[NR_RMP_STATES];
static u64 nr_of_asid[SNP_EMUL_NR_ASIDS];
static u64 nr_host_writes;
static unsigned int nr_busy;

/**
 * snp_emul_rmp_page() - the entry of a page
 * @pa:	physical address
 *
 * Return: NULL if @pa is not covered by the RMP.
 */
struct rmp_page *snp_emul_rmp_page(u64 pa)
{
	u64 pfn = PHYS_PFN(pa);

	if (pfn >= rmp_nr_pages || !pfn_valid(pfn))
		return NULL;

	return &rmp[pfn];
}

/**
 * snp_emul_rmp_data() - the memory that an entry is about
 * @page:	entry of the page
 *
 * Return: address in the direct map.
 */
void *snp_emul_rmp_data(struct rmp_page *page)
{
	return __va(PFN_PHYS(page - rmp));
}

static u32 page_sum(struct rmp_page *page)
{
	return coco_emul_checksum(snp_emul_rmp_data(page));
}

static bool is_of_guest(struct rmp_page *page)
{
	return page->state >= RMP_PRE_GUEST;
}

static bool is_assigned(enum rmp_page_state state)
{
	return state != RMP_HYPERVISOR && state != RMP_HV_FIXED;
}

/**
 * snp_emul_rmp_owns() - is this page assigned, to a guest or to the firmware?
 * @pa:		physical address
 */
bool snp_emul_rmp_owns(u64 pa)
{
	struct rmp_page *page = snp_emul_rmp_page(pa);

	return page && is_assigned(page->state);
}

static bool is_memory(struct rmp_page *page)
{
	u64 pfn = page - rmp;
	unsigned int i;

	for (i = 0; i < nr_memory; i++) {
		if (pfn >= memory[i].start && pfn < memory[i].end)
			return true;
	}

	return false;
}

/**
 * snp_emul_rmp_check() - find out whether the host has written to a page
 * @page:	entry of the page; one that is not of a guest may be written to
 */
void snp_emul_rmp_check(struct rmp_page *page)
{
	if (is_of_guest(page) && page->sum != page_sum(page))
		nr_host_writes++;
}

/**
 * snp_emul_rmp_seal() - from now on the host must not write to a page
 * @page:	entry of the page
 */
void snp_emul_rmp_seal(struct rmp_page *page)
{
	if (is_of_guest(page))
		page->sum = page_sum(page);
}

/**
 * snp_emul_rmp_seal_vmsa() - a page is the VMSA of an SEV-ES guest as it is now
 * @page:	entry of the page
 */
void snp_emul_rmp_seal_vmsa(struct rmp_page *page)
{
	if (is_of_guest(page))
		return;

	page->type = SNP_PAGE_TYPE_VMSA;
	page->sum = page_sum(page);
}

/**
 * snp_emul_rmp_vmsa_intact() - is a page the VMSA that it was?
 * @page:	entry of the page
 */
bool snp_emul_rmp_vmsa_intact(struct rmp_page *page)
{
	return page->state == RMP_HYPERVISOR && page->type == SNP_PAGE_TYPE_VMSA &&
	       page->sum == page_sum(page);
}

static void set_state(struct rmp_page *page, enum rmp_page_state state)
{
	lockdep_assert_held(&coco_emul_lock);

	if (is_assigned(page->state) != is_assigned(state)) {
		snp_emul_fault_assigned(page - rmp, is_assigned(state));
		/* Guests may share it, and write to it. */
		snp_emul_plain_unmap();
	}
	if (page->state == RMP_GUEST_VALID && state != RMP_GUEST_VALID)
		snp_emul_plain_unmap();

	nr_in_state[page->state]--;
	nr_in_state[state]++;
	page->state = state;
}

/**
 * snp_emul_rmp_set() - give a page another state and owner
 * @page:	entry of the page
 * @state:	new state
 * @gpa:	guest physical address, 0 if there is no owner
 * @asid:	owner, 0 for none
 */
void snp_emul_rmp_set(struct rmp_page *page, enum rmp_page_state state, u64 gpa, u32 asid)
{
	snp_emul_rmp_check(page);
	if (state < RMP_GUEST_INVALID || page->asid != asid || page->gpa != gpa)
		snp_emul_plain_drop(page);
	/* LAUNCH_UPDATE_VMSA is for a page of the firmware's, which the host takes back. */
	if (is_of_guest(page) || state >= RMP_PRE_GUEST)
		page->type = 0;
	set_state(page, state);
	nr_of_asid[page->asid]--;
	nr_of_asid[asid]++;
	page->gpa = gpa;
	page->asid = asid;
	snp_emul_rmp_seal(page);
}

/**
 * snp_emul_rmp_encrypt() - turn the plaintext in a page into guest memory
 * @page:	entry of the page, in state pre-guest
 * @key:	key of the guest
 * @type:	page type given to the launch update
 */
void snp_emul_rmp_encrypt(struct rmp_page *page, u64 key, u8 type)
{
	u64 *data = snp_emul_rmp_data(page);

	set_state(page, RMP_GUEST_VALID);
	page->type = type;
	coco_emul_scramble(key, __pa(data), data, data, PAGE_SIZE);
	snp_emul_rmp_seal(page);
}

/**
 * snp_emul_rmp_validate() - PVALIDATE by the guest
 * @page:	entry of a page of the guest
 * @validate:	make it guest-valid, or guest-invalid; it keeps its contents
 */
void snp_emul_rmp_validate(struct rmp_page *page, bool validate)
{
	set_state(page, validate ? RMP_GUEST_VALID : RMP_GUEST_INVALID);
	page->type = 0;
}

/**
 * snp_emul_rmp_nr_of() - how many pages a guest has
 * @asid:	its ASID
 */
u64 snp_emul_rmp_nr_of(u32 asid)
{
	lockdep_assert_held(&coco_emul_lock);

	return nr_of_asid[asid];
}

/**
 * snp_emul_rmp_is_immutable() - does it take a command to get a page back?
 * @page:	entry of the page
 */
bool snp_emul_rmp_is_immutable(struct rmp_page *page)
{
	return page->state == RMP_HV_FIXED || page->state == RMP_FIRMWARE ||
	       page->state == RMP_CONTEXT || page->state == RMP_PRE_GUEST;
}

static struct rmp_page *region_head(struct rmp_page *page)
{
	return rmp + ALIGN_DOWN(page - rmp, PTRS_PER_PMD);
}

/**
 * snp_emul_rmp_is_large() - is a page part of a 2 MiB entry?
 * @page:	entry of the page
 */
bool snp_emul_rmp_is_large(struct rmp_page *page)
{
	return region_head(page)->large;
}

static enum rmp_page_state state_after_update(const struct rmp_state *new)
{
	if (!new->assigned)
		return RMP_HYPERVISOR;

	if (new->asid)
		return new->immutable ? RMP_PRE_GUEST : RMP_GUEST_INVALID;

	return new->immutable ? RMP_FIRMWARE : RMP_RECLAIM;
}

static bool new_state_valid(const struct rmp_state *new)
{
	u64 size = new->pagesize == RMP_PG_SIZE_2M ? PMD_SIZE : PAGE_SIZE;

	if (new->assigned > 1 || new->pagesize > RMP_PG_SIZE_2M || new->immutable > 1 ||
	    new->rsvd || new->asid >= SNP_EMUL_NR_ASIDS || !IS_ALIGNED(new->gpa, size))
		return false;

	/* A page without a guest has no guest physical address. */
	if (!new->asid && new->gpa)
		return false;

	return new->assigned || (!new->asid && !new->immutable);
}

static u64 rmpupdate(u64 pa, const struct rmp_state *new)
{
	bool large = new->pagesize == RMP_PG_SIZE_2M;
	unsigned int nr = large ? PTRS_PER_PMD : 1, i;
	struct rmp_page *page = snp_emul_rmp_page(pa);

	if (!page || !new_state_valid(new) ||
	    !IS_ALIGNED(pa, large ? PMD_SIZE : PAGE_SIZE) ||
	    !snp_emul_rmp_page(pa + (nr - 1) * PAGE_SIZE))
		return RMP_FAIL_INPUT;

	for (i = 0; i < nr; i++) {
		if (snp_emul_rmp_is_immutable(&page[i]))
			return RMP_FAIL_PERMISSION;
		/* Not covered, as long as no SNP_INIT_EX has made it HV-fixed */
		if (!is_memory(&page[i]))
			return RMP_FAIL_INPUT;
		if (page[i].busy)
			return RMP_FAIL_INUSE;
	}

	/* 4 KiB pages of a 2 MiB entry, and the other way round */
	if (!large && snp_emul_rmp_is_large(page))
		return RMPUPDATE_FAIL_OVERLAP;
	for (i = 0; large && !page->large && i < nr; i++) {
		if (page[i].state != RMP_HYPERVISOR)
			return RMPUPDATE_FAIL_OVERLAP;
	}

	for (i = 0; i < nr; i++) {
		snp_emul_rmp_set(&page[i], state_after_update(new),
				 new->asid ? new->gpa + i * PAGE_SIZE : 0, new->asid);
	}
	page->large = large && new->assigned;

	return RMP_OK;
}

static bool rmp_result(struct pt_regs *regs, u64 status)
{
	regs->ax = status;
	coco_emul_set_flags(regs, status ? 0 : X86_EFLAGS_ZF);
	return true;
}

static bool emulate_rmpupdate(const struct coco_emul_insn *e, struct pt_regs *regs,
			      struct insn *insn)
{
	struct rmp_state new;
	u64 status;

	if (copy_from_kernel_nofault(&new, (void *)regs->cx, sizeof(new)))
		return false;

	if (!coco_emul_hit(e->point, &status))
		status = rmpupdate(regs->ax, &new);

	return rmp_result(regs, status);
}

static bool emulate_rmpread(const struct coco_emul_insn *e, struct pt_regs *regs,
			    struct insn *insn)
{
	struct rmp_page *page = snp_emul_rmp_page(regs->ax);
	struct rmpread_entry entry = {};
	u64 status;

	if (coco_emul_hit(e->point, &status))
		return rmp_result(regs, status);
	if (!page)
		return rmp_result(regs, RMP_FAIL_INPUT);

	entry.gpa = page->gpa;
	entry.asid = page->asid;
	entry.assigned = is_assigned(page->state);
	entry.immutable = snp_emul_rmp_is_immutable(page);
	entry.pagesize = page->large;
	if (copy_to_kernel_nofault((void *)regs->cx, &entry, sizeof(entry)))
		return false;

	return rmp_result(regs, RMP_OK);
}

static bool emulate_psmash(const struct coco_emul_insn *e, struct pt_regs *regs,
			   struct insn *insn)
{
	struct rmp_page *page = snp_emul_rmp_page(regs->ax);
	u64 status;

	if (coco_emul_hit(e->point, &status))
		return rmp_result(regs, status);
	if (!page || !IS_ALIGNED(regs->ax, PMD_SIZE) || !page->large)
		return rmp_result(regs, RMP_FAIL_INPUT);
	if (snp_emul_rmp_is_immutable(page))
		return rmp_result(regs, RMP_FAIL_PERMISSION);

	page->large = false;
	return rmp_result(regs, RMP_OK);
}

#define RMP_INSN(_name, _prefix, _modrm, _emulate)	\
	{						\
		.point		= COCO_EMUL_POINT(_name), \
		.prefix		= _prefix,		\
		.opcode		= { 0x0f, 0x01 },	\
		.nr_opcode	= 2,			\
		.modrm_mask	= 0xff,			\
		.modrm		= _modrm,		\
		.emulate	= _emulate,		\
	}

/* AMD64 Architecture Programmer's Manual, volume 3, "System Instruction Reference" */
const struct coco_emul_insn snp_emul_rmp_insns[] = {
	RMP_INSN("RMPUPDATE",	0xf2, 0xfe, emulate_rmpupdate),
	RMP_INSN("RMPREAD",	0xf2, 0xfd, emulate_rmpread),
	RMP_INSN("PSMASH",	0xf3, 0xff, emulate_psmash),
	{}
};

static int rmp_show(struct seq_file *m, void *v)
{
	u64 nr[NR_RMP_STATES], host_writes;
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(&coco_emul_lock, flags);
	memcpy(nr, nr_in_state, sizeof(nr));
	host_writes = nr_host_writes;
	raw_spin_unlock_irqrestore(&coco_emul_lock, flags);

	for (i = 0; i < NR_RMP_STATES; i++)
		seq_printf(m, "%s %llu\n", state_names[i], nr[i]);
	seq_printf(m, "host-writes %llu\n", host_writes);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rmp);

static int pages_show(struct seq_file *m, void *v)
{
	struct rmp_page page;
	unsigned long flags;
	u64 pfn;

	for (pfn = 0; pfn < rmp_nr_pages; pfn++) {
		if (!READ_ONCE(rmp[pfn].asid))
			continue;

		raw_spin_lock_irqsave(&coco_emul_lock, flags);
		page = rmp[pfn];
		raw_spin_unlock_irqrestore(&coco_emul_lock, flags);

		if (page.asid)
			seq_printf(m, "%u %#llx %#llx %s %u\n", page.asid, page.gpa, pfn,
				   state_names[page.state], page.type);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pages);

static int freed_show(struct seq_file *m, void *v)
{
	enum rmp_page_state state;
	unsigned long flags;
	u64 pfn;

	for (pfn = 0; pfn < rmp_nr_pages; pfn++) {
		if (!pfn_valid(pfn) || page_count(pfn_to_page(pfn)))
			continue;

		raw_spin_lock_irqsave(&coco_emul_lock, flags);
		state = rmp[pfn].state;
		raw_spin_unlock_irqrestore(&coco_emul_lock, flags);

		if (state >= RMP_RECLAIM)
			seq_printf(m, "%#llx %s\n", pfn, state_names[state]);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(freed);

/**
 * snp_emul_rmp_busy() - a CPU runs from a page, or no longer
 * @page:	entry of the page
 * @busy:	does it?
 */
void snp_emul_rmp_busy(struct rmp_page *page, bool busy)
{
	lockdep_assert_held(&coco_emul_lock);

	nr_busy += busy - page->busy;
	page->busy = busy;
}

/**
 * snp_emul_rmp_in_use() - does any CPU run a guest?
 */
bool snp_emul_rmp_in_use(void)
{
	lockdep_assert_held(&coco_emul_lock);

	return nr_busy;
}

static void configure_range(u64 start, u64 end, enum rmp_page_state state)
{
	u64 pfn;

	for (pfn = start; pfn < min(end, rmp_nr_pages); pfn++) {
		if (pfn_valid(pfn) && rmp[pfn].state != state)
			snp_emul_rmp_set(&rmp[pfn], state, 0, 0);
		rmp[pfn].large = false;
	}
}

/**
 * snp_emul_rmp_configure() - the RMP as the firmware leaves it when SNP starts
 * @list:	ranges that the hypervisor wants to keep for good, NULL for none
 *
 * Memory is the hypervisor's. All that is not can never become a guest's.
 */
void snp_emul_rmp_configure(const struct sev_data_range_list *list)
{
	const struct sev_data_range *range;
	u64 pfn = 0;
	u32 i;

	lockdep_assert_held(&coco_emul_lock);

	for (i = 0; i < nr_memory; i++) {
		configure_range(pfn, memory[i].start, RMP_HV_FIXED);
		configure_range(memory[i].start, memory[i].end, RMP_HYPERVISOR);
		pfn = memory[i].end;
	}
	configure_range(pfn, rmp_nr_pages, RMP_HV_FIXED);

	for (i = 0; list && i < list->num_elements; i++) {
		range = &list->ranges[i];
		pfn = PHYS_PFN(range->base);
		configure_range(pfn, pfn + range->page_count, RMP_HV_FIXED);
	}
}

static int __init add_memory(unsigned long pfn, unsigned long nr, void *unused)
{
	if (nr_memory == ARRAY_SIZE(memory))
		return -ENOSPC;

	memory[nr_memory++] = (struct pfn_range) { pfn, pfn + nr };
	return 0;
}

int __init snp_emul_rmp_init(struct dentry *debugfs)
{
	u64 nr = max_pfn;
	int ret;

	ret = walk_system_ram_range(0, nr, NULL, add_memory);
	if (ret)
		return ret;

	rmp = vcalloc(nr, sizeof(*rmp));
	if (!rmp)
		return -ENOMEM;

	nr_in_state[RMP_HYPERVISOR] = nr;
	nr_of_asid[0] = nr;
	rmp_nr_pages = nr;

	debugfs_create_file("rmp", 0400, debugfs, NULL, &rmp_fops);
	debugfs_create_file("pages", 0400, debugfs, NULL, &pages_fops);
	debugfs_create_file("freed", 0400, debugfs, NULL, &freed_fops);
	return 0;
}
