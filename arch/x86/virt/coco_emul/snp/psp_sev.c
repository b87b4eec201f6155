// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: launch and end of SEV and SEV-ES guests.
 *
 * Written from the "Secure Encrypted Virtualization API Version 0.24"; what comes
 * first where several things are wrong is as in AMD's published firmware. Not
 * there: secrets, migration, debugging, and sessions with the owner of a guest,
 * whose certificate is never good. Without a session the transport keys are zero
 * on real firmware, too, so anybody can recalculate a measurement.
 *
 * The memory of these guests stays in the clear, and so do their VMSAs: it is
 * user memory, which is freed without the firmware being told. Of a VMSA there is a
 * checksum, which VMRUN compares.
 *
 * debugfs, directory coco_emul:
 *   sev_guests	"<handle> <asid> <state> <policy>" per guest
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/vmalloc.h>

#include <crypto/sha2.h>

#include "snp.h"

#define SEV_MAX_GUESTS		1024

/* "Guest Policy Structure" */
#define SEV_POLICY_NOKS		BIT(1)
#define SEV_POLICY_ES		BIT(2)

/* What LAUNCH_START takes for a session, "LAUNCH_START" */
#define SEV_SESSION_SIZE	128

#define SEV_UPDATE_ALIGN	16

/* "LAUNCH_MEASURE": what the measurement is keyed with, and what is measured first */
#define SEV_TIK_SIZE		16
#define SEV_CTX_MEASURE		4

static const u8 no_tik[SEV_TIK_SIZE];

/* "LAUNCH_MEASURE Measurement Buffer" */
struct sev_measurement {
	u8	measure[SHA256_DIGEST_SIZE];
	u64	nonce[2];
} __packed;

/* "Guest State Machine" */
enum sev_guest_state {
	SEV_GUEST_INVALID,
	SEV_GUEST_LUPDATE,
	SEV_GUEST_LSECRET,
	SEV_GUEST_RUNNING,
};

/**
 * struct sev_guest - a guest; its handle is its place in the table, from 1 on
 * @state:	state of the guest
 * @policy:	guest policy
 * @asid:	ASID it is activated with, 0 if it is not
 * @digest:	what was updated so far
 */
struct sev_guest {
	enum sev_guest_state	state;
	u32			policy;
	u32			asid;
	struct sha256_ctx	digest;
};

static struct sev_guest *guests;
static unsigned int nr_guests;

/**
 * snp_emul_psp_nr_sev_guests() - how many SEV and SEV-ES guests there are
 */
unsigned int snp_emul_psp_nr_sev_guests(void)
{
	return nr_guests;
}

/* SHUTDOWN does not ask whether there are any. */
void snp_emul_psp_sev_guests_end(void)
{
	unsigned int i;

	lockdep_assert_held(&coco_emul_lock);

	for (i = 0; i < SEV_MAX_GUESTS; i++) {
		if (guests[i].state != SEV_GUEST_INVALID)
			snp_emul_psp_asid_release(&guests[i].asid);
		guests[i].state = SEV_GUEST_INVALID;
	}
	nr_guests = 0;
}

static struct sev_guest *guest_of(u32 handle)
{
	if (!handle || handle > SEV_MAX_GUESTS || guests[handle - 1].state == SEV_GUEST_INVALID)
		return NULL;

	return &guests[handle - 1];
}

/* The state of the platform is WORKING as long as there is a guest. */
static u16 find_guest(u32 handle, struct sev_guest **guest)
{
	if (!nr_guests)
		return SEV_RET_INVALID_PLATFORM_STATE;

	*guest = guest_of(handle);
	return *guest ? SEV_RET_SUCCESS : SEV_RET_INVALID_GUEST;
}

static u16 find_guest_in(u32 handle, enum sev_guest_state state, struct sev_guest **guest)
{
	u16 status = find_guest(handle, guest);

	if (!status && (*guest)->state != state)
		status = SEV_RET_INVALID_GUEST_STATE;

	return status;
}

/* The owner of the guest is never the one that the session is with. */
static u16 check_session(const struct sev_data_launch_start *start)
{
	if (!start->dh_cert_address)
		return SEV_RET_SUCCESS;
	if (start->session_len != SEV_SESSION_SIZE || start->dh_cert_len != PSP_CERT_SIZE)
		return SEV_RET_INVALID_LEN;

	return SEV_RET_INVALID_CERTIFICATE;
}

/* A guest may have the key of another one, if both think so. */
static u16 check_key_sharing(const struct sev_data_launch_start *start)
{
	struct sev_guest *other = guest_of(start->handle);

	if (!start->handle)
		return SEV_RET_SUCCESS;
	if (!other)
		return SEV_RET_INVALID_GUEST;
	if (start->policy != other->policy || other->policy & SEV_POLICY_NOKS)
		return SEV_RET_POLICY_FAILURE;

	return SEV_RET_SUCCESS;
}

static u16 cmd_launch_start(void *buf)
{
	struct sev_data_launch_start *start = buf;
	unsigned int i;
	u16 status;

	if (!snp_emul_psp_sev_is_up())
		return SEV_RET_INVALID_PLATFORM_STATE;

	status = check_session(start);
	if (!status)
		status = check_key_sharing(start);
	if (status)
		return status;

	for (i = 0; i < SEV_MAX_GUESTS && guests[i].state != SEV_GUEST_INVALID; i++)
		;
	if (i == SEV_MAX_GUESTS)
		return SEV_RET_RESOURCE_LIMIT;
	if (start->policy & SEV_POLICY_ES && !snp_emul_psp_es_is_up())
		return SEV_RET_UNSUPPORTED;

	guests[i] = (struct sev_guest) {
		.state	= SEV_GUEST_LUPDATE,
		.policy	= start->policy,
	};
	sha256_init(&guests[i].digest);
	nr_guests++;

	start->handle = i + 1;
	return SEV_RET_SUCCESS;
}

static u16 cmd_activate(void *buf)
{
	struct sev_data_activate *activate = buf;
	struct sev_guest *guest;
	u16 status;

	status = find_guest(activate->handle, &guest);
	if (status)
		return status;

	return snp_emul_psp_asid_activate(&guest->asid, activate->asid,
					  guest->policy & SEV_POLICY_ES,
					  guest->state == SEV_GUEST_RUNNING);
}

static u16 cmd_deactivate(void *buf)
{
	struct sev_data_deactivate *deactivate = buf;
	struct sev_guest *guest;
	u16 status;

	status = find_guest(deactivate->handle, &guest);
	if (status)
		return status;
	if (!guest->asid)
		return SEV_RET_INACTIVE;

	snp_emul_psp_asid_release(&guest->asid);
	return SEV_RET_SUCCESS;
}

static u16 cmd_decommission(void *buf)
{
	struct sev_data_decommission *decommission = buf;
	struct sev_guest *guest;
	u16 status;

	status = find_guest(decommission->handle, &guest);
	if (status)
		return status;
	if (guest->asid)
		return SEV_RET_ACTIVE;

	memset(guest, 0, sizeof(*guest));
	nr_guests--;
	return SEV_RET_SUCCESS;
}

/* Not even a handle that nobody has makes it fail. */
static u16 cmd_guest_status(void *buf)
{
	struct sev_data_guest_status *answer = buf;
	struct sev_guest *guest = guest_of(answer->handle);

	if (!snp_emul_psp_sev_is_up())
		return SEV_RET_INVALID_PLATFORM_STATE;

	answer->state = SEV_GUEST_INVALID;
	if (guest) {
		answer->state = guest->state;
		answer->asid = guest->asid;
		answer->policy = guest->policy;
	}
	return SEV_RET_SUCCESS;
}

static void measure(void *digest, const void *data, size_t len)
{
	sha256_update(digest, data, len);
}

static u16 launch_update(u32 handle, u64 pa, u32 len, bool vmsa)
{
	struct sev_guest *guest;
	u16 status;

	status = find_guest_in(handle, SEV_GUEST_LUPDATE, &guest);
	if (status)
		return status;
	if (vmsa && !(guest->policy & SEV_POLICY_ES))
		return SEV_RET_UNSUPPORTED;
	if (!guest->asid)
		return SEV_RET_INACTIVE;
	if (!IS_ALIGNED(pa, SEV_UPDATE_ALIGN))
		return SEV_RET_INVALID_ADDRESS;
	if (!len || !IS_ALIGNED(len, SEV_UPDATE_ALIGN))
		return SEV_RET_INVALID_LEN;

	status = snp_emul_psp_check_output(pa, len);
	if (!status)
		snp_emul_psp_get(pa, len, measure, &guest->digest);

	return status;
}

static u16 cmd_launch_update_data(void *buf)
{
	struct sev_data_launch_update_data *update = buf;

	return launch_update(update->handle, update->address, update->len, false);
}

static u16 cmd_launch_update_vmsa(void *buf)
{
	struct sev_data_launch_update_vmsa *update = buf;
	struct rmp_page *page = snp_emul_rmp_page(update->address);
	u16 status;

	if (update->len != PAGE_SIZE)
		return SEV_RET_INVALID_LEN;

	status = launch_update(update->handle, update->address, update->len, true);
	if (!status && page && PAGE_ALIGNED(update->address))
		snp_emul_rmp_seal_vmsa(page);
	return status;
}

static u16 cmd_launch_measure(void *buf)
{
	const u8 head[] = { SEV_CTX_MEASURE, PSP_API_MAJOR, PSP_API_MINOR, PSP_BUILD };
	struct sev_data_launch_measure *measure = buf;
	struct sev_measurement m = {};
	u8 digest[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx hmac;
	struct sev_guest *guest;
	u16 status;

	BUILD_BUG_ON(sizeof(m) != 48);

	status = find_guest_in(measure->handle, SEV_GUEST_LUPDATE, &guest);
	if (status)
		return status;
	if (measure->len < sizeof(m)) {
		measure->len = sizeof(m);
		return SEV_RET_INVALID_LEN;
	}

	status = snp_emul_psp_check_output(measure->address, measure->len);
	if (status)
		return status;

	/* All that has to be said of a nonce is that it is another one each time. */
	m.nonce[0] = coco_emul_new_key();
	m.nonce[1] = coco_emul_new_key();

	sha256_final(&guest->digest, digest);
	hmac_sha256_init_usingrawkey(&hmac, no_tik, sizeof(no_tik));
	hmac_sha256_update(&hmac, head, sizeof(head));
	hmac_sha256_update(&hmac, (u8 *)&guest->policy, sizeof(guest->policy));
	hmac_sha256_update(&hmac, digest, sizeof(digest));
	hmac_sha256_update(&hmac, (u8 *)m.nonce, sizeof(m.nonce));
	hmac_sha256_final(&hmac, m.measure);

	snp_emul_psp_put(measure->address, &m, sizeof(m));
	guest->state = SEV_GUEST_LSECRET;
	return SEV_RET_SUCCESS;
}

/* It does not matter whether the guest has an ASID yet. */
static u16 cmd_launch_finish(void *buf)
{
	struct sev_data_launch_finish *finish = buf;
	struct sev_guest *guest;
	u16 status;

	status = find_guest_in(finish->handle, SEV_GUEST_LSECRET, &guest);
	if (status)
		return status;

	guest->state = SEV_GUEST_RUNNING;
	snp_emul_psp_asid_run(guest->asid);
	return SEV_RET_SUCCESS;
}

const struct psp_cmd snp_emul_psp_sev_cmds[] = {
	PSP_CMD(LAUNCH_START, sizeof(struct sev_data_launch_start), cmd_launch_start,
		.writes = true),
	PSP_CMD(LAUNCH_UPDATE_DATA, sizeof(struct sev_data_launch_update_data),
		cmd_launch_update_data),
	PSP_CMD(LAUNCH_UPDATE_VMSA, sizeof(struct sev_data_launch_update_vmsa),
		cmd_launch_update_vmsa),
	PSP_CMD(LAUNCH_MEASURE, sizeof(struct sev_data_launch_measure), cmd_launch_measure,
		.writes = true),
	PSP_CMD(LAUNCH_FINISH, sizeof(struct sev_data_launch_finish), cmd_launch_finish),
	PSP_CMD(ACTIVATE, sizeof(struct sev_data_activate), cmd_activate),
	PSP_CMD(DEACTIVATE, sizeof(struct sev_data_deactivate), cmd_deactivate),
	PSP_CMD(DECOMMISSION, sizeof(struct sev_data_decommission), cmd_decommission),
	PSP_CMD(GUEST_STATUS, sizeof(struct sev_data_guest_status), cmd_guest_status,
		.writes = true),
	{}
};

static int sev_guests_show(struct seq_file *m, void *v)
{
	static const char *const names[] = {
		[SEV_GUEST_LUPDATE]	= "lupdate",
		[SEV_GUEST_LSECRET]	= "lsecret",
		[SEV_GUEST_RUNNING]	= "running",
	};
	struct sev_guest guest;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < SEV_MAX_GUESTS; i++) {
		raw_spin_lock_irqsave(&coco_emul_lock, flags);
		guest = guests[i];
		raw_spin_unlock_irqrestore(&coco_emul_lock, flags);

		if (guest.state != SEV_GUEST_INVALID)
			seq_printf(m, "%u %u %s %#x\n", i + 1, guest.asid, names[guest.state],
				   guest.policy);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sev_guests);

int __init snp_emul_psp_sev_init(struct dentry *debugfs)
{
	guests = vcalloc(SEV_MAX_GUESTS, sizeof(*guests));
	if (!guests)
		return -ENOMEM;

	debugfs_create_file("sev_guests", 0400, debugfs, NULL, &sev_guests_fops);
	return 0;
}
