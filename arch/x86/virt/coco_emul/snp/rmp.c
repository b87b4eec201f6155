// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reverse map table of the emulated SEV-SNP host: the page states, and
 * RMPUPDATE, RMPREAD and PSMASH as the AMD64 Architecture Programmer's Manual,
 * "System Instruction Reference", describes them.
 *
 * The table is a plain array: there is no RMP in memory that the kernel could
 * read directly. The CPU claims to have RMPREAD, so the kernel does not try.
 *
 * What the RMP does on real hardware and this one cannot: make a host write to
 * an assigned page fault. Instead a checksum is taken when a page is assigned to
 * a guest, and compared when its state changes: a host write in between is
 * counted as "host-writes". What the firmware encrypts is scrambled, so that a
 * host read yields garbage.
 */
#include <linux/debugfs.h>
#include <linux/kprobes.h>
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

static u64 nr_in_state[NR_RMP_STATES];
static u64 nr_host_writes;

/**
 * rmp_emul_page() - the entry of a page
 * @pa:	physical address
 *
 * Return: NULL if @pa is not covered by the RMP.
 */
struct rmp_page *rmp_emul_page(u64 pa)
{
	u64 pfn = PHYS_PFN(pa);

	if (pfn >= rmp_nr_pages || !pfn_valid(pfn))
		return NULL;

	return &rmp[pfn];
}

NOKPROBE_SYMBOL(rmp_emul_page);

/**
 * rmp_emul_data() - the memory that an entry is about
 * @page:	entry of the page
 *
 * Return: address in the direct map.
 */
void *rmp_emul_data(struct rmp_page *page)
{
	return __va(PFN_PHYS(page - rmp));
}

NOKPROBE_SYMBOL(rmp_emul_data);

static u64 page_sum(struct rmp_page *page)
{
	u64 *words = rmp_emul_data(page), sum = page->gpa ^ page->asid;
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		sum = (sum ^ words[i]) * 0x100000001b3ULL;

	return sum;
}

NOKPROBE_SYMBOL(page_sum);

/*
 * Not a cipher: it only has to make the content useless to whoever reads or
 * compares it without going through the guest.
 */
static void page_scramble(struct rmp_page *page)
{
	u64 *words = rmp_emul_data(page), key = page->gpa ^ ((u64)page->asid << 52) ^ ~0ULL;
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++) {
		key ^= key << 13;
		key ^= key >> 7;
		key ^= key << 17;
		words[i] ^= key;
	}
}

NOKPROBE_SYMBOL(page_scramble);

static bool is_of_guest(struct rmp_page *page)
{
	return page->state >= RMP_PRE_GUEST;
}

NOKPROBE_SYMBOL(is_of_guest);

/**
 * rmp_emul_check() - find out whether the host has written to a page
 * @page:	entry of the page; one that is not of a guest may be written to
 */
void rmp_emul_check(struct rmp_page *page)
{
	if (is_of_guest(page) && page->sum != page_sum(page))
		nr_host_writes++;
}

NOKPROBE_SYMBOL(rmp_emul_check);

/**
 * rmp_emul_seal() - from now on the host must not write to a page
 * @page:	entry of the page
 */
void rmp_emul_seal(struct rmp_page *page)
{
	if (is_of_guest(page))
		page->sum = page_sum(page);
}

NOKPROBE_SYMBOL(rmp_emul_seal);

static void set_state(struct rmp_page *page, enum rmp_page_state state)
{
	lockdep_assert_held(&coco_emul_lock);

	nr_in_state[page->state]--;
	nr_in_state[state]++;
	page->state = state;
}

NOKPROBE_SYMBOL(set_state);

/**
 * rmp_emul_set() - give a page another state and owner
 * @page:	entry of the page
 * @state:	new state
 * @gpa:	guest physical address, 0 if there is no owner
 * @asid:	owner, 0 for none
 */
void rmp_emul_set(struct rmp_page *page, enum rmp_page_state state, u64 gpa, u32 asid)
{
	rmp_emul_check(page);
	set_state(page, state);
	page->gpa = gpa;
	page->asid = asid;
	page->type = 0;
	rmp_emul_seal(page);
}

NOKPROBE_SYMBOL(rmp_emul_set);

/**
 * rmp_emul_encrypt() - turn the plaintext in a page into guest memory
 * @page:	entry of the page, in state pre-guest
 * @type:	page type given to the launch update
 */
void rmp_emul_encrypt(struct rmp_page *page, u8 type)
{
	set_state(page, RMP_GUEST_VALID);
	page->type = type;
	page_scramble(page);
	rmp_emul_seal(page);
}

static bool immutable(struct rmp_page *page)
{
	return page->state == RMP_FIRMWARE || page->state == RMP_CONTEXT ||
	       page->state == RMP_PRE_GUEST;
}

NOKPROBE_SYMBOL(immutable);

static struct rmp_page *region_head(struct rmp_page *page)
{
	return rmp + ALIGN_DOWN(page - rmp, PTRS_PER_PMD);
}

NOKPROBE_SYMBOL(region_head);

/**
 * rmp_emul_is_large() - is a page part of a 2 MiB entry?
 * @page:	entry of the page
 */
bool rmp_emul_is_large(struct rmp_page *page)
{
	return region_head(page)->large;
}

NOKPROBE_SYMBOL(rmp_emul_is_large);

static enum rmp_page_state state_after_update(const struct rmp_state *new)
{
	if (!new->assigned)
		return RMP_HYPERVISOR;

	if (new->asid)
		return new->immutable ? RMP_PRE_GUEST : RMP_GUEST_INVALID;

	return new->immutable ? RMP_FIRMWARE : RMP_RECLAIM;
}

NOKPROBE_SYMBOL(state_after_update);

static bool new_state_valid(const struct rmp_state *new)
{
	u64 size = new->pagesize == RMP_PG_SIZE_2M ? PMD_SIZE : PAGE_SIZE;

	if (new->assigned > 1 || new->pagesize > RMP_PG_SIZE_2M || new->immutable > 1 ||
	    new->rsvd || !IS_ALIGNED(new->gpa, size))
		return false;

	/* A page without a guest has no guest physical address. */
	if (!new->asid && new->gpa)
		return false;

	return new->assigned || (!new->asid && !new->immutable);
}

NOKPROBE_SYMBOL(new_state_valid);

static u64 rmpupdate(u64 pa, const struct rmp_state *new)
{
	bool large = new->pagesize == RMP_PG_SIZE_2M;
	unsigned int nr = large ? PTRS_PER_PMD : 1, i;
	struct rmp_page *page = rmp_emul_page(pa);

	if (!page || !new_state_valid(new) ||
	    !IS_ALIGNED(pa, large ? PMD_SIZE : PAGE_SIZE) ||
	    !rmp_emul_page(pa + (nr - 1) * PAGE_SIZE))
		return RMP_FAIL_INPUT;

	for (i = 0; i < nr; i++) {
		if (immutable(&page[i]))
			return RMP_FAIL_PERMISSION;
	}

	/* 4 KiB pages of a 2 MiB entry, and the other way round */
	if (!large && rmp_emul_is_large(page))
		return RMPUPDATE_FAIL_OVERLAP;
	for (i = 0; large && !page->large && i < nr; i++) {
		if (page[i].state != RMP_HYPERVISOR)
			return RMPUPDATE_FAIL_OVERLAP;
	}

	for (i = 0; i < nr; i++) {
		rmp_emul_set(&page[i], state_after_update(new),
			     new->asid ? new->gpa + i * PAGE_SIZE : 0, new->asid);
	}
	page->large = large && new->assigned;

	return RMP_OK;
}

NOKPROBE_SYMBOL(rmpupdate);

static bool rmp_result(struct pt_regs *regs, u64 status)
{
	regs->ax = status;
	coco_emul_set_flags(regs, status ? 0 : X86_EFLAGS_ZF);
	return true;
}

NOKPROBE_SYMBOL(rmp_result);

static bool emulate_rmpupdate(struct pt_regs *regs, struct insn *insn)
{
	struct rmp_state new;
	u64 status;

	if (copy_from_kernel_nofault(&new, (void *)regs->cx, sizeof(new)))
		return false;

	if (!coco_emul_hit(&snp_emul_points[SNP_INSN_RMPUPDATE], &status))
		status = rmpupdate(regs->ax, &new);

	return rmp_result(regs, status);
}

NOKPROBE_SYMBOL(emulate_rmpupdate);

static bool emulate_rmpread(struct pt_regs *regs, struct insn *insn)
{
	struct rmp_page *page = rmp_emul_page(regs->ax);
	struct rmpread_entry entry = {};
	u64 status;

	if (coco_emul_hit(&snp_emul_points[SNP_INSN_RMPREAD], &status))
		return rmp_result(regs, status);
	if (!page)
		return rmp_result(regs, RMP_FAIL_INPUT);

	entry.gpa = page->gpa;
	entry.asid = page->asid;
	entry.assigned = page->state != RMP_HYPERVISOR;
	entry.immutable = immutable(page);
	entry.pagesize = page->large;
	if (copy_to_kernel_nofault((void *)regs->cx, &entry, sizeof(entry)))
		return false;

	return rmp_result(regs, RMP_OK);
}

NOKPROBE_SYMBOL(emulate_rmpread);

static bool emulate_psmash(struct pt_regs *regs, struct insn *insn)
{
	struct rmp_page *page = rmp_emul_page(regs->ax);
	u64 status;

	if (coco_emul_hit(&snp_emul_points[SNP_INSN_PSMASH], &status))
		return rmp_result(regs, status);
	if (!page || !IS_ALIGNED(regs->ax, PMD_SIZE) || !page->large)
		return rmp_result(regs, RMP_FAIL_INPUT);
	if (immutable(page))
		return rmp_result(regs, RMP_FAIL_PERMISSION);

	page->large = false;
	return rmp_result(regs, RMP_OK);
}

NOKPROBE_SYMBOL(emulate_psmash);

#define SNP_INSN(_name, _prefix, _modrm, _emulate)			\
	{								\
		.point		= &snp_emul_points[SNP_INSN_##_name],	\
		.prefix		= _prefix,				\
		.opcode		= { 0x0f, 0x01 },			\
		.nr_opcode	= 2,					\
		.modrm_mask	= 0xff,					\
		.modrm		= _modrm,				\
		.emulate	= _emulate,				\
	}

const struct coco_emul_insn snp_emul_insns[NR_SNP_INSNS] = {
	SNP_INSN(RMPUPDATE, 0xf2, 0xfe, emulate_rmpupdate),
	SNP_INSN(RMPREAD,   0xf2, 0xfd, emulate_rmpread),
	SNP_INSN(PSMASH,    0xf3, 0xff, emulate_psmash),
};

/* "<state> <pages>" per line, then host writes to guest pages. */
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

/* "<asid> <gpa> <pfn> <state> <type>" per page of a guest. */
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

/*
 * "<pfn> <state>" per page that is free, although it is a guest's or has to be
 * reclaimed: whoever gets it next cannot use it. There is no such page.
 */
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

/*
 * "<pfn>": change a byte of that guest page, as a stray write of the host would.
 * For the test of the checksum.
 */
static ssize_t host_write_write(struct file *file, const char __user *ubuf, size_t count,
				loff_t *ppos)
{
	struct rmp_page *page;
	u64 pfn;
	int ret;

	ret = kstrtou64_from_user(ubuf, count, 0, &pfn);
	if (ret)
		return ret;
	if (pfn > PHYS_PFN(PHYS_ADDR_MAX))
		return -EINVAL;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	page = rmp_emul_page(PFN_PHYS(pfn));
	if (!page || !is_of_guest(page))
		return -EINVAL;

	*(u8 *)rmp_emul_data(page) ^= 1;
	return count;
}

static const struct file_operations host_write_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= host_write_write,
};

int __init rmp_emul_init(struct dentry *debugfs)
{
	u64 nr = max_pfn;

	rmp = vcalloc(nr, sizeof(*rmp));
	if (!rmp)
		return -ENOMEM;

	nr_in_state[RMP_HYPERVISOR] = nr;
	rmp_nr_pages = nr;

	debugfs_create_file("rmp", 0400, debugfs, NULL, &rmp_fops);
	debugfs_create_file("pages", 0400, debugfs, NULL, &pages_fops);
	debugfs_create_file("freed", 0400, debugfs, NULL, &freed_fops);
	debugfs_create_file("host_write", 0200, debugfs, NULL, &host_write_fops);
	return 0;
}
