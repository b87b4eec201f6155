// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: what all of its commands have in common.
 *
 * Written from the "SEV Secure Nested Paging Firmware ABI Specification" and, for
 * SEV and SEV-ES guests, the "Secure Encrypted Virtualization API". There are
 * only the commands that the ccp driver and KVM issue on the way from module load
 * over guest launch to module unload, and those that return something to
 * /dev/sev. Keys and migration are not there: INVALID_COMMAND.
 *
 * debugfs, directory coco_emul:
 *   delay	write "<name> <milliseconds>": from now on that command takes so
 *		much longer. For a test that wants to do something while the
 *		firmware is at work. Write "<name> for ever": it is not answered
 *		until that is taken back, and neither is any other.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "snp.h"

/* How soon a delay that was taken back is over */
#define PSP_DELAY_STEP_MS	100u

/* One command at a time, those included that drop coco_emul_lock in between */
static DEFINE_MUTEX(psp_lock);

static const struct psp_cmd *const psp_cmds[] = {
	snp_emul_psp_platform_cmds,
	snp_emul_psp_sev_cmds,
	snp_emul_psp_guest_cmds,
	snp_emul_psp_launch_cmds,
	snp_emul_psp_msg_cmds,
};

static struct coco_emul_point unknown_command = { .name = "UNKNOWN_COMMAND" };

static const struct psp_cmd *find_cmd(u32 id)
{
	const struct psp_cmd *cmd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(psp_cmds); i++) {
		for (cmd = psp_cmds[i]; cmd->fn; cmd++) {
			if (cmd->id == id)
				return cmd;
		}
	}

	return NULL;
}

/* Whether it succeeded or not, the firmware is done with the command buffer. */
static void let_go(u64 buf_pa)
{
	struct rmp_page *page = snp_emul_rmp_page(buf_pa);

	if (page->state == RMP_FIRMWARE)
		snp_emul_rmp_set(page, RMP_RECLAIM, 0, 0);
}

/* Called with interrupts off: nobody can interrupt and find CR0.WP clear. */
static u16 carry_out(const struct psp_cmd *cmd, void *buf)
{
	u16 status;

	snp_emul_fault_off();
	status = cmd->fn(buf);
	snp_emul_fault_on();

	return status;
}

static u16 command(const struct psp_cmd *cmd, u64 buf_pa)
{
	void *buf = NULL;
	u64 status;

	lockdep_assert_held(&coco_emul_lock);

	if (coco_emul_hit(cmd ? cmd->point : &unknown_command, &status))
		return status;
	if (!cmd)
		return SEV_RET_INVALID_COMMAND;
	if (cmd->snp && !snp_emul_psp_snp_is_up())
		return SEV_RET_INVALID_PLATFORM_STATE;

	if (cmd->len) {
		buf = snp_emul_psp_ram(buf_pa, cmd->len);
		if (!buf)
			return SEV_RET_INVALID_ADDRESS;
	}
	if (cmd->writes) {
		status = snp_emul_psp_output(buf_pa, cmd->len, &buf);
		if (status)
			return status;
	}

	status = carry_out(cmd, buf);
	if (cmd->writes)
		let_go(buf_pa);

	return status;
}

/* In steps, as it may be made shorter meanwhile. */
static void take_time(const struct psp_cmd *cmd)
{
	unsigned int ms, step;

	for (ms = 0; ms < READ_ONCE(*cmd->delay_ms); ms += step) {
		if (fatal_signal_pending(current))
			break;

		step = clamp(READ_ONCE(*cmd->delay_ms) - ms, 1, PSP_DELAY_STEP_MS);
		msleep(step);
	}
}

/**
 * snp_emul_psp_command() - carry out a firmware command
 * @id:		command number
 * @buf_pa:	physical address of the command buffer
 *
 * Return: status of the command.
 */
u16 snp_emul_psp_command(u32 id, u64 buf_pa)
{
	const struct psp_cmd *cmd = find_cmd(id);
	struct snp_emul_range range;
	u16 status;

	/* Outside of the lock: meanwhile everybody else goes on. */
	if (cmd)
		take_time(cmd);

	guard(mutex)(&psp_lock);
	scoped_guard(raw_spinlock_irqsave, &coco_emul_lock) {
		status = command(cmd, buf_pa);
		range = snp_emul_fault_unflushed();
	}

	snp_emul_fault_flush(range);
	return status;
}

static int delay_set(const char *name, unsigned int ms)
{
	const struct psp_cmd *cmd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(psp_cmds); i++) {
		for (cmd = psp_cmds[i]; cmd->fn; cmd++) {
			if (!strcmp(cmd->point->name, name)) {
				WRITE_ONCE(*cmd->delay_ms, ms);
				return 0;
			}
		}
	}

	return -ENOENT;
}

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
	if (str && !strcmp(str, "for ever")) {
		ms = UINT_MAX;
		ret = 0;
	} else {
		ret = str ? kstrtouint(str, 0, &ms) : -EINVAL;
	}
	if (!ret)
		ret = delay_set(name, ms);

	return ret ?: count;
}

static const struct file_operations delay_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= delay_write,
};

void __init snp_emul_psp_init(struct dentry *debugfs)
{
	const struct psp_cmd *cmd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(psp_cmds); i++) {
		for (cmd = psp_cmds[i]; cmd->fn; cmd++)
			coco_emul_point_add(cmd->point);
	}
	coco_emul_point_add(&unknown_command);

	debugfs_create_file("delay", 0200, debugfs, NULL, &delay_fops);
}
