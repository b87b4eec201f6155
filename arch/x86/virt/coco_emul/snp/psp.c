// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: what all of its commands have in common.
 *
 * Written from the "SEV Secure Nested Paging Firmware ABI Specification". There
 * are only the commands that the ccp driver and KVM issue on the way from module
 * load over guest launch to module unload. Keys, certificates, attestation,
 * migration and SEV(-ES) guests are not there: INVALID_COMMAND.
 */
#include <linux/cleanup.h>

#include "snp.h"

static const struct psp_cmd *const psp_cmds[] = {
	snp_emul_psp_platform_cmds,
	snp_emul_psp_guest_cmds,
	snp_emul_psp_launch_cmds,
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
	void *buf = NULL;
	u64 status;

	guard(raw_spinlock_irqsave)(&coco_emul_lock);

	if (coco_emul_hit(cmd ? cmd->point : &unknown_command, &status))
		return status;
	if (!cmd)
		return SEV_RET_INVALID_COMMAND;
	if (cmd->snp && !snp_emul_psp_snp_is_up())
		return SEV_RET_INVALID_PLATFORM_STATE;

	if (cmd->len) {
		buf = coco_emul_ram(buf_pa, cmd->len);
		if (!buf)
			return SEV_RET_INVALID_ADDRESS;
	}
	if (cmd->writes) {
		status = snp_emul_psp_output(buf_pa, cmd->len, &buf);
		if (status)
			return status;
	}

	return cmd->fn(buf);
}

void __init snp_emul_psp_init(void)
{
	const struct psp_cmd *cmd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(psp_cmds); i++) {
		for (cmd = psp_cmds[i]; cmd->fn; cmd++)
			coco_emul_point_add(cmd->point);
	}
	coco_emul_point_add(&unknown_command);
}
