// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: guest contexts and their ASIDs.
 *
 * debugfs, directory coco_emul:
 *   guests	"<gctx> <asid> <state> <policy> <pages> <launch digest>" per guest
 *		context
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include <asm/sev.h>

#include "snp.h"

#define PSP_MAX_GUESTS	1024

static struct psp_guest *guests;

/**
 * snp_emul_psp_guest() - look up a guest by its context page
 * @gctx:	physical address of the page
 * @guest:	set to the guest
 *
 * Return: status for the command to fail with, or SEV_RET_SUCCESS.
 */
u16 snp_emul_psp_guest(u64 gctx, struct psp_guest **guest)
{
	int i;

	lockdep_assert_held(&coco_emul_lock);

	if (!PAGE_ALIGNED(gctx))
		return SEV_RET_INVALID_PARAM;

	for (i = 0; i < PSP_MAX_GUESTS; i++) {
		*guest = &guests[i];
		if (guests[i].state != PSP_GUEST_NONE && guests[i].gctx == gctx)
			return SEV_RET_SUCCESS;
	}

	return SEV_RET_INVALID_GUEST;
}

/* The contexts are in the RMP, which is initialized anew. */
void snp_emul_psp_guests_forget(void)
{
	lockdep_assert_held(&coco_emul_lock);

	memset(guests, 0, PSP_MAX_GUESTS * sizeof(*guests));
}

/**
 * snp_emul_psp_nr_guests() - how many guests there are whose launch has started
 */
unsigned int snp_emul_psp_nr_guests(void)
{
	unsigned int nr = 0;
	int i;

	for (i = 0; i < PSP_MAX_GUESTS; i++)
		nr += guests[i].state >= PSP_GUEST_LAUNCH;

	return nr;
}

/**
 * snp_emul_psp_guest_of_asid() - the SNP guest that an ASID is of
 * @asid:	the ASID
 *
 * Return: NULL if it is not active.
 */
struct psp_guest *snp_emul_psp_guest_of_asid(u32 asid)
{
	static unsigned int hint;
	unsigned int i;

	lockdep_assert_held(&coco_emul_lock);

	/* The one that ran last is likely to run again. */
	for (i = hint; asid && i < hint + PSP_MAX_GUESTS; i++) {
		struct psp_guest *guest = &guests[i % PSP_MAX_GUESTS];

		if (guest->state != PSP_GUEST_NONE && guest->asid == asid) {
			hint = i % PSP_MAX_GUESTS;
			return guest;
		}
	}

	return NULL;
}

static u16 cmd_snp_gctx_create(void *buf)
{
	struct sev_data_snp_addr *addr = buf;
	struct rmp_page *page = snp_emul_rmp_page(addr->address);
	int i;

	if (!PAGE_ALIGNED(addr->address))
		return SEV_RET_INVALID_PARAM;
	if (!page || page->state != RMP_FIRMWARE)
		return SEV_RET_INVALID_PAGE_STATE;
	if (snp_emul_rmp_is_large(page))
		return SEV_RET_INVALID_PAGE_SIZE;

	for (i = 0; i < PSP_MAX_GUESTS; i++) {
		if (guests[i].state != PSP_GUEST_NONE)
			continue;

		guests[i] = (struct psp_guest) {
			.gctx	= addr->address,
			.state	= PSP_GUEST_INIT,
		};
		snp_emul_rmp_set(page, RMP_CONTEXT, 0, 0);
		return SEV_RET_SUCCESS;
	}

	return SEV_RET_RESOURCE_LIMIT;
}

/* Made like the keys of its VMPLs, of another number */
static void make_report_id(struct psp_guest *guest)
{
	const u64 seed[] = { guest->key, PSP_NR_VMPLS };

	sha256((const u8 *)seed, sizeof(seed), guest->report_id);
}

static u16 cmd_snp_activate(void *buf)
{
	struct sev_data_snp_activate *activate = buf;
	struct psp_guest *guest;
	u16 status;

	status = snp_emul_psp_guest(activate->gctx_paddr, &guest);
	if (status)
		return status;
	if (guest->state != PSP_GUEST_LAUNCH && guest->state != PSP_GUEST_RUNNING)
		return SEV_RET_INVALID_GUEST_STATE;

	/* What its last owner has left in the RMP would be in the memory of the new one. */
	if (activate->asid >= SNP_EMUL_NR_ASIDS)
		return SEV_RET_INVALID_ASID;
	if (activate->asid && snp_emul_rmp_nr_of(activate->asid))
		return SEV_RET_INVALID_CONFIG;
	if (guest->policy & SNP_POLICY_MASK_SINGLE_SOCKET && topology_max_packages() > 1)
		return SEV_RET_POLICY_FAILURE;

	status = snp_emul_psp_asid_activate(&guest->asid, activate->asid, true,
					    guest->state == PSP_GUEST_RUNNING);
	if (!status) {
		guest->key = coco_emul_new_key();
		make_report_id(guest);
	}

	return status;
}

static u16 cmd_snp_decommission(void *buf)
{
	struct sev_data_snp_addr *addr = buf;
	struct psp_guest *guest;
	u16 status;

	status = snp_emul_psp_guest(addr->address, &guest);
	if (status)
		return status;

	snp_emul_psp_asid_release(&guest->asid);
	snp_emul_rmp_set(snp_emul_rmp_page(guest->gctx), RMP_FIRMWARE, 0, 0);
	memset(guest, 0, sizeof(*guest));
	return SEV_RET_SUCCESS;
}

const struct psp_cmd snp_emul_psp_guest_cmds[] = {
	PSP_CMD(SNP_GCTX_CREATE, sizeof(struct sev_data_snp_addr), cmd_snp_gctx_create,
		.snp = true),
	PSP_CMD(SNP_ACTIVATE, sizeof(struct sev_data_snp_activate), cmd_snp_activate, .snp = true),
	PSP_CMD(SNP_DECOMMISSION, sizeof(struct sev_data_snp_addr), cmd_snp_decommission,
		.snp = true),
	{}
};

static const char *guest_state_name(enum psp_guest_state state)
{
	switch (state) {
	case PSP_GUEST_INIT:
		return "init";
	case PSP_GUEST_LAUNCH:
		return "launch";
	case PSP_GUEST_RUNNING:
		return "running";
	default:
		return "none";
	}
}

static int guests_show(struct seq_file *m, void *v)
{
	struct psp_guest guest;
	unsigned long flags;
	int i;

	for (i = 0; i < PSP_MAX_GUESTS; i++) {
		raw_spin_lock_irqsave(&coco_emul_lock, flags);
		guest = guests[i];
		raw_spin_unlock_irqrestore(&coco_emul_lock, flags);

		if (guest.state == PSP_GUEST_NONE)
			continue;

		seq_printf(m, "%#llx %u %s %#llx %llu %*phN\n", guest.gctx, guest.asid,
			   guest_state_name(guest.state), guest.policy, guest.nr_pages,
			   (int)sizeof(guest.ld), guest.ld);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(guests);

int __init snp_emul_psp_guest_init(struct dentry *debugfs)
{
	guests = vcalloc(PSP_MAX_GUESTS, sizeof(*guests));
	if (!guests)
		return -ENOMEM;

	debugfs_create_file("guests", 0400, debugfs, NULL, &guests_fops);
	return 0;
}
