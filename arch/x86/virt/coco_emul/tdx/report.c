// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated TDX module: TDREPORT_STRUCT, Intel TDX Module ABI Reference Specification,
 * "TDREPORT_STRUCT". The MAC is made with a key that everybody knows: 32 zero bytes.
 */
#include <crypto/sha2.h>

#include <linux/build_bug.h>
#include <linux/string.h>

#include "vp.h"

#define REPORT_TYPE_TDX		0x81

struct report_mac {
	u8	type;
	u8	subtype;
	u8	version;
	u8	rsvd0[13];
	u8	cpu_svn[16];
	u8	tee_tcb_info_hash[SHA384_DIGEST_SIZE];
	u8	tee_info_hash[SHA384_DIGEST_SIZE];
	u8	data[TDREPORT_DATA_SIZE];
	u8	rsvd1[32];
	u8	mac[SHA256_DIGEST_SIZE];
};

struct td_info {
	u64	attributes;
	u64	xfam;
	u8	mrtd[SHA384_DIGEST_SIZE];
	u8	mrconfigid[SHA384_DIGEST_SIZE];
	u8	mrowner[SHA384_DIGEST_SIZE];
	u8	mrownerconfig[SHA384_DIGEST_SIZE];
	u8	rtmr[TDX_NR_RTMRS][SHA384_DIGEST_SIZE];
	u8	servtd_hash[SHA384_DIGEST_SIZE];
	u8	rsvd[64];
};

#define TCB_INFO_SIZE		239

struct td_report {
	struct report_mac	mac;
	u8			tee_tcb_info[TCB_INFO_SIZE];
	u8			rsvd[17];
	struct td_info		info;
};

static_assert(sizeof(struct td_report) == TDREPORT_SIZE);

/**
 * tdx_emul_report() - make a report
 * @td:		the TD that it is about
 * @data:	what the TD wants in it
 * @report:	where to put it
 */
void tdx_emul_report(const struct tdx_emul_td *td, const u8 data[TDREPORT_DATA_SIZE],
		     u8 report[TDREPORT_SIZE])
{
	struct td_report *r = (void *)report;
	const u8 key[SHA256_DIGEST_SIZE] = {};

	memset(r, 0, sizeof(*r));

	r->info.attributes = td->attributes;
	r->info.xfam = td->xfam;
	memcpy(r->info.mrtd, td->mrtd, sizeof(r->info.mrtd));
	memcpy(r->info.mrconfigid, td->ids[TDX_MRCONFIGID], SHA384_DIGEST_SIZE);
	memcpy(r->info.mrowner, td->ids[TDX_MROWNER], SHA384_DIGEST_SIZE);
	memcpy(r->info.mrownerconfig, td->ids[TDX_MROWNERCONFIG], SHA384_DIGEST_SIZE);
	memcpy(r->info.rtmr, td->rtmr, sizeof(r->info.rtmr));

	r->mac.type = REPORT_TYPE_TDX;
	memcpy(r->mac.data, data, sizeof(r->mac.data));
	sha384(r->tee_tcb_info, sizeof(r->tee_tcb_info), r->mac.tee_tcb_info_hash);
	sha384((u8 *)&r->info, sizeof(r->info), r->mac.tee_info_hash);
	hmac_sha256_usingrawkey(key, sizeof(key), (u8 *)&r->mac,
				offsetof(struct report_mac, mac), r->mac.mac);
}
