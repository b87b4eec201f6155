// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: messages of guests, "SEV Secure Nested
 * Paging Firmware ABI Specification", "SNP_GUEST_REQUEST" and "Guest Messages". The
 * checks are in the order of AMD's published firmware.
 *
 * What is wrong with the outside of a message is told to the hypervisor, by the
 * status of the command, and the guest gets no answer. What is wrong with its
 * inside is told to the guest, in the answer, by a command that succeeds.
 *
 * The only message is MSG_REPORT_REQ. Any other is INVALID_PARAM.
 */
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/sev.h>

#include "gcm.h"
#include "snp.h"

/* What of a message is authenticated, but not encrypted */
#define MSG_AAD		offsetof(struct snp_guest_msg_hdr, algo)

static_assert(MSG_AAD + AAD_LEN == sizeof(struct snp_guest_msg_hdr));

/* Messages while they are worked on; the plaintext has the space of the payload. */
static struct psp_msg {
	struct snp_guest_msg	msg;
	u8			text[PAGE_SIZE];
} request, response;

static struct aes_gcm_key gcm_key;

#define MSG_IV_SIZE	12

/**
 * snp_emul_psp_vmpck() - the key of the messages between firmware and a VMPL
 * @guest:	the guest
 * @vmpl:	which of the four
 * @key:	where to put the key
 *
 * That it differs between guests and VMPLs is all that can be said for it: the host
 * has the kernel that makes it.
 */
void snp_emul_psp_vmpck(const struct psp_guest *guest, unsigned int vmpl,
			u8 key[PSP_VMPCK_SIZE])
{
	const u64 seed[] = { guest->key, vmpl };

	static_assert(PSP_VMPCK_SIZE == SHA256_DIGEST_SIZE);

	sha256((const u8 *)seed, sizeof(seed), key);
}

static int set_key(const struct psp_guest *guest, unsigned int vmpl)
{
	u8 key[PSP_VMPCK_SIZE];
	int ret;

	snp_emul_psp_vmpck(guest, vmpl, key);
	ret = aes_gcm_preparekey(&gcm_key, key, sizeof(key), AUTHTAG_LEN);
	memzero_explicit(key, sizeof(key));
	return ret;
}

/* "The IV is the sequence number" */
static void make_iv(u8 iv[MSG_IV_SIZE], const struct snp_guest_msg_hdr *hdr)
{
	memset(iv, 0, MSG_IV_SIZE);
	memcpy(iv, &hdr->msg_seqno, sizeof(hdr->msg_seqno));
}

/* The message as it was at one time: the host may change it meanwhile. */
static u16 fetch(u64 pa)
{
	struct snp_guest_msg *msg = &request.msg;
	const void *data;

	if (offset_in_page(pa) + sizeof(msg->hdr) > PAGE_SIZE)
		return SEV_RET_INVALID_PARAM;
	data = snp_emul_psp_ram(pa, sizeof(msg->hdr));
	if (!data)
		return SEV_RET_INVALID_ADDRESS;

	memcpy(&msg->hdr, data, sizeof(msg->hdr));
	if (msg->hdr.hdr_version != MSG_HDR_VER || msg->hdr.hdr_sz != sizeof(msg->hdr) ||
	    msg->hdr.algo != SNP_AEAD_AES_256_GCM || !msg->hdr.msg_sz ||
	    !IS_ALIGNED(msg->hdr.msg_sz, 16) ||
	    offset_in_page(pa) + sizeof(msg->hdr) + msg->hdr.msg_sz > PAGE_SIZE)
		return SEV_RET_INVALID_PARAM;

	memcpy(msg->payload, data + sizeof(msg->hdr), msg->hdr.msg_sz);
	return SEV_RET_SUCCESS;
}

/* Numbers of requests are odd, those of answers even: none is used twice. */
static u16 unwrap(struct psp_guest *guest)
{
	struct snp_guest_msg_hdr *hdr = &request.msg.hdr;
	u8 iv[MSG_IV_SIZE];
	u64 count;

	if (hdr->msg_vmpck >= ARRAY_SIZE(guest->msg_count) || set_key(guest, hdr->msg_vmpck))
		return SEV_RET_INVALID_PARAM;

	make_iv(iv, hdr);
	if (aes_gcm_decrypt(request.text, request.msg.payload, hdr->msg_sz, hdr->authtag,
			    (void *)hdr + MSG_AAD, AAD_LEN, iv, &gcm_key))
		return SEV_RET_BAD_MEASUREMENT;

	count = guest->msg_count[hdr->msg_vmpck];
	if (count == U64_MAX - 1 || hdr->msg_seqno != count + 1)
		return SEV_RET_AEAD_OFLOW;

	return SEV_RET_SUCCESS;
}

static void wrap(u8 type, u16 size)
{
	const struct snp_guest_msg_hdr *asked = &request.msg.hdr;
	struct snp_guest_msg_hdr *hdr = &response.msg.hdr;
	u8 iv[MSG_IV_SIZE];

	*hdr = (struct snp_guest_msg_hdr) {
		.msg_seqno	= asked->msg_seqno + 1,
		.algo		= SNP_AEAD_AES_256_GCM,
		.hdr_version	= MSG_HDR_VER,
		.hdr_sz		= sizeof(*hdr),
		.msg_type	= type,
		.msg_version	= 1,
		.msg_sz		= size,
		.msg_vmpck	= asked->msg_vmpck,
	};

	make_iv(iv, hdr);
	aes_gcm_encrypt(response.msg.payload, response.text, size, hdr->authtag,
			(void *)hdr + MSG_AAD, AAD_LEN, iv, &gcm_key);
}

/* What the guest asks for, answered in response.text; @size of it is set. */
static u16 answer(const struct psp_guest *guest, u8 *type, u16 *size)
{
	const struct snp_guest_msg_hdr *hdr = &request.msg.hdr;

	if (hdr->msg_version != 1)
		return SEV_RET_INVALID_PARAM;

	switch (hdr->msg_type) {
	case SNP_MSG_REPORT_REQ:
		if (hdr->msg_sz < PSP_REPORT_REQ_SIZE)
			return SEV_RET_INVALID_PARAM;
		*type = SNP_MSG_REPORT_RSP;
		*size = snp_emul_psp_report(guest, hdr->msg_vmpck, request.text, response.text);
		return SEV_RET_SUCCESS;
	default:
		return SEV_RET_INVALID_PARAM;
	}
}

static u16 check_request(const struct sev_data_snp_guest_request *cmd, struct psp_guest **guest)
{
	struct rmp_page *req = snp_emul_rmp_page(cmd->req_paddr);
	struct rmp_page *res = snp_emul_rmp_page(cmd->res_paddr);
	u16 status;

	if (!PAGE_ALIGNED(cmd->gctx_paddr))
		return SEV_RET_INVALID_PARAM;
	if (!snp_emul_rmp_page(cmd->gctx_paddr) || !req || !res)
		return SEV_RET_INVALID_ADDRESS;

	status = snp_emul_psp_guest(cmd->gctx_paddr, guest);
	if (status)
		return status;
	if (res->state != RMP_FIRMWARE)
		return SEV_RET_INVALID_PAGE_STATE;
	if (snp_emul_rmp_is_large(req) || snp_emul_rmp_is_large(res))
		return SEV_RET_INVALID_PAGE_SIZE;
	if ((*guest)->state != PSP_GUEST_RUNNING)
		return SEV_RET_INVALID_GUEST_STATE;

	return SEV_RET_SUCCESS;
}

static u16 cmd_snp_guest_request(void *buf)
{
	struct sev_data_snp_guest_request *cmd = buf;
	struct psp_guest *guest;
	u16 status, size;
	void *out;
	u8 type;

	status = check_request(cmd, &guest);
	if (!status)
		status = fetch(cmd->req_paddr);
	if (!status)
		status = unwrap(guest);
	if (!status)
		status = answer(guest, &type, &size);
	if (status)
		return status;

	if (offset_in_page(cmd->res_paddr) + sizeof(response.msg.hdr) + size > PAGE_SIZE)
		return SEV_RET_INVALID_PARAM;
	status = snp_emul_psp_output(cmd->res_paddr, sizeof(response.msg.hdr) + size, &out);
	if (status)
		return status;

	wrap(type, size);
	memcpy(out, &response.msg, sizeof(response.msg.hdr) + size);
	guest->msg_count[request.msg.hdr.msg_vmpck] = response.msg.hdr.msg_seqno;
	return SEV_RET_SUCCESS;
}

const struct psp_cmd snp_emul_psp_msg_cmds[] = {
	PSP_CMD(SNP_GUEST_REQUEST, sizeof(struct sev_data_snp_guest_request),
		cmd_snp_guest_request, .snp = true),
	{}
};
