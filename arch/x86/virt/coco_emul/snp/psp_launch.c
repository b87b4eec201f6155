// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: launch of a guest. The launch digest
 * is the one of the "SEV Secure Nested Paging Firmware ABI Specification",
 * "Launch Digest", so that it can be compared with independent tools.
 */
#include <linux/topology.h>

#include <asm/cpuid/api.h>
#include <asm/sev.h>

#include "snp.h"

/* "PAGE_INFO Structure" */
struct page_info {
	u8	digest_cur[SHA384_DIGEST_SIZE];
	u8	contents[SHA384_DIGEST_SIZE];
	u16	length;
	u8	page_type;
	u8	imi_page;
	u8	vmpl3_perms;
	u8	vmpl2_perms;
	u8	vmpl1_perms;
	u8	rsvd;
	u64	gpa;
} __packed;

/* "ID Block Structure", as far as it is checked: signatures are not. */
struct id_block {
	u8	ld[SHA384_DIGEST_SIZE];
	u8	family_id[16];
	u8	image_id[16];
	u32	version;
	u32	guest_svn;
	u64	policy;
} __packed;

/*
 * "ID Authentication Information Structure": the parts that a report has something
 * of. Both keys are hashed as they are, whatever they are.
 */
#define ID_AUTH_ID_KEY_ALGO	0x000
#define ID_AUTH_AUTHOR_KEY_ALGO	0x004
#define ID_AUTH_ID_KEY		0x240
#define ID_AUTH_AUTHOR_KEY	0x880
#define ID_AUTH_KEY_SIZE	0x404

/* "ECDSA P-384 with SHA-384", the only algorithm of either key */
#define ID_AUTH_ALGO		1

/* "Secrets Page", as far as it is filled in: not for a guest that migrates */
struct secrets_page {
	u32	version;
	u32	flags;
	u32	fms;
	u32	rsvd;
	u8	gosvw[16];
	u8	vmpck[PSP_NR_VMPLS][PSP_VMPCK_SIZE];
} __packed;

#define SECRETS_VERSION		3
#define CPUID_FMS		1

/* The least version that the guest wants, major and minor */
#define POLICY_ABI		(SNP_POLICY_MASK_API_MAJOR | SNP_POLICY_MASK_API_MINOR)

static u16 cmd_snp_launch_start(void *buf)
{
	struct sev_data_snp_launch_start *start = buf;
	struct psp_guest *guest, *agent;
	u16 status;

	if (start->rsvd)
		return SEV_RET_INVALID_PARAM;
	status = snp_emul_psp_guest(start->gctx_paddr, &guest);
	if (status)
		return status;
	if (guest->state != PSP_GUEST_INIT)
		return SEV_RET_INVALID_GUEST_STATE;

	/* No guest is a migration agent. */
	if (start->ma_en) {
		status = snp_emul_psp_guest(start->ma_gctx_paddr, &agent);
		return status ?: SEV_RET_POLICY_FAILURE;
	}

	/* What needs an optional feature is refused, for there are none. */
	if (!(start->policy & SNP_POLICY_MASK_RSVD_MBO) ||
	    start->policy & ~SNP_POLICY_MASK_BASE ||
	    (start->policy & POLICY_ABI) > (PSP_API_MAJOR << 8 | PSP_API_MINOR))
		return SEV_RET_POLICY_FAILURE;
	if (!(start->policy & SNP_POLICY_MASK_SMT) && topology_max_smt_threads() > 1)
		return SEV_RET_POLICY_FAILURE;

	guest->policy = start->policy;
	guest->imi = start->imi_en;
	memcpy(guest->gosvw, start->gosvw, sizeof(guest->gosvw));
	guest->state = PSP_GUEST_LAUNCH;
	memset(guest->ld, 0, sizeof(guest->ld));
	return SEV_RET_SUCCESS;
}

static void fill_secrets_page(const struct psp_guest *guest, struct secrets_page *secrets)
{
	unsigned int vmpl;

	memset(secrets, 0, PAGE_SIZE);
	secrets->version = SECRETS_VERSION;
	secrets->flags = guest->imi;
	secrets->fms = cpuid_eax(CPUID_FMS);
	memcpy(secrets->gosvw, guest->gosvw, sizeof(secrets->gosvw));
	for (vmpl = 0; vmpl < PSP_NR_VMPLS; vmpl++)
		snp_emul_psp_vmpck(guest, vmpl, secrets->vmpck[vmpl]);
}

static void extend_digest(struct psp_guest *guest, struct rmp_page *page,
			  const struct sev_data_snp_launch_update *update)
{
	struct page_info info = {
		.length		= sizeof(info),
		.page_type	= update->page_type,
		.imi_page	= update->imi_page,
		.vmpl3_perms	= update->vmpl3_perms,
		.vmpl2_perms	= update->vmpl2_perms,
		.vmpl1_perms	= update->vmpl1_perms,
		.gpa		= page->gpa,
	};

	BUILD_BUG_ON(sizeof(info) != 0x70);

	memcpy(info.digest_cur, guest->ld, sizeof(info.digest_cur));
	if (update->page_type == SNP_PAGE_TYPE_NORMAL ||
	    update->page_type == SNP_PAGE_TYPE_VMSA)
		sha384(snp_emul_rmp_data(page), PAGE_SIZE, info.contents);
	sha384((const u8 *)&info, sizeof(info), guest->ld);
}

/* In the order of AMD's published firmware: the page comes first, then the guest. */
static u16 check_update(const struct sev_data_snp_launch_update *update,
			struct psp_guest **guest, struct rmp_page *page)
{
	u16 status;

	if (!PAGE_ALIGNED(update->address) || update->rsvd || update->rsvd2 || update->rsvd3 ||
	    update->rsvd4)
		return SEV_RET_INVALID_PARAM;
	status = snp_emul_psp_guest(update->gctx_paddr, guest);
	if (status)
		return status;

	if (!page || page->state != RMP_PRE_GUEST)
		return SEV_RET_INVALID_PAGE_STATE;
	if (update->page_size != RMP_PG_SIZE_4K || snp_emul_rmp_is_large(page))
		return SEV_RET_INVALID_PAGE_SIZE;
	if (update->page_type < SNP_PAGE_TYPE_NORMAL || update->page_type >= SNP_PAGE_TYPE_MAX)
		return SEV_RET_INVALID_PARAM;

	if ((*guest)->state != PSP_GUEST_LAUNCH)
		return SEV_RET_INVALID_GUEST_STATE;
	if (!(*guest)->asid)
		return SEV_RET_INACTIVE;
	if (page->asid != (*guest)->asid)
		return SEV_RET_INVALID_PAGE_OWNER;
	if ((*guest)->imi && !update->imi_page)
		return SEV_RET_INVALID_PARAM;

	return SEV_RET_SUCCESS;
}

static u16 cmd_snp_launch_update(void *buf)
{
	struct sev_data_snp_launch_update *update = buf;
	struct rmp_page *page = snp_emul_rmp_page(update->address);
	struct psp_guest *guest;
	void *data;
	u16 status;

	status = check_update(update, &guest, page);
	if (status)
		return status;

	data = snp_emul_rmp_data(page);
	snp_emul_rmp_check(page);
	switch (update->page_type) {
	case SNP_PAGE_TYPE_ZERO:
		clear_page(data);
		break;
	case SNP_PAGE_TYPE_SECRET:
		fill_secrets_page(guest, data);
		break;
	case SNP_PAGE_TYPE_CPUID:
		status = snp_emul_psp_check_cpuid(data);
		break;
	}
	if (status) {
		snp_emul_rmp_seal(page);
		return status;
	}

	extend_digest(guest, page, update);
	snp_emul_rmp_encrypt(page, guest->key, update->page_type);
	guest->nr_pages++;
	return SEV_RET_SUCCESS;
}

static u32 id_auth_algo(const u8 *auth, unsigned int offset)
{
	return *(const u32 *)(auth + offset);
}

static u16 take_id_block(struct psp_guest *guest, const struct sev_data_snp_launch_finish *finish)
{
	const struct id_block *id = snp_emul_psp_ram(finish->id_block_paddr, sizeof(*id));
	const u8 *auth = snp_emul_psp_ram(finish->id_auth_paddr, PAGE_SIZE);

	if (!id || !auth)
		return SEV_RET_INVALID_ADDRESS;
	if (memcmp(id->ld, guest->ld, sizeof(id->ld)))
		return SEV_RET_BAD_MEASUREMENT;
	if (id->policy != guest->policy)
		return SEV_RET_POLICY_FAILURE;
	if (id_auth_algo(auth, ID_AUTH_ID_KEY_ALGO) != ID_AUTH_ALGO ||
	    (finish->auth_key_en && id_auth_algo(auth, ID_AUTH_AUTHOR_KEY_ALGO) != ID_AUTH_ALGO))
		return SEV_RET_INVALID_PARAM;

	memcpy(guest->family_id, id->family_id, sizeof(guest->family_id));
	memcpy(guest->image_id, id->image_id, sizeof(guest->image_id));
	guest->svn = id->guest_svn;
	sha384(auth + ID_AUTH_ID_KEY, ID_AUTH_KEY_SIZE, guest->id_key_digest);
	if (finish->auth_key_en)
		sha384(auth + ID_AUTH_AUTHOR_KEY, ID_AUTH_KEY_SIZE, guest->author_key_digest);

	return SEV_RET_SUCCESS;
}

static u16 cmd_snp_launch_finish(void *buf)
{
	struct sev_data_snp_launch_finish *finish = buf;
	struct psp_guest *guest;
	u16 status;

	if (finish->rsvd)
		return SEV_RET_INVALID_PARAM;
	status = snp_emul_psp_guest(finish->gctx_paddr, &guest);
	if (status)
		return status;
	/* A migration image is not launched, a guest is made of it. */
	if (guest->state != PSP_GUEST_LAUNCH || guest->imi)
		return SEV_RET_INVALID_GUEST_STATE;
	if (!guest->asid)
		return SEV_RET_INACTIVE;

	if (finish->id_block_en) {
		status = take_id_block(guest, finish);
		if (status)
			return status;
	}

	/* As in AMD's implementation: the report shows it also if there is no ID block. */
	guest->author_key = finish->auth_key_en;
	memcpy(guest->host_data, finish->host_data, sizeof(guest->host_data));
	guest->vcek_disabled = finish->vcek_disabled;
	guest->state = PSP_GUEST_RUNNING;
	snp_emul_psp_asid_run(guest->asid);
	return SEV_RET_SUCCESS;
}

const struct psp_cmd snp_emul_psp_launch_cmds[] = {
	PSP_CMD(SNP_LAUNCH_START, sizeof(struct sev_data_snp_launch_start), cmd_snp_launch_start,
		.snp = true),
	PSP_CMD(SNP_LAUNCH_UPDATE, sizeof(struct sev_data_snp_launch_update), cmd_snp_launch_update,
		.snp = true),
	PSP_CMD(SNP_LAUNCH_FINISH, sizeof(struct sev_data_snp_launch_finish), cmd_snp_launch_finish,
		.snp = true),
	{}
};
