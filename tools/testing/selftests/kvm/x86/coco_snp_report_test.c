// SPDX-License-Identifier: GPL-2.0-only
/*
 * An SNP guest asks the firmware for its attestation report, by the guest request of
 * the GHCB protocol that KVM passes on. The launch digest in the report has to be the
 * one that is calculated here, from the image and from the registers of the vCPUs, and
 * the signature that of the documented key: Documentation/virt/kvm/coco-snp.rst.
 *
 * The messages are those of the "SEV Secure Nested Paging Firmware ABI Specification",
 * "Guest Messages".
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/psp-sev.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kvm_test_harness.h"
#include "aes_gcm.h"
#include "coco_emul.h"
#include "coco_snp_inside.h"
#include "p384.h"
#include "sev.h"
#include "sha384.h"

#define NR_PAGES		2ul
#define SECRETS_PAGE		0
#define VMPCK_OFFSET		0x20

/* Seconds, where the harness gives 30: each case launches a guest, and runs it. */
#define TIMEOUT			120

#define NOT_AUTHENTIC		BIT_ULL(63)

#define MSG_CPUID_REQ		1
#define MSG_REPORT_REQ		5
#define MSG_REPORT_RSP		6

struct msg_header {
	uint8_t authtag[32];
	uint64_t seqno;
	uint8_t rsvd1[8];
	uint8_t algo;
	uint8_t version;
	uint16_t size;
	uint8_t msg_type;
	uint8_t msg_version;
	uint16_t msg_size;
	uint32_t rsvd2;
	uint8_t vmpck;
	uint8_t rsvd3[35];
} __packed;

#define MSG_HEADER_SIZE		0x60
#define MSG_AAD			0x30

struct report_req {
	uint8_t report_data[64];
	uint32_t vmpl;
	uint32_t key_sel;
	uint8_t rsvd[24];
} __packed;

/* "ATTESTATION_REPORT Structure", as far as it is looked at */
struct report {
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t vmpl;
	uint32_t signature_algo;
	uint64_t current_tcb;
	uint64_t platform_info;
	uint32_t flags;
	uint32_t rsvd1;
	uint8_t report_data[64];
	uint8_t measurement[SHA384_SIZE];
	uint8_t host_data[32];
	uint8_t id_key_digest[SHA384_SIZE];
	uint8_t author_key_digest[SHA384_SIZE];
	uint8_t report_id[32];
	uint8_t report_id_ma[32];
	uint8_t reported_tcb[32];	/* and what is reserved behind it */
	uint8_t chip_id[64];
	uint64_t committed_tcb;
	uint8_t current[4];		/* build, minor and major version, reserved */
	uint8_t committed[4];
	uint8_t launch_tcb[0xb0];	/* and what is reserved behind it */
	struct p384 r;
	uint8_t skip3[24];
	struct p384 s;
	uint8_t skip4[24 + 368];
} __packed;

#define PLATFORM_SMT		BIT_ULL(0)
#define AUTHOR_KEY_EN		BIT(0)

kvm_static_assert(offsetof(struct report, report_id_ma) == 0x160);
kvm_static_assert(offsetof(struct report, r) == 0x2a0);
kvm_static_assert(sizeof(struct report) == 0x4a0);

struct report_rsp {
	uint32_t status;
	uint32_t size;
	uint8_t rsvd[24];
	struct report report;
} __packed;

/* What the guest is to ask for, and what it got: in the page that it shares */
struct request {
	struct inside_ghcb ghcb;
	struct inside_shared to, from, certs;
	struct msg_header header;	/* as it is to be sent, without tag */
	uint8_t key;			/* of which VMPL it is encrypted */
	bool tamper;
	struct report_req req;
	struct msg_header got;
	struct report_rsp rsp;
};

/* The public key of the emulated platform */
static const struct p384 vcek_x = {
	{ 0xd7971a2274af5ecb, 0x945fd966aa6f6ee1, 0xf6cedda83f973c96,
	  0xcb7655aee6771277, 0xfb64221419b1c2db, 0x8b76752654ede9b5 },
};

static const struct p384 vcek_y = {
	{ 0x3487649abe5b354c, 0xc4fd2479994de8c9, 0xd086887f2baa9c12,
	  0xe771659f9de4bec6, 0x99a8453a5fe32b06, 0x647feff920b1f3fe },
};

static const uint8_t *vmpck(unsigned int vmpl)
{
	return (uint8_t *)inside_gva(SECRETS_PAGE) + VMPCK_OFFSET + vmpl * AES_GCM_KEY_SIZE;
}

static void make_iv(uint8_t iv[AES_GCM_IV_SIZE], uint64_t seqno)
{
	memset(iv, 0, AES_GCM_IV_SIZE);
	memcpy(iv, &seqno, sizeof(seqno));
}

/* In the guest: the key and the plaintext stay there until the answer is decrypted. */
static uint64_t guest_request(uint64_t arg, uint64_t unused)
{
	uint8_t iv[AES_GCM_IV_SIZE], *to, *from;
	struct request *r = (void *)arg;
	struct msg_header header = r->header, got;
	struct report_req req = r->req;
	struct report_rsp rsp;
	struct aes_gcm_text text = {
		.iv = iv,
		.aad = (void *)&header + MSG_AAD,
		.aad_len = MSG_HEADER_SIZE - MSG_AAD,
		.in = (void *)&req,
		.out = (void *)&req,
		.len = header.msg_size < sizeof(req) ? header.msg_size : sizeof(req),
	};
	uint64_t ret;

	to = (void *)r->to.gva;
	from = (void *)r->from.gva;
	make_iv(iv, header.seqno);
	aes_gcm_encrypt(vmpck(r->key), &text, header.authtag);
	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), &req, sizeof(req));
	if (r->tamper)
		to[sizeof(header)] ^= 1;

	ret = guest_ghcb((uint64_t)&r->ghcb, 0);
	if (ret)
		return ret;

	memcpy(&got, from, sizeof(got));
	memcpy(&rsp, from + sizeof(got), sizeof(rsp));
	make_iv(iv, got.seqno);
	text.aad = (void *)&got + MSG_AAD;
	text.in = (void *)&rsp;
	text.out = (void *)&rsp;
	text.len = sizeof(rsp);
	if (got.msg_size != sizeof(rsp) || !aes_gcm_decrypt(vmpck(r->key), &text, got.authtag))
		return NOT_AUTHENTIC;

	r->got = got;
	r->rsp = rsp;
	return 0;
}

FIXTURE(report) {
	struct coco_emul_census census;
	struct inside in;
	struct request *request;
	uint8_t *src;
};

FIXTURE_SETUP(report)
{
	struct request *r;

	kvm_static_assert(sizeof(*r) <= PAGE_SIZE);

	snp_census_read(&self->census);
	self->src = snp_map_pages(1);
	inside_create(&self->in, NR_PAGES);

	r = self->in.data.hva;
	r->to = inside_share(&self->in);
	r->from = inside_share(&self->in);
	r->certs = inside_share(&self->in);
	r->ghcb = (struct inside_ghcb) {
		.page = inside_share(&self->in),
		.exit_code = GHCB_GUEST_REQUEST,
		.info_1 = r->to.gpa,
		.info_2 = r->from.gpa,
		/* Of extended requests: where certificates go, and how many pages of them */
		.rax = r->certs.gpa,
		.rbx = 1,
	};
	r->header = (struct msg_header) {
		.algo = 1,
		.version = 1,
		.size = MSG_HEADER_SIZE,
		.msg_type = MSG_REPORT_REQ,
		.msg_version = 1,
		.msg_size = sizeof(r->req),
		.seqno = 1,
	};
	memset(r->req.report_data, 0x5a, sizeof(r->req.report_data));
	self->request = r;

	inside_launch(&self->in);
	inside_load(&self->in, SECRETS_PAGE, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_SECRETS);
}

FIXTURE_TEARDOWN(report)
{
	inside_free(&self->in);
	kvm_munmap(self->src, PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

static uint64_t ask(FIXTURE_DATA(report) *self)
{
	memset(&self->request->got, 0, sizeof(self->request->got));
	memset(&self->request->rsp, 0, sizeof(self->request->rsp));
	return inside_call(&self->in, guest_request, self->in.data.gva, 0);
}

/* The request fails, with what the firmware says in the lower half of SW_EXITINFO2. */
static void expect_refused(FIXTURE_DATA(report) *self, uint32_t fw_error)
{
	uint64_t ret = ask(self);

	TEST_ASSERT(ret == fw_error, "Guest request: 0x%lx, wanted 0x%x", ret, fw_error);
}

/* It does not, and this is the status in the answer. */
static struct report *expect_answer(FIXTURE_DATA(report) *self, uint32_t status)
{
	const struct msg_header *sent = &self->request->header, *got = &self->request->got;
	uint64_t ret = ask(self);

	TEST_ASSERT(!ret, "Guest request: 0x%lx", ret);
	TEST_ASSERT(got->seqno == sent->seqno + 1 && got->algo == 1 && got->version == 1 &&
		    got->size == MSG_HEADER_SIZE && got->msg_type == MSG_REPORT_RSP &&
		    got->vmpck == sent->vmpck,
		    "Answer: number %lu, algorithm %u, type %u, key %u", got->seqno, got->algo,
		    got->msg_type, got->vmpck);
	TEST_ASSERT(self->request->rsp.status == status, "Status 0x%x in the answer, wanted 0x%x",
		    self->request->rsp.status, status);
	self->request->header.seqno += 2;
	return &self->request->rsp.report;
}

static bool is_signed(const struct report *report)
{
	uint8_t hash[SHA384_SIZE];
	struct sha384 sha;
	struct p384 r = report->r, s = report->s;

	sha384_start(&sha);
	sha384_add(&sha, report, offsetof(struct report, r));
	sha384_digest(&sha, hash);
	return p384_verify(hash, &r, &s, &vcek_x, &vcek_y);
}

static bool is_filled(const void *data, uint8_t with, size_t len)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < len; i++) {
		if (bytes[i] != with)
			return false;
	}
	return true;
}

/* What all reports of the platform have in common */
static void expect_platform(const struct report *r)
{
	static const uint8_t version[4] = { 1, 55, 1 };

	TEST_ASSERT(!r->current_tcb && !r->committed_tcb && !r->rsvd1 &&
		    !(r->platform_info & ~PLATFORM_SMT) &&
		    is_filled(r->reported_tcb, 0, sizeof(r->reported_tcb)) &&
		    is_filled(r->launch_tcb, 0, sizeof(r->launch_tcb)),
		    "There are numbers in the TCB, platform 0x%lx, or in what is reserved",
		    r->platform_info);
	TEST_ASSERT(is_filled(r->report_id_ma, 0xff, sizeof(r->report_id_ma)) &&
		    is_filled(r->chip_id, 0x1d, sizeof(r->chip_id)),
		    "The guest has a migration agent, or another chip");
	TEST_ASSERT(!memcmp(r->current, version, sizeof(version)) &&
		    !memcmp(r->committed, version, sizeof(version)),
		    "Version %u.%u, committed %u.%u", r->current[2], r->current[1],
		    r->committed[2], r->committed[1]);
}

static void expect_id(const uint8_t *got, const uint8_t *want, size_t len, const char *what)
{
	TEST_ASSERT(!memcmp(got, want, len), "The report does not have the %s", what);
}

TEST_F_TIMEOUT(report, digest_and_signature, TIMEOUT)
{
	struct report *report;

	inside_finish(&self->in);
	snp_guest_expect_digest(&self->in.guest);

	report = expect_answer(self, SEV_RET_SUCCESS);
	sha384_expect(report->measurement, self->in.guest.ld, "Measurement in the report");
	TEST_ASSERT(report->version == 2 && report->signature_algo == 1 && !report->vmpl &&
		    report->policy == snp_default_policy(), "Version %u, policy 0x%lx, VMPL %u",
		    report->version, report->policy, report->vmpl);
	expect_id(report->report_data, self->request->req.report_data, 64, "data of the guest");
	expect_platform(report);
	TEST_ASSERT(!report->flags, "Flags 0x%x", report->flags);
	TEST_ASSERT(is_signed(report), "The signature is wrong");

	report->measurement[7] ^= 1;
	TEST_ASSERT(!is_signed(report), "The signature fits another measurement");
}

/* What the test loads is measured as well as the image. */
TEST_F_TIMEOUT(report, page_more, TIMEOUT)
{
	struct report *report;

	memset(self->src, 1, PAGE_SIZE);
	inside_load(&self->in, 1, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	inside_finish(&self->in);
	report = expect_answer(self, SEV_RET_SUCCESS);
	sha384_expect(report->measurement, self->in.guest.ld, "Measurement in the report");
	inside_expect(&self->in, 1, self->src);
}

/* Each number once, and none is left out. */
TEST_F_TIMEOUT(report, replayed, TIMEOUT)
{
	inside_finish(&self->in);

	expect_answer(self, SEV_RET_SUCCESS);
	expect_answer(self, SEV_RET_SUCCESS);
	self->request->header.seqno = 1;
	expect_refused(self, SEV_RET_AEAD_OFLOW);
	self->request->header.seqno = 7;
	expect_refused(self, SEV_RET_AEAD_OFLOW);
	self->request->header.seqno = 5;
	expect_answer(self, SEV_RET_SUCCESS);

	/* Each key counts for itself. */
	self->request->header.seqno = 1;
	self->request->header.vmpck = 1;
	self->request->key = 1;
	self->request->req.vmpl = 1;
	expect_answer(self, SEV_RET_SUCCESS);
}

TEST_F_TIMEOUT(report, not_authentic, TIMEOUT)
{
	inside_finish(&self->in);

	self->request->tamper = true;
	expect_refused(self, SEV_RET_BAD_MEASUREMENT);
	self->request->tamper = false;
	self->request->key = 2;
	expect_refused(self, SEV_RET_BAD_MEASUREMENT);

	/* Of these the firmware takes no notice. */
	self->request->key = 0;
	expect_answer(self, SEV_RET_SUCCESS);
}

TEST_F_TIMEOUT(report, bad_header, TIMEOUT)
{
	const struct msg_header good = self->request->header;
	struct msg_header *header = &self->request->header;

	inside_finish(&self->in);

	header->size = MSG_HEADER_SIZE - 1;
	expect_refused(self, SEV_RET_INVALID_PARAM);
	*header = good;
	header->version = 2;
	expect_refused(self, SEV_RET_INVALID_PARAM);
	*header = good;
	header->algo = 2;
	expect_refused(self, SEV_RET_INVALID_PARAM);
	*header = good;
	header->vmpck = 4;
	expect_refused(self, SEV_RET_INVALID_PARAM);
	*header = good;
	header->msg_size = 0;
	expect_refused(self, SEV_RET_INVALID_PARAM);
	header->msg_size = PAGE_SIZE - MSG_HEADER_SIZE + 16;
	expect_refused(self, SEV_RET_INVALID_PARAM);
	*header = good;
	header->msg_size -= 1;
	expect_refused(self, SEV_RET_INVALID_PARAM);
	/* A message, but too short for a request */
	*header = good;
	header->msg_size -= 16;
	expect_refused(self, SEV_RET_INVALID_PARAM);
	*header = good;
	header->msg_version = 2;
	expect_refused(self, SEV_RET_INVALID_PARAM);
	*header = good;
	header->msg_type = MSG_CPUID_REQ;
	expect_refused(self, SEV_RET_INVALID_PARAM);

	*header = good;
	expect_answer(self, SEV_RET_SUCCESS);
}

/* What is wrong inside is told to the guest alone. */
TEST_F_TIMEOUT(report, bad_request, TIMEOUT)
{
	struct report_req *req = &self->request->req;
	struct report *report;

	inside_finish(&self->in);

	req->rsvd[3] = 1;
	expect_answer(self, SEV_RET_INVALID_PARAM);
	req->rsvd[3] = 0;
	req->key_sel = 2;
	expect_answer(self, SEV_RET_INVALID_KEY);
	req->key_sel = 0;
	req->vmpl = 4;
	expect_answer(self, SEV_RET_INVALID_PARAM);

	/* Less privilege can be asked for, more cannot. */
	req->vmpl = 3;
	report = expect_answer(self, SEV_RET_SUCCESS);
	TEST_ASSERT(report->vmpl == 3 && is_signed(report), "Report for VMPL %u", report->vmpl);
	self->request->header.vmpck = 2;
	self->request->key = 2;
	self->request->header.seqno = 1;
	req->vmpl = 1;
	expect_answer(self, SEV_RET_INVALID_PARAM);
}

/* The host can forbid the only key that there is. */
TEST_F(report, vcek_disabled)
{
	struct kvm_sev_snp_launch_finish finish = { .vcek_disabled = 1 };

	vm_sev_ioctl(self->in.guest.vm, KVM_SEV_SNP_LAUNCH_FINISH, &finish);
	expect_answer(self, SEV_RET_INVALID_KEY);
}

/* There are no certificates, which a page of zeroes says. */
TEST_F_TIMEOUT(report, extended, TIMEOUT)
{
	static const uint8_t none[24];

	inside_finish(&self->in);

	memset(self->request->certs.hva, 0xee, PAGE_SIZE);
	self->request->ghcb.exit_code = GHCB_EXT_GUEST_REQUEST;
	TEST_ASSERT(is_signed(expect_answer(self, SEV_RET_SUCCESS)), "The signature is wrong");
	expect_id(self->request->certs.hva, none, sizeof(none), "end of certificates");
}

/* "ID Block Structure", "ID Authentication Information Structure" */
struct id_block {
	uint8_t ld[SHA384_SIZE];
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
} __packed;

#define ID_AUTH_ALGO		1	/* ECDSA P-384 with SHA-384 */
#define ID_KEY			0x240
#define AUTHOR_KEY		0x880
#define KEY_SIZE		0x404

static void hash(const uint8_t *data, uint8_t digest[SHA384_SIZE])
{
	struct sha384 s;

	sha384_start(&s);
	sha384_add(&s, data, KEY_SIZE);
	sha384_digest(&s, digest);
}

/* In a guest of its own: KVM of Linux 7.3 takes no LAUNCH_FINISH after one that failed. */
static void expect_bad_algorithm(struct kvm_sev_snp_launch_finish *finish, struct id_block id)
{
	struct kvm_sev_snp_launch_finish args = *finish;
	struct kvm_sev_cmd cmd = {
		.id = KVM_SEV_SNP_LAUNCH_FINISH,
		.data = (uint64_t)&args,
	};
	struct snp_guest g;
	int ret;

	snp_guest_init(&g, INSIDE_GPA, 1);
	snp_guest_update(&g, 0, NULL, 1, KVM_SEV_SNP_PAGE_TYPE_ZERO);
	memcpy(id.ld, g.ld, sizeof(id.ld));
	args.id_block_uaddr = (uint64_t)&id;

	cmd.sev_fd = g.vm->arch.sev_fd;
	ret = ioctl(g.vm->fd, KVM_MEMORY_ENCRYPT_OP, &cmd);
	TEST_ASSERT(ret == -1 && errno == EIO && cmd.error == SEV_RET_INVALID_PARAM,
		    "Algorithm 0: ret %d, errno %d, firmware 0x%x", ret, errno, cmd.error);
	snp_guest_free(&g);
}

TEST_F_TIMEOUT(report, id_block_and_host_data, TIMEOUT)
{
	uint8_t *auth = snp_map_pages(1), digest[SHA384_SIZE];
	struct id_block id = { .version = 1, .guest_svn = 7 };
	struct kvm_sev_snp_launch_finish finish = {
		.id_block_uaddr = (uint64_t)&id,
		.id_auth_uaddr = (uint64_t)auth,
		.id_block_en = 1,
		.auth_key_en = 1,
	};
	struct report *report;
	int i;

	inside_measure_vmsas(&self->in);
	memcpy(id.ld, self->in.guest.ld, sizeof(id.ld));
	memset(id.family_id, 0xfa, sizeof(id.family_id));
	memset(id.image_id, 0x1d, sizeof(id.image_id));
	id.policy = snp_default_policy();
	((uint32_t *)auth)[0] = ID_AUTH_ALGO;
	((uint32_t *)auth)[1] = ID_AUTH_ALGO;
	memset(auth + ID_KEY, 1, KEY_SIZE);
	memset(auth + AUTHOR_KEY, 2, KEY_SIZE);
	memset(finish.host_data, 0xda, sizeof(finish.host_data));

	/* The ID key's algorithm comes first, then that of the author's key. */
	for (i = 0; i < 2; i++) {
		((uint32_t *)auth)[i] = 0;
		expect_bad_algorithm(&finish, id);
		((uint32_t *)auth)[i] = ID_AUTH_ALGO;
	}
	vm_sev_ioctl(self->in.guest.vm, KVM_SEV_SNP_LAUNCH_FINISH, &finish);

	report = expect_answer(self, SEV_RET_SUCCESS);
	expect_id(report->family_id, id.family_id, sizeof(id.family_id), "family");
	expect_id(report->image_id, id.image_id, sizeof(id.image_id), "image");
	expect_id(report->host_data, finish.host_data, sizeof(finish.host_data), "host's data");
	hash(auth + ID_KEY, digest);
	expect_id(report->id_key_digest, digest, sizeof(digest), "digest of the ID key");
	hash(auth + AUTHOR_KEY, digest);
	expect_id(report->author_key_digest, digest, sizeof(digest), "digest of the author's key");
	TEST_ASSERT(report->guest_svn == 7 && report->flags == AUTHOR_KEY_EN,
		    "SVN %u, flags 0x%x", report->guest_svn, report->flags);
	expect_platform(report);
	TEST_ASSERT(is_signed(report), "The signature is wrong");
	kvm_munmap(auth, PAGE_SIZE);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
