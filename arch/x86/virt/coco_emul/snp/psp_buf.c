// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: the memory that commands are given, and
 * the part of it that is nobody else's any more.
 */
#include <linux/sched.h>

#include "snp.h"

/* Trusted memory region of SEV-ES, from INIT to SHUTDOWN */
static u64 tmr_start, tmr_end;

void snp_emul_psp_tmr_set(u64 pa, u64 len)
{
	lockdep_assert_held(&coco_emul_lock);

	tmr_start = pa;
	tmr_end = pa + len;
}

/**
 * snp_emul_psp_ram() - memory that the firmware reads
 * @pa:		physical address
 * @len:	number of bytes, which must not cross a page boundary
 *
 * Return: address in the direct map, NULL if that is no memory of the host.
 */
void *snp_emul_psp_ram(u64 pa, size_t len)
{
	if (pa < tmr_end && pa + len > tmr_start)
		return NULL;

	return coco_emul_ram(pa, len);
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

	*out = snp_emul_psp_ram(pa, len);
	if (!*out || !page)
		return SEV_RET_INVALID_ADDRESS;

	if (page->state != (snp_emul_psp_snp_is_up() ? RMP_FIRMWARE : RMP_HYPERVISOR))
		return SEV_RET_INVALID_PAGE_STATE;

	return SEV_RET_SUCCESS;
}

static u64 next_page(u64 pa, u64 end)
{
	return min(ALIGN_DOWN(pa, PAGE_SIZE) + PAGE_SIZE, end);
}

/**
 * snp_emul_psp_check_output() - the same for memory of any size
 * @pa:		physical address
 * @len:	number of bytes
 *
 * Pages are counted as in AMD's published firmware, and in ccp: as many as @len
 * makes, wherever the first byte is. The last page of memory that begins in the
 * middle of one can be the hypervisor's.
 *
 * Return: status for the command to fail with, or SEV_RET_SUCCESS.
 */
u16 snp_emul_psp_check_output(u64 pa, u32 len)
{
	u64 end = pa + len, at, next;
	void *out;
	u16 status;

	if (end < pa)
		return SEV_RET_INVALID_ADDRESS;

	for (at = pa; at < end; at = next) {
		next = next_page(at, end);
		if (!snp_emul_psp_ram(at, next - at))
			return SEV_RET_INVALID_ADDRESS;
	}

	for (at = pa; at < end; at += PAGE_SIZE) {
		status = snp_emul_psp_output(at, 1, &out);
		if (status)
			return status;
	}

	return SEV_RET_SUCCESS;
}

/**
 * snp_emul_psp_put() - write to memory that was found good for that
 * @pa:		physical address
 * @data:	what to write
 * @len:	number of bytes
 */
void snp_emul_psp_put(u64 pa, const void *data, u32 len)
{
	u64 end = pa + len, at, next;

	for (at = pa; at < end; at = next) {
		next = next_page(at, end);
		memcpy(__va(at), data + (at - pa), next - at);
	}
}

/**
 * snp_emul_psp_get() - read memory page by page
 * @pa:		physical address; the memory was found good
 * @len:	number of bytes
 * @fn:		is given a piece of it
 * @arg:	and this
 *
 * Drops coco_emul_lock in between, so that megabytes hold up nobody. It is for
 * commands only: the next one has to wait.
 */
void snp_emul_psp_get(u64 pa, u32 len, void (*fn)(void *arg, const void *data, size_t len),
		      void *arg)
{
	u64 end = pa + len, at, next;

	for (at = pa; at < end; at = next) {
		next = next_page(at, end);
		fn(arg, __va(at), next - at);

		raw_spin_unlock_irq(&coco_emul_lock);
		cond_resched();
		raw_spin_lock_irq(&coco_emul_lock);
	}
}
