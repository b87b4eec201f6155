// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: the attestation report, "SEV Secure Nested
 * Paging Firmware ABI Specification", "Attestation".
 *
 * It is signed as real ones are, ECDSA over P-384 with SHA-384, and any tool can
 * verify it with the public key in Documentation/virt/kvm/coco-snp.rst. The private
 * key d is there, too: SHA-384 of "coco_emul VCEK". Nobody can be deceived with a
 * report that everybody can forge, so the number that has to be secret and different
 * for each signature is always 1. What remains of the algorithm is
 *
 *	r = x(1 * G)
 *	s = 1 / 1 * (z + r * d) = z + c	(mod n)
 *
 * with the hash z of the report and a constant c = r * d.
 */
#include <linux/build_bug.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/unaligned.h>

#include "snp.h"

#define REPORT_VERSION		2
#define REPORT_ECDSA_P384	1

/* "MSG_REPORT_REQ": which key signs. There is no VLEK. */
#define KEY_SEL			GENMASK(1, 0)
#define KEY_SEL_ANY		0
#define KEY_SEL_VCEK		1

/* The platform's, as GET_ID has it for each socket */
#define CHIP_ID			0x1d

#define PLATFORM_SMT		BIT(0)

#define REPORT_AUTHOR_KEY	BIT(0)

/* Numbers of P-384, the least significant 64 bits first */
#define P384_WORDS		6

struct p384_number {
	u64	word[P384_WORDS];
};

/* As a report has it, the least significant byte first */
struct signature_number {
	__le64	word[P384_WORDS];
	u8	rsvd[24];
};

/* "ATTESTATION_REPORT Structure" */
struct report {
	__le32	version;
	__le32	guest_svn;
	__le64	policy;
	u8	family_id[16];
	u8	image_id[16];
	__le32	vmpl;
	__le32	signature_algo;
	__le64	current_tcb;
	__le64	platform_info;
	__le32	flags;
	__le32	rsvd1;
	u8	report_data[64];
	u8	measurement[SHA384_DIGEST_SIZE];
	u8	host_data[32];
	u8	id_key_digest[SHA384_DIGEST_SIZE];
	u8	author_key_digest[SHA384_DIGEST_SIZE];
	u8	report_id[32];
	u8	report_id_ma[32];
	__le64	reported_tcb;
	u8	rsvd2[24];
	u8	chip_id[64];
	__le64	committed_tcb;
	u8	current_build;
	u8	current_minor;
	u8	current_major;
	u8	rsvd3;
	u8	committed_build;
	u8	committed_minor;
	u8	committed_major;
	u8	rsvd4;
	__le64	launch_tcb;
	u8	rsvd5[168];
	struct signature_number r;
	struct signature_number s;
	u8	rsvd6[368];
} __packed;

static_assert(offsetof(struct report, measurement) == 0x90);
static_assert(offsetof(struct report, chip_id) == 0x1a0);
static_assert(offsetof(struct report, r) == 0x2a0);
static_assert(sizeof(struct report) == 0x4a0);

struct report_req {
	u8	report_data[64];
	u32	vmpl;
	u32	flags;
	u8	rsvd[24];
} __packed;

static_assert(sizeof(struct report_req) == PSP_REPORT_REQ_SIZE);

struct report_rsp {
	u32		status;
	u32		size;
	u8		rsvd[24];
	struct report	report;
} __packed;

/* The order of the curve, and x and c as above */
static const struct p384_number p384_n = {
	{ 0xecec196accc52973, 0x581a0db248b0a77a, 0xc7634d81f4372ddf,
	  0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
};

static const struct p384_number p384_r = {
	{ 0x3a545e3872760ab7, 0x5502f25dbf55296c, 0x59f741e082542a38,
	  0x6e1d3b628ba79b98, 0x8eb1c71ef320ad74, 0xaa87ca22be8b0537 },
};

static const struct p384_number p384_c = {
	{ 0x201872004dd5545a, 0xc0e9d5276524c046, 0x3b4845a5018d1f05,
	  0x5d9a09aecc9808d4, 0x7cfa82bae1afd2ff, 0x2e5dc974c6d48817 },
};

/* @a += @b, returns the carry. */
static bool p384_add(struct p384_number *a, const struct p384_number *b)
{
	bool carry = false, over;
	int i;

	for (i = 0; i < P384_WORDS; i++) {
		over = check_add_overflow(a->word[i], b->word[i], &a->word[i]);
		carry = check_add_overflow(a->word[i], (u64)carry, &a->word[i]) || over;
	}
	return carry;
}

/* @a -= @b, returns the borrow. */
static bool p384_sub(struct p384_number *a, const struct p384_number *b)
{
	bool borrow = false, under;
	int i;

	for (i = 0; i < P384_WORDS; i++) {
		under = check_sub_overflow(a->word[i], b->word[i], &a->word[i]);
		borrow = check_sub_overflow(a->word[i], (u64)borrow, &a->word[i]) || under;
	}
	return borrow;
}

static void put_number(struct signature_number *to, const struct p384_number *from)
{
	int i;

	for (i = 0; i < P384_WORDS; i++)
		to->word[i] = cpu_to_le64(from->word[i]);
}

static void sign(struct report *report)
{
	u8 hash[SHA384_DIGEST_SIZE];
	struct p384_number s, less;
	bool carry;
	int i;

	sha384((const u8 *)report, offsetof(struct report, r), hash);
	for (i = 0; i < P384_WORDS; i++)
		s.word[P384_WORDS - 1 - i] = get_unaligned_be64(hash + i * sizeof(u64));

	/* z is less than twice the order, and so is what is added to the remainder. */
	less = s;
	if (!p384_sub(&less, &p384_n))
		s = less;
	carry = p384_add(&s, &p384_c);
	less = s;
	if (!p384_sub(&less, &p384_n) || carry)
		s = less;

	put_number(&report->r, &p384_r);
	put_number(&report->s, &s);
}

static u32 check(const struct psp_guest *guest, unsigned int vmpl, const struct report_req *req)
{
	u32 key_sel = req->flags & KEY_SEL;

	if (req->flags & ~KEY_SEL || memchr_inv(req->rsvd, 0, sizeof(req->rsvd)))
		return SEV_RET_INVALID_PARAM;
	if (guest->vcek_disabled || (key_sel != KEY_SEL_ANY && key_sel != KEY_SEL_VCEK))
		return SEV_RET_INVALID_KEY;
	/* A guest must not claim more privilege than the key shows that it has. */
	if (req->vmpl < vmpl || req->vmpl >= PSP_NR_VMPLS)
		return SEV_RET_INVALID_PARAM;

	return SEV_RET_SUCCESS;
}

/**
 * snp_emul_psp_report() - MSG_REPORT_REQ
 * @guest:	who asks
 * @vmpl:	of the key that the request came with
 * @request:	the request, of %PSP_REPORT_REQ_SIZE
 * @response:	where to put the answer
 *
 * Return: size of the answer.
 */
u16 snp_emul_psp_report(const struct psp_guest *guest, unsigned int vmpl, const void *request,
			void *response)
{
	const struct report_req *req = request;
	struct report_rsp *rsp = response;
	struct report *report = &rsp->report;

	memset(rsp, 0, sizeof(*rsp));
	rsp->size = sizeof(*report);
	rsp->status = check(guest, vmpl, req);
	if (rsp->status)
		return sizeof(*rsp);

	report->version = cpu_to_le32(REPORT_VERSION);
	report->guest_svn = cpu_to_le32(guest->svn);
	report->policy = cpu_to_le64(guest->policy);
	memcpy(report->family_id, guest->family_id, sizeof(report->family_id));
	memcpy(report->image_id, guest->image_id, sizeof(report->image_id));
	report->vmpl = cpu_to_le32(req->vmpl);
	report->signature_algo = cpu_to_le32(REPORT_ECDSA_P384);
	report->platform_info = cpu_to_le64(topology_max_smt_threads() > 1 ? PLATFORM_SMT : 0);
	report->flags = cpu_to_le32(guest->author_key ? REPORT_AUTHOR_KEY : 0);
	memcpy(report->report_data, req->report_data, sizeof(report->report_data));
	memcpy(report->measurement, guest->ld, sizeof(report->measurement));
	memcpy(report->host_data, guest->host_data, sizeof(report->host_data));
	memcpy(report->id_key_digest, guest->id_key_digest, sizeof(report->id_key_digest));
	memcpy(report->author_key_digest, guest->author_key_digest,
	       sizeof(report->author_key_digest));
	memcpy(report->report_id, guest->report_id, sizeof(report->report_id));
	/* There is no migration agent. */
	memset(report->report_id_ma, 0xff, sizeof(report->report_id_ma));
	memset(report->chip_id, CHIP_ID, sizeof(report->chip_id));
	report->current_build = PSP_BUILD;
	report->current_minor = PSP_API_MINOR;
	report->current_major = PSP_API_MAJOR;
	report->committed_build = PSP_BUILD;
	report->committed_minor = PSP_API_MINOR;
	report->committed_major = PSP_API_MAJOR;

	sign(report);
	return sizeof(*rsp);
}
