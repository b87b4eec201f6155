// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: state of the platform, and the commands
 * that are about it or about pages of no guest in particular.
 */
#include "snp.h"

/* "PLATFORM_STATUS": initialized for SEV-ES */
#define PSP_STATUS_ES		BIT(8)

/* A signature of each of two sockets; certificates of PEK, OCA and CEK */
#define PSP_ID_SIZE		128
#define PSP_CERT_CHAIN_SIZE	(3 * PSP_CERT_SIZE)

static enum psp_platform_state {
	PSP_PLATFORM_UNINIT,
	PSP_PLATFORM_INIT,
	PSP_PLATFORM_WORKING,
} sev_state, snp_state;

/* Of INIT */
static u32 sev_flags;

/* By SNP_INIT_EX; SNP_SHUTDOWN_EX leaves it so, unless it is told not to. */
static bool rmp_initialized;

/**
 * snp_emul_psp_snp_is_up() - is SNP initialized?
 */
bool snp_emul_psp_snp_is_up(void)
{
	return snp_state == PSP_PLATFORM_INIT;
}

/**
 * snp_emul_psp_sev_is_up() - are SEV guests possible?
 */
bool snp_emul_psp_sev_is_up(void)
{
	return sev_state != PSP_PLATFORM_UNINIT;
}

/**
 * snp_emul_psp_es_is_up() - and SEV-ES guests as well?
 */
bool snp_emul_psp_es_is_up(void)
{
	return sev_flags & SEV_INIT_FLAGS_SEV_ES;
}

/* Neither signatures nor certificates: a buffer of @len bytes with @size times @byte in it */
static u16 put_blob(u64 pa, u32 len, u32 size, u8 byte)
{
	u16 status = snp_emul_psp_check_output(pa, len);
	u32 i;

	for (i = 0; !status && i < size; i++)
		snp_emul_psp_put(pa + i, &byte, 1);

	return status;
}

/*
 * Where SEV-ES keeps the checksums of its VMSAs, with an RMP a large page. It is
 * off limits for the host and for commands until SHUTDOWN.
 */
static u16 reserve_tmr(const struct sev_data_init *init)
{
	u16 status = SEV_RET_SUCCESS;

	if (snp_emul_psp_snp_is_up())
		status = snp_emul_psp_check_output(init->tmr_address, init->tmr_len);
	if (status)
		return status;

	if (!IS_ALIGNED(init->tmr_address, PMD_SIZE))
		return SEV_RET_INVALID_ADDRESS;
	if (init->tmr_len != PMD_SIZE)
		return SEV_RET_INVALID_LEN;
	if (!snp_emul_rmp_page(init->tmr_address) ||
	    !snp_emul_rmp_page(init->tmr_address + PMD_SIZE - 1))
		return SEV_RET_INVALID_ADDRESS;

	snp_emul_psp_tmr_set(init->tmr_address, PMD_SIZE);
	return SEV_RET_SUCCESS;
}

static u16 cmd_init(void *buf)
{
	struct sev_data_init *init = buf;
	u16 status;

	if (sev_state != PSP_PLATFORM_UNINIT)
		return SEV_RET_INVALID_PLATFORM_STATE;
	if (init->reserved || init->flags & ~SEV_INIT_FLAGS_SEV_ES)
		return SEV_RET_INVALID_CONFIG;
	/* SNP is enabled in SYSCFG of this platform, so SNP_INIT has to come first. */
	if (!rmp_initialized)
		return SEV_RET_INVALID_PLATFORM_STATE;

	if (init->flags & SEV_INIT_FLAGS_SEV_ES) {
		status = reserve_tmr(init);
		if (status)
			return status;
	}
	if (!snp_emul_psp_snp_is_up())
		snp_emul_psp_asids_init();

	sev_state = PSP_PLATFORM_INIT;
	sev_flags = init->flags;
	return SEV_RET_SUCCESS;
}

static u16 cmd_shutdown(void *buf)
{
	snp_emul_psp_sev_guests_end();
	snp_emul_psp_tmr_set(0, 0);
	sev_state = PSP_PLATFORM_UNINIT;
	sev_flags = 0;
	return SEV_RET_SUCCESS;
}

static u16 cmd_platform_status(void *buf)
{
	struct sev_user_data_status *answer = buf;

	*answer = (struct sev_user_data_status) {
		.api_major	= PSP_API_MAJOR,
		.api_minor	= PSP_API_MINOR,
		.build		= PSP_BUILD,
		.state		= snp_emul_psp_nr_sev_guests() ? PSP_PLATFORM_WORKING : sev_state,
		.flags		= snp_emul_psp_es_is_up() ? PSP_STATUS_ES : 0,
		.guest_count	= snp_emul_psp_nr_sev_guests(),
	};
	return SEV_RET_SUCCESS;
}

static u16 cmd_df_flush(void *buf)
{
	snp_emul_psp_asids_flush();
	return SEV_RET_SUCCESS;
}

/* As in AMD's implementation, the length is told with success and INVALID_LEN only. */
static u16 cmd_get_id(void *buf)
{
	struct sev_data_get_id *id = buf;
	u16 status = SEV_RET_INVALID_LEN;

	if (id->len >= PSP_ID_SIZE) {
		status = put_blob(id->address, id->len, PSP_ID_SIZE, 0x1d);
		if (status)
			return status;
	}

	id->len = PSP_ID_SIZE;
	return status;
}

static u16 cmd_pek_csr(void *buf)
{
	struct sev_data_pek_csr *csr = buf;
	u16 status = SEV_RET_INVALID_LEN;

	if (!snp_emul_psp_sev_is_up())
		return SEV_RET_INVALID_PLATFORM_STATE;

	if (csr->len >= PSP_CERT_SIZE) {
		status = put_blob(csr->address, csr->len, PSP_CERT_SIZE, 0xc5);
		if (status)
			return status;
	}

	csr->len = PSP_CERT_SIZE;
	return status;
}

static u16 cmd_pdh_cert_export(void *buf)
{
	struct sev_data_pdh_cert_export *export = buf;
	u16 status = SEV_RET_INVALID_LEN;

	if (!snp_emul_psp_sev_is_up())
		return SEV_RET_INVALID_PLATFORM_STATE;

	if (export->pdh_cert_len >= PSP_CERT_SIZE &&
	    export->cert_chain_len >= PSP_CERT_CHAIN_SIZE) {
		status = put_blob(export->pdh_cert_address, export->pdh_cert_len,
				  PSP_CERT_SIZE, 0xd8);
		if (status)
			return status;
		status = put_blob(export->cert_chain_address, export->cert_chain_len,
				  PSP_CERT_CHAIN_SIZE, 0xcc);
		if (status)
			return status;
	}

	export->pdh_cert_len = PSP_CERT_SIZE;
	export->cert_chain_len = PSP_CERT_CHAIN_SIZE;
	return status;
}

static u16 cmd_snp_platform_status(void *buf)
{
	struct sev_data_snp_addr *addr = buf;
	struct sev_user_data_snp_status *answer;
	void *out;
	u16 status;

	status = snp_emul_psp_output(addr->address, sizeof(*answer), &out);
	if (status)
		return status;

	answer = out;
	*answer = (struct sev_user_data_snp_status) {
		.api_major		= PSP_API_MAJOR,
		.api_minor		= PSP_API_MINOR,
		.build_id		= PSP_BUILD,
		.state			= snp_state,
		.is_rmp_initialized	= rmp_initialized,
		.feature_info		= 1,
		.guest_count		= snp_emul_psp_nr_guests(),
	};
	return SEV_RET_SUCCESS;
}

static u16 cmd_snp_feature_info(void *buf)
{
	struct sev_data_snp_feature_info *info = buf;
	void *out;
	u16 status;

	if (info->length != sizeof(*info))
		return SEV_RET_INVALID_LEN;
	if (info->ecx_in)
		return SEV_RET_INVALID_PARAM;

	status = snp_emul_psp_output(info->feature_info_paddr, sizeof(struct snp_feature_info),
				     &out);
	if (status)
		return status;

	/* None of the optional features */
	memset(out, 0, sizeof(struct snp_feature_info));
	return SEV_RET_SUCCESS;
}

/*
 * In the order of AMD's published firmware. With an RMP that is initialized anew
 * nothing is left of what was before: no page is assigned.
 */
static u16 cmd_snp_init_ex(void *buf)
{
	struct sev_data_snp_init_ex *init = buf;
	struct sev_data_range_list *list = NULL;

	if (init->ciphertext_hiding_en || init->tio_en || init->rsvd || init->rsvd1 ||
	    init->max_snp_asid || memchr_inv(init->rsvd2, 0, sizeof(init->rsvd2)))
		return SEV_RET_INVALID_PARAM;
	if (snp_state != PSP_PLATFORM_UNINIT || sev_state != PSP_PLATFORM_UNINIT)
		return SEV_RET_INVALID_PLATFORM_STATE;
	if (!init->init_rmp && !rmp_initialized)
		return SEV_RET_RMP_INIT_REQUIRED;
	if (!init->init_rmp && init->list_paddr_en)
		return SEV_RET_INVALID_PARAM;

	if (init->list_paddr_en) {
		list = snp_emul_psp_ram(init->list_paddr, sizeof(*list));
		if (!list || !IS_ALIGNED(init->list_paddr, sizeof(u64)))
			return SEV_RET_INVALID_ADDRESS;
		if (!coco_emul_ram(init->list_paddr, struct_size(list, ranges, list->num_elements)))
			return SEV_RET_INVALID_ADDRESS;
	}

	/* Real firmware looks whether VM_HSAVE_PA is 0 on all cores. */
	if (init->init_rmp && snp_emul_rmp_in_use())
		return SEV_RET_INVALID_CONFIG;

	if (init->init_rmp) {
		snp_emul_psp_guests_forget();
		snp_emul_rmp_configure(list);
	}
	snp_emul_psp_asids_init();

	rmp_initialized = true;
	snp_state = PSP_PLATFORM_INIT;
	return SEV_RET_SUCCESS;
}

/*
 * The flags of SNP_SHUTDOWN_EX. SNP_FEATURE_INFO does not offer the one after it, which
 * shuts down SNP on all cores; newer kernels have a name for it.
 */
#define SHUTDOWN_IOMMU		BIT(0)

/* Contexts do not keep it from being shut down, but ASIDs that are in use or dirty do. */
static u16 cmd_snp_shutdown_ex(void *buf)
{
	struct sev_data_snp_shutdown_ex *shutdown = buf;
	u32 flags = *(u32 *)(buf + offsetofend(struct sev_data_snp_shutdown_ex, len));

	if (sev_state != PSP_PLATFORM_UNINIT)
		return SEV_RET_INVALID_PLATFORM_STATE;
	if (snp_state == PSP_PLATFORM_UNINIT)
		return SEV_RET_SUCCESS;
	if (!snp_emul_psp_asids_clean())
		return SEV_RET_DFFLUSH_REQUIRED;
	if (shutdown->len != sizeof(*shutdown) || flags & ~SHUTDOWN_IOMMU)
		return SEV_RET_INVALID_PARAM;

	if (flags & SHUTDOWN_IOMMU)
		rmp_initialized = false;
	snp_state = PSP_PLATFORM_UNINIT;
	return SEV_RET_SUCCESS;
}

/* "SNP_PAGE_RECLAIM": the page size is bit 0, the other low bits are reserved. */
#define RECLAIM_2M		BIT(0)
#define RECLAIM_RSVD		GENMASK(PAGE_SHIFT - 1, 1)

static u16 cmd_snp_page_reclaim(void *buf)
{
	struct sev_data_snp_page_reclaim *reclaim = buf;
	bool large = reclaim->paddr & RECLAIM_2M;
	u64 pa = reclaim->paddr & ~RECLAIM_2M;
	struct rmp_page *page = snp_emul_rmp_page(pa);
	unsigned int i;

	if (reclaim->paddr & RECLAIM_RSVD)
		return SEV_RET_INVALID_PARAM;
	if (!page || !snp_emul_psp_ram(pa, PAGE_SIZE))
		return SEV_RET_INVALID_ADDRESS;
	if (large != snp_emul_rmp_is_large(page))
		return SEV_RET_INVALID_PAGE_SIZE;
	if (large && !IS_ALIGNED(pa, PMD_SIZE))
		return SEV_RET_INVALID_ADDRESS;
	/* It can be taken back without a command. */
	if (!snp_emul_rmp_is_immutable(page))
		return SEV_RET_SUCCESS;
	if (page->state == RMP_CONTEXT || page->state == RMP_HV_FIXED)
		return SEV_RET_INVALID_PAGE_STATE;

	/* It loses nothing but the protection against RMPUPDATE, its owner in particular not. */
	for (i = 0; i < (large ? PTRS_PER_PMD : 1); i++) {
		snp_emul_rmp_set(&page[i], page[i].asid ? RMP_GUEST_INVALID : RMP_RECLAIM,
				 page[i].gpa, page[i].asid);
	}
	return SEV_RET_SUCCESS;
}

const struct psp_cmd snp_emul_psp_platform_cmds[] = {
	PSP_CMD(INIT, sizeof(struct sev_data_init), cmd_init),
	PSP_CMD(SHUTDOWN, 0, cmd_shutdown),
	PSP_CMD(PLATFORM_STATUS, sizeof(struct sev_user_data_status), cmd_platform_status,
		.writes = true),
	PSP_CMD(DF_FLUSH, 0, cmd_df_flush),
	PSP_CMD(SNP_DF_FLUSH, 0, cmd_df_flush),
	PSP_CMD(GET_ID, sizeof(struct sev_data_get_id), cmd_get_id, .writes = true),
	PSP_CMD(PEK_CSR, sizeof(struct sev_data_pek_csr), cmd_pek_csr, .writes = true),
	PSP_CMD(PDH_CERT_EXPORT, sizeof(struct sev_data_pdh_cert_export), cmd_pdh_cert_export,
		.writes = true),
	PSP_CMD(SNP_PLATFORM_STATUS, sizeof(struct sev_data_snp_addr), cmd_snp_platform_status),
	PSP_CMD(SNP_FEATURE_INFO, sizeof(struct sev_data_snp_feature_info), cmd_snp_feature_info),
	PSP_CMD(SNP_INIT_EX, sizeof(struct sev_data_snp_init_ex), cmd_snp_init_ex),
	PSP_CMD(SNP_SHUTDOWN_EX, sizeof(struct sev_data_snp_shutdown_ex), cmd_snp_shutdown_ex),
	PSP_CMD(SNP_PAGE_RECLAIM, sizeof(struct sev_data_snp_page_reclaim), cmd_snp_page_reclaim,
		.snp = true),
	{}
};
