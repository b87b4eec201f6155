// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: state of the platform, and the commands
 * that are about it or about pages of no guest in particular.
 */
#include <linux/sizes.h>

#include "snp.h"

/* A signature of each of two sockets; a certificate; those of PEK, OCA and CEK */
#define PSP_ID_SIZE		128
#define PSP_CERT_SIZE		2084
#define PSP_CERT_CHAIN_SIZE	(3 * PSP_CERT_SIZE)

static enum psp_platform_state {
	PSP_PLATFORM_UNINIT,
	PSP_PLATFORM_INIT,
} sev_state, snp_state;

/**
 * snp_emul_psp_snp_is_up() - is SNP initialized?
 */
bool snp_emul_psp_snp_is_up(void)
{
	return snp_state == PSP_PLATFORM_INIT;
}

/**
 * snp_emul_psp_output() - memory that a command returns data in
 * @pa:		physical address
 * @len:	number of bytes
 * @out:	address in the direct map
 *
 * It belongs to the firmware once SNP is initialized.
 *
 * Return: status for the command to fail with, or SEV_RET_SUCCESS.
 */
u16 snp_emul_psp_output(u64 pa, size_t len, void **out)
{
	struct rmp_page *page = snp_emul_rmp_page(pa);

	*out = coco_emul_ram(pa, len);
	if (!*out || !page)
		return SEV_RET_INVALID_ADDRESS;

	if (page->state != (snp_emul_psp_snp_is_up() ? RMP_FIRMWARE : RMP_HYPERVISOR))
		return SEV_RET_INVALID_PAGE_STATE;

	return SEV_RET_SUCCESS;
}

/* Neither signatures nor certificates: a buffer of @len bytes with @size times @byte in it */
static u16 put_blob(u64 pa, u32 len, u32 size, u8 byte)
{
	u64 end = pa + len, at, next;
	void *out;
	u16 status;

	for (at = pa; at < end; at = next) {
		next = min(ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE, end);
		status = snp_emul_psp_output(at, next - at, &out);
		if (status)
			return status;
	}

	for (at = pa, end = pa + size; at < end; at = next) {
		next = min(ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE, end);
		memset(coco_emul_ram(at, next - at), byte, next - at);
	}

	return SEV_RET_SUCCESS;
}

static u16 cmd_init(void *buf)
{
	struct sev_data_init *init = buf;
	struct rmp_page *page;
	u64 pa;

	if (sev_state != PSP_PLATFORM_UNINIT)
		return SEV_RET_INVALID_PLATFORM_STATE;
	if (init->reserved || init->flags & ~SEV_INIT_FLAGS_SEV_ES)
		return SEV_RET_INVALID_PARAM;

	if (init->flags & SEV_INIT_FLAGS_SEV_ES) {
		if (init->tmr_len < SZ_1M)
			return SEV_RET_INVALID_LEN;
		if (!IS_ALIGNED(init->tmr_address, SZ_1M))
			return SEV_RET_INVALID_ADDRESS;
		for (pa = init->tmr_address; pa < init->tmr_address + init->tmr_len;
		     pa += PAGE_SIZE) {
			page = snp_emul_rmp_page(pa);
			if (!page)
				return SEV_RET_INVALID_ADDRESS;
			if (snp_emul_psp_snp_is_up() && page->state != RMP_FIRMWARE)
				return SEV_RET_INVALID_PAGE_STATE;
		}
	}

	sev_state = PSP_PLATFORM_INIT;
	return SEV_RET_SUCCESS;
}

static u16 cmd_shutdown(void *buf)
{
	sev_state = PSP_PLATFORM_UNINIT;
	return SEV_RET_SUCCESS;
}

static u16 cmd_platform_status(void *buf)
{
	struct sev_user_data_status *answer = buf;

	*answer = (struct sev_user_data_status) {
		.api_major	= PSP_API_MAJOR,
		.api_minor	= PSP_API_MINOR,
		.build		= PSP_BUILD,
		.state		= sev_state,
	};
	return SEV_RET_SUCCESS;
}

static u16 cmd_df_flush(void *buf)
{
	return sev_state == PSP_PLATFORM_INIT ? SEV_RET_SUCCESS : SEV_RET_INVALID_PLATFORM_STATE;
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

	if (sev_state != PSP_PLATFORM_INIT)
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

	if (sev_state != PSP_PLATFORM_INIT)
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
		.is_rmp_initialized	= snp_emul_psp_snp_is_up(),
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

static u16 cmd_snp_init_ex(void *buf)
{
	struct sev_data_snp_init_ex *init = buf;
	struct sev_data_range_list *list = NULL;

	if (snp_state != PSP_PLATFORM_UNINIT)
		return SEV_RET_INVALID_PLATFORM_STATE;
	if (init->ciphertext_hiding_en || init->tio_en || init->rsvd || init->rsvd1 ||
	    init->max_snp_asid || memchr_inv(init->rsvd2, 0, sizeof(init->rsvd2)))
		return SEV_RET_INVALID_PARAM;

	if (init->list_paddr_en) {
		list = coco_emul_ram(init->list_paddr, sizeof(*list));
		if (!list || !IS_ALIGNED(init->list_paddr, sizeof(u64)))
			return SEV_RET_INVALID_ADDRESS;
		if (!coco_emul_ram(init->list_paddr, struct_size(list, ranges, list->num_elements)))
			return SEV_RET_INVALID_ADDRESS;
	}

	if (init->init_rmp)
		snp_emul_rmp_configure(list);

	snp_state = PSP_PLATFORM_INIT;
	return SEV_RET_SUCCESS;
}

static u16 cmd_snp_shutdown_ex(void *buf)
{
	struct sev_data_snp_shutdown_ex *shutdown = buf;

	if (shutdown->len != sizeof(*shutdown))
		return SEV_RET_INVALID_LEN;
	if (shutdown->rsvd1)
		return SEV_RET_INVALID_PARAM;
	if (snp_emul_psp_nr_guests())
		return SEV_RET_INVALID_PLATFORM_STATE;
	if (snp_emul_psp_asids_dirty())
		return SEV_RET_DFFLUSH_REQUIRED;

	snp_state = PSP_PLATFORM_UNINIT;
	return SEV_RET_SUCCESS;
}

static u16 cmd_snp_page_reclaim(void *buf)
{
	struct sev_data_snp_page_reclaim *reclaim = buf;
	struct rmp_page *page = snp_emul_rmp_page(reclaim->paddr);
	/* Bit 0 is the page size. */
	bool large = reclaim->paddr & BIT(0);
	unsigned int i;

	if (!page || !IS_ALIGNED(reclaim->paddr & ~BIT_ULL(0), large ? PMD_SIZE : PAGE_SIZE))
		return SEV_RET_INVALID_ADDRESS;
	if (large != snp_emul_rmp_is_large(page))
		return SEV_RET_INVALID_PAGE_SIZE;

	switch (page->state) {
	case RMP_FIRMWARE:
	case RMP_PRE_GUEST:
	case RMP_RECLAIM:
		for (i = 0; i < (large ? PTRS_PER_PMD : 1); i++)
			snp_emul_rmp_set(&page[i], RMP_RECLAIM, 0, 0);
		return SEV_RET_SUCCESS;
	default:
		return SEV_RET_INVALID_PAGE_STATE;
	}
}

const struct psp_cmd snp_emul_psp_platform_cmds[] = {
	PSP_CMD(INIT, sizeof(struct sev_data_init), cmd_init),
	PSP_CMD(SHUTDOWN, 0, cmd_shutdown),
	PSP_CMD(PLATFORM_STATUS, sizeof(struct sev_user_data_status), cmd_platform_status,
		.writes = true),
	PSP_CMD(DF_FLUSH, 0, cmd_df_flush),
	PSP_CMD(GET_ID, sizeof(struct sev_data_get_id), cmd_get_id, .writes = true),
	PSP_CMD(PEK_CSR, sizeof(struct sev_data_pek_csr), cmd_pek_csr, .writes = true),
	PSP_CMD(PDH_CERT_EXPORT, sizeof(struct sev_data_pdh_cert_export), cmd_pdh_cert_export,
		.writes = true),
	PSP_CMD(SNP_PLATFORM_STATUS, sizeof(struct sev_data_snp_addr), cmd_snp_platform_status),
	PSP_CMD(SNP_FEATURE_INFO, sizeof(struct sev_data_snp_feature_info), cmd_snp_feature_info),
	PSP_CMD(SNP_INIT_EX, sizeof(struct sev_data_snp_init_ex), cmd_snp_init_ex),
	PSP_CMD(SNP_SHUTDOWN_EX, sizeof(struct sev_data_snp_shutdown_ex), cmd_snp_shutdown_ex,
		.snp = true),
	PSP_CMD(SNP_PAGE_RECLAIM, sizeof(struct sev_data_snp_page_reclaim), cmd_snp_page_reclaim,
		.snp = true),
	{}
};
