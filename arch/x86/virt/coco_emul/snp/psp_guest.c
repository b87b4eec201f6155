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

#include "snp.h"

#define PSP_MAX_GUESTS	64

static struct psp_guest guests[PSP_MAX_GUESTS];
/* ASIDs whose use has ended and that no DF_FLUSH has cleaned since. */
static unsigned long dirty_asids;

/**
 * snp_emul_psp_guest() - look up a guest by its context page
 * @gctx:	physical address of the page
 *
 * Return: NULL if there is no guest context at that address.
 */
struct psp_guest *snp_emul_psp_guest(u64 gctx)
{
	int i;

	lockdep_assert_held(&coco_emul_lock);

	for (i = 0; i < PSP_MAX_GUESTS; i++) {
		if (guests[i].state != PSP_GUEST_NONE && guests[i].gctx == gctx)
			return &guests[i];
	}

	return NULL;
}

/**
 * snp_emul_psp_nr_guests() - how many guest contexts there are
 */
unsigned int snp_emul_psp_nr_guests(void)
{
	unsigned int nr = 0;
	int i;

	for (i = 0; i < PSP_MAX_GUESTS; i++)
		nr += guests[i].state != PSP_GUEST_NONE;

	return nr;
}

/**
 * snp_emul_psp_asids_dirty() - is a DF_FLUSH due?
 */
bool snp_emul_psp_asids_dirty(void)
{
	return dirty_asids;
}

static u16 cmd_snp_gctx_create(void *buf)
{
	struct sev_data_snp_addr *addr = buf;
	struct rmp_page *page = snp_emul_rmp_page(addr->address);
	int i;

	if (!page || !PAGE_ALIGNED(addr->address))
		return SEV_RET_INVALID_ADDRESS;
	if (page->state != RMP_FIRMWARE)
		return SEV_RET_INVALID_PAGE_STATE;

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

static u16 cmd_snp_activate(void *buf)
{
	struct sev_data_snp_activate *activate = buf;
	struct psp_guest *guest = snp_emul_psp_guest(activate->gctx_paddr);
	int i;

	if (!guest)
		return SEV_RET_INVALID_GUEST;
	if (guest->state != PSP_GUEST_LAUNCH && guest->state != PSP_GUEST_RUNNING)
		return SEV_RET_INVALID_GUEST_STATE;
	if (guest->asid)
		return SEV_RET_ACTIVE;
	if (!activate->asid || activate->asid >= SNP_EMUL_MIN_SEV_ASID)
		return SEV_RET_INVALID_ASID;

	for (i = 0; i < PSP_MAX_GUESTS; i++) {
		if (guests[i].state != PSP_GUEST_NONE && guests[i].asid == activate->asid)
			return SEV_RET_ASID_OWNED;
	}
	if (dirty_asids & BIT(activate->asid))
		return SEV_RET_DFFLUSH_REQUIRED;

	guest->asid = activate->asid;
	guest->key = coco_emul_new_key();
	return SEV_RET_SUCCESS;
}

static u16 cmd_snp_decommission(void *buf)
{
	struct sev_data_snp_addr *addr = buf;
	struct psp_guest *guest = snp_emul_psp_guest(addr->address);

	if (!guest)
		return SEV_RET_INVALID_GUEST;

	if (guest->asid)
		dirty_asids |= BIT(guest->asid);
	snp_emul_rmp_set(snp_emul_rmp_page(guest->gctx), RMP_FIRMWARE, 0, 0);
	memset(guest, 0, sizeof(*guest));
	return SEV_RET_SUCCESS;
}

static u16 cmd_snp_df_flush(void *buf)
{
	dirty_asids = 0;
	return SEV_RET_SUCCESS;
}

const struct psp_cmd snp_emul_psp_guest_cmds[] = {
	PSP_CMD(SNP_GCTX_CREATE, sizeof(struct sev_data_snp_addr), cmd_snp_gctx_create,
		.snp = true),
	PSP_CMD(SNP_ACTIVATE, sizeof(struct sev_data_snp_activate), cmd_snp_activate, .snp = true),
	PSP_CMD(SNP_DECOMMISSION, sizeof(struct sev_data_snp_addr), cmd_snp_decommission,
		.snp = true),
	PSP_CMD(SNP_DF_FLUSH, 0, cmd_snp_df_flush, .snp = true),
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

void __init snp_emul_psp_guest_init(struct dentry *debugfs)
{
	debugfs_create_file("guests", 0400, debugfs, NULL, &guests_fops);
}
