// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: platform commands and guest contexts,
 * as the "SEV Secure Nested Paging Firmware ABI Specification" describes them.
 *
 * Only the commands that the ccp driver and KVM issue on the way from module
 * load over guest launch to module unload, and those that return something to
 * /dev/sev. Keys, attestation, migration and SEV(-ES) guests are not there:
 * INVALID_COMMAND.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/psp-sev.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "snp.h"

#define PSP_BUILD	1

#define PSP_MAX_GUESTS	64

/* A signature of each of two sockets; a certificate; those of PEK, OCA and CEK */
#define PSP_ID_SIZE		128
#define PSP_CERT_SIZE		2084
#define PSP_CERT_CHAIN_SIZE	(3 * PSP_CERT_SIZE)

enum psp_platform_state {
	PSP_PLATFORM_UNINIT,
	PSP_PLATFORM_INIT,
};

/**
 * struct psp_cmd - a firmware command
 * @id:		command number in the mailbox
 * @point:	counter and fault
 * @len:	length of the command buffer, 0 if there is none
 * @snp:	refused as long as SNP is not initialized
 * @writes:	legacy command that writes to the command buffer, which therefore
 *		has to be a firmware page once SNP is initialized
 * @fn:		carries it out on the command buffer, returns a status
 */
struct psp_cmd {
	u16			id;
	enum snp_emul_point_id	point;
	u16			len;
	bool			snp;
	bool			writes;
	u16			(*fn)(void *buf);
};

static enum psp_platform_state sev_state, snp_state;
static struct psp_guest guests[PSP_MAX_GUESTS];
/* ASIDs whose use has ended and that no DF_FLUSH has cleaned since. */
static unsigned long dirty_asids;

/**
 * psp_emul_guest() - look up a guest by its context page
 * @gctx:	physical address of the page
 *
 * Return: NULL if there is no guest context at that address.
 */
struct psp_guest *psp_emul_guest(u64 gctx)
{
	int i;

	lockdep_assert_held(&coco_emul_lock);

	for (i = 0; i < PSP_MAX_GUESTS; i++) {
		if (guests[i].state != PSP_GUEST_NONE && guests[i].gctx == gctx)
			return &guests[i];
	}

	return NULL;
}

static unsigned int nr_guests(void)
{
	unsigned int nr = 0;
	int i;

	for (i = 0; i < PSP_MAX_GUESTS; i++)
		nr += guests[i].state != PSP_GUEST_NONE;

	return nr;
}

/* Memory that a command returns data in belongs to the firmware once SNP is up. */
static u16 output_page(u64 pa, size_t len, void **out)
{
	struct rmp_page *page = rmp_emul_page(pa);

	*out = coco_emul_ram(pa, len);
	if (!*out || !page)
		return SEV_RET_INVALID_ADDRESS;

	if (page->state != (snp_state == PSP_PLATFORM_INIT ? RMP_FIRMWARE : RMP_HYPERVISOR))
		return SEV_RET_INVALID_PAGE_STATE;

	return SEV_RET_SUCCESS;
}

/* Neither signatures nor certificates: a buffer of @len bytes with @size times @byte in it */
static u16 put_blob(u64 pa, u32 len, u32 size, u8 byte)
{
	u64 end = pa + len, at, next;
	void *out;
	u16 ret;

	for (at = pa; at < end; at = next) {
		next = min(ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE, end);
		ret = output_page(at, next - at, &out);
		if (ret)
			return ret;
	}

	for (at = pa, end = pa + size; at < end; at = next) {
		next = min(ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE, end);
		memset(coco_emul_ram(at, next - at), byte, next - at);
	}

	return SEV_RET_SUCCESS;
}

static u16 sev_init(void *buf)
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
			page = rmp_emul_page(pa);
			if (!page)
				return SEV_RET_INVALID_ADDRESS;
			if (snp_state == PSP_PLATFORM_INIT && page->state != RMP_FIRMWARE)
				return SEV_RET_INVALID_PAGE_STATE;
		}
	}

	sev_state = PSP_PLATFORM_INIT;
	return SEV_RET_SUCCESS;
}

static u16 sev_shutdown(void *buf)
{
	sev_state = PSP_PLATFORM_UNINIT;
	return SEV_RET_SUCCESS;
}

static u16 sev_platform_status_cmd(void *buf)
{
	struct sev_user_data_status *status = buf;

	*status = (struct sev_user_data_status) {
		.api_major	= PSP_API_MAJOR,
		.api_minor	= PSP_API_MINOR,
		.build		= PSP_BUILD,
		.state		= sev_state,
	};
	return SEV_RET_SUCCESS;
}

static u16 sev_df_flush(void *buf)
{
	return sev_state == PSP_PLATFORM_INIT ? SEV_RET_SUCCESS : SEV_RET_INVALID_PLATFORM_STATE;
}

/* As in AMD's implementation, the length is told with success and INVALID_LEN only. */
static u16 sev_get_id(void *buf)
{
	struct sev_data_get_id *id = buf;
	u16 ret = SEV_RET_INVALID_LEN;

	if (id->len >= PSP_ID_SIZE) {
		ret = put_blob(id->address, id->len, PSP_ID_SIZE, 0x1d);
		if (ret)
			return ret;
	}

	id->len = PSP_ID_SIZE;
	return ret;
}

static u16 sev_pek_csr(void *buf)
{
	struct sev_data_pek_csr *csr = buf;
	u16 ret = SEV_RET_INVALID_LEN;

	if (sev_state != PSP_PLATFORM_INIT)
		return SEV_RET_INVALID_PLATFORM_STATE;

	if (csr->len >= PSP_CERT_SIZE) {
		ret = put_blob(csr->address, csr->len, PSP_CERT_SIZE, 0xc5);
		if (ret)
			return ret;
	}

	csr->len = PSP_CERT_SIZE;
	return ret;
}

static u16 sev_pdh_cert_export(void *buf)
{
	struct sev_data_pdh_cert_export *export = buf;
	u16 ret = SEV_RET_INVALID_LEN;

	if (sev_state != PSP_PLATFORM_INIT)
		return SEV_RET_INVALID_PLATFORM_STATE;

	if (export->pdh_cert_len >= PSP_CERT_SIZE &&
	    export->cert_chain_len >= PSP_CERT_CHAIN_SIZE) {
		ret = put_blob(export->pdh_cert_address, export->pdh_cert_len,
			       PSP_CERT_SIZE, 0xd8);
		if (ret)
			return ret;
		ret = put_blob(export->cert_chain_address, export->cert_chain_len,
			       PSP_CERT_CHAIN_SIZE, 0xcc);
		if (ret)
			return ret;
	}

	export->pdh_cert_len = PSP_CERT_SIZE;
	export->cert_chain_len = PSP_CERT_CHAIN_SIZE;
	return ret;
}

static u16 snp_platform_status(void *buf)
{
	struct sev_data_snp_addr *addr = buf;
	struct sev_user_data_snp_status *status;
	void *out;
	u16 ret;

	ret = output_page(addr->address, sizeof(*status), &out);
	if (ret)
		return ret;

	status = out;
	*status = (struct sev_user_data_snp_status) {
		.api_major		= PSP_API_MAJOR,
		.api_minor		= PSP_API_MINOR,
		.build_id		= PSP_BUILD,
		.state			= snp_state,
		.is_rmp_initialized	= snp_state == PSP_PLATFORM_INIT,
		.feature_info		= 1,
		.guest_count		= nr_guests(),
	};
	return SEV_RET_SUCCESS;
}

static u16 snp_feature_info(void *buf)
{
	struct sev_data_snp_feature_info *info = buf;
	void *out;
	u16 ret;

	if (info->length != sizeof(*info))
		return SEV_RET_INVALID_LEN;
	if (info->ecx_in)
		return SEV_RET_INVALID_PARAM;

	ret = output_page(info->feature_info_paddr, sizeof(struct snp_feature_info), &out);
	if (ret)
		return ret;

	/* None of the optional features */
	memset(out, 0, sizeof(struct snp_feature_info));
	return SEV_RET_SUCCESS;
}

static u16 snp_init_ex(void *buf)
{
	struct sev_data_snp_init_ex *init = buf;
	struct sev_data_range_list *list;

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

	snp_state = PSP_PLATFORM_INIT;
	return SEV_RET_SUCCESS;
}

static u16 snp_shutdown_ex(void *buf)
{
	struct sev_data_snp_shutdown_ex *shutdown = buf;

	if (shutdown->len != sizeof(*shutdown))
		return SEV_RET_INVALID_LEN;
	if (shutdown->rsvd1)
		return SEV_RET_INVALID_PARAM;
	if (nr_guests())
		return SEV_RET_INVALID_PLATFORM_STATE;
	if (dirty_asids)
		return SEV_RET_DFFLUSH_REQUIRED;

	snp_state = PSP_PLATFORM_UNINIT;
	return SEV_RET_SUCCESS;
}

static u16 snp_df_flush(void *buf)
{
	dirty_asids = 0;
	return SEV_RET_SUCCESS;
}

static u16 snp_gctx_create(void *buf)
{
	struct sev_data_snp_addr *addr = buf;
	struct rmp_page *page = rmp_emul_page(addr->address);
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
		rmp_emul_set(page, RMP_CONTEXT, 0, 0);
		return SEV_RET_SUCCESS;
	}

	return SEV_RET_RESOURCE_LIMIT;
}

static u16 snp_activate(void *buf)
{
	struct sev_data_snp_activate *activate = buf;
	struct psp_guest *guest = psp_emul_guest(activate->gctx_paddr);
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
	return SEV_RET_SUCCESS;
}

static u16 snp_decommission(void *buf)
{
	struct sev_data_snp_addr *addr = buf;
	struct psp_guest *guest = psp_emul_guest(addr->address);

	if (!guest)
		return SEV_RET_INVALID_GUEST;

	if (guest->asid)
		dirty_asids |= BIT(guest->asid);
	rmp_emul_set(rmp_emul_page(guest->gctx), RMP_FIRMWARE, 0, 0);
	memset(guest, 0, sizeof(*guest));
	return SEV_RET_SUCCESS;
}

static u16 snp_page_reclaim(void *buf)
{
	struct sev_data_snp_page_reclaim *reclaim = buf;
	struct rmp_page *page = rmp_emul_page(reclaim->paddr);
	/* Bit 0 is the page size. */
	bool large = reclaim->paddr & BIT(0);
	unsigned int i;

	if (!page || !IS_ALIGNED(reclaim->paddr & ~BIT_ULL(0), large ? PMD_SIZE : PAGE_SIZE))
		return SEV_RET_INVALID_ADDRESS;
	if (large != rmp_emul_is_large(page))
		return SEV_RET_INVALID_PAGE_SIZE;

	switch (page->state) {
	case RMP_FIRMWARE:
	case RMP_PRE_GUEST:
	case RMP_RECLAIM:
		for (i = 0; i < (large ? PTRS_PER_PMD : 1); i++)
			rmp_emul_set(&page[i], RMP_RECLAIM, 0, 0);
		return SEV_RET_SUCCESS;
	default:
		return SEV_RET_INVALID_PAGE_STATE;
	}
}

#define PSP_CMD(_id, _len, _fn, ...)					\
	{								\
		.id	= SEV_CMD_##_id,				\
		.point	= PSP_##_id,					\
		.len	= _len,						\
		.fn	= _fn,						\
		__VA_ARGS__						\
	}

static const struct psp_cmd psp_cmds[] = {
	PSP_CMD(INIT, sizeof(struct sev_data_init), sev_init),
	PSP_CMD(SHUTDOWN, 0, sev_shutdown),
	PSP_CMD(PLATFORM_STATUS, sizeof(struct sev_user_data_status), sev_platform_status_cmd,
		.writes = true),
	PSP_CMD(DF_FLUSH, 0, sev_df_flush),
	PSP_CMD(GET_ID, sizeof(struct sev_data_get_id), sev_get_id, .writes = true),
	PSP_CMD(PEK_CSR, sizeof(struct sev_data_pek_csr), sev_pek_csr, .writes = true),
	PSP_CMD(PDH_CERT_EXPORT, sizeof(struct sev_data_pdh_cert_export), sev_pdh_cert_export,
		.writes = true),
	PSP_CMD(SNP_PLATFORM_STATUS, sizeof(struct sev_data_snp_addr), snp_platform_status),
	PSP_CMD(SNP_FEATURE_INFO, sizeof(struct sev_data_snp_feature_info), snp_feature_info),
	PSP_CMD(SNP_INIT_EX, sizeof(struct sev_data_snp_init_ex), snp_init_ex),
	PSP_CMD(SNP_SHUTDOWN_EX, sizeof(struct sev_data_snp_shutdown_ex), snp_shutdown_ex,
		.snp = true),
	PSP_CMD(SNP_DF_FLUSH, 0, snp_df_flush, .snp = true),
	PSP_CMD(SNP_DECOMMISSION, sizeof(struct sev_data_snp_addr), snp_decommission,
		.snp = true),
	PSP_CMD(SNP_ACTIVATE, sizeof(struct sev_data_snp_activate), snp_activate, .snp = true),
	PSP_CMD(SNP_GCTX_CREATE, sizeof(struct sev_data_snp_addr), snp_gctx_create, .snp = true),
	PSP_CMD(SNP_LAUNCH_START, sizeof(struct sev_data_snp_launch_start),
		psp_emul_launch_start, .snp = true),
	PSP_CMD(SNP_LAUNCH_UPDATE, sizeof(struct sev_data_snp_launch_update),
		psp_emul_launch_update, .snp = true),
	PSP_CMD(SNP_LAUNCH_FINISH, sizeof(struct sev_data_snp_launch_finish),
		psp_emul_launch_finish, .snp = true),
	PSP_CMD(SNP_PAGE_RECLAIM, sizeof(struct sev_data_snp_page_reclaim), snp_page_reclaim,
		.snp = true),
};

static const struct psp_cmd *find_cmd(u32 id)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(psp_cmds); i++) {
		if (psp_cmds[i].id == id)
			return &psp_cmds[i];
	}

	return NULL;
}

/* What is added to the time that a command takes, in milliseconds */
static unsigned int delay_ms[NR_SNP_POINTS];

/**
 * psp_emul_command() - carry out a firmware command
 * @id:		command number
 * @buf_pa:	physical address of the command buffer
 *
 * Return: status of the command.
 */
u16 psp_emul_command(u32 id, u64 buf_pa)
{
	const struct psp_cmd *cmd = find_cmd(id);
	void *buf = NULL;
	u64 status;
	u16 ret;

	/* Outside of the lock: meanwhile everybody else goes on. */
	if (cmd && READ_ONCE(delay_ms[cmd->point]))
		msleep(READ_ONCE(delay_ms[cmd->point]));

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	if (coco_emul_hit(&snp_emul_points[cmd ? cmd->point : PSP_UNKNOWN], &status))
		return status;
	if (!cmd)
		return SEV_RET_INVALID_COMMAND;
	if (cmd->snp && snp_state != PSP_PLATFORM_INIT)
		return SEV_RET_INVALID_PLATFORM_STATE;

	if (cmd->len) {
		buf = coco_emul_ram(buf_pa, cmd->len);
		if (!buf)
			return SEV_RET_INVALID_ADDRESS;
	}
	if (cmd->writes) {
		ret = output_page(buf_pa, cmd->len, &buf);
		if (ret)
			return ret;
	}

	return cmd->fn(buf);
}

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

/* "<gctx> <asid> <state> <policy> <pages> <launch digest>" per guest context */
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

static int delay_set(const char *name, unsigned int ms)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(psp_cmds); i++) {
		if (!strcmp(snp_emul_points[psp_cmds[i].point].name, name)) {
			WRITE_ONCE(delay_ms[psp_cmds[i].point], ms);
			return 0;
		}
	}

	return -ENOENT;
}

/*
 * "<name> <milliseconds>": from now on that command takes so much longer. For a
 * test that wants to do something while the firmware is at work.
 */
static ssize_t delay_write(struct file *file, const char __user *ubuf, size_t count,
			   loff_t *ppos)
{
	char *buf __free(kfree) = coco_emul_line(ubuf, count);
	char *str, *name;
	unsigned int ms;
	int ret;

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	str = strim(buf);
	name = strsep(&str, " ");
	ret = str ? kstrtouint(str, 0, &ms) : -EINVAL;
	if (!ret)
		ret = delay_set(name, ms);

	return ret ?: count;
}

static const struct file_operations delay_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= delay_write,
};

int __init psp_emul_init(struct dentry *debugfs)
{
	debugfs_create_file("guests", 0400, debugfs, NULL, &guests_fops);
	debugfs_create_file("delay", 0200, debugfs, NULL, &delay_fops);
	return 0;
}
