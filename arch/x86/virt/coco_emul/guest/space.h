/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest sees as its memory.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_SPACE_H
#define _ARCH_X86_VIRT_COCO_EMUL_SPACE_H

#include <linux/types.h>

#include <asm/insn.h>

struct vmcb_save_area;

enum coco_emul_access {
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_FETCH,
	ACCESS_WALK,	/* of the guest's own page tables */
};

/**
 * struct coco_emul_space - linear addresses of a guest
 * @save:	its registers
 * @page:	gets at the page that the guest has at this physical address, of as
 *		many bits as the CPU has. Returns where it is, or NULL if the guest
 *		cannot have it: why not is between @page and the caller.
 */
struct coco_emul_space {
	struct vmcb_save_area	*save;
	void			*(*page)(struct coco_emul_space *space, u64 gpa,
					 enum coco_emul_access access);
};

/*
 * 0, -EFAULT if the guest does not have the address, or -EAGAIN if @page returned
 * NULL. Nothing was written then.
 */
int coco_emul_space_gpa(struct coco_emul_space *space, u64 addr, u64 *gpa);
int coco_emul_space_read(struct coco_emul_space *space, u64 addr, void *data, size_t len);
int coco_emul_space_fetch(struct coco_emul_space *space, void *data, size_t len);
int coco_emul_space_write(struct coco_emul_space *space, u64 addr, const void *data,
			  size_t len);
unsigned int coco_emul_space_insn(struct coco_emul_space *space, u8 bytes[MAX_INSN_SIZE],
				  u8 *nr_bytes);

/* event.c: delivers an exception, as if the instruction at RIP had raised it. */
int coco_emul_space_exception(struct coco_emul_space *space, u8 vector, u64 error_code);

#endif /* _ARCH_X86_VIRT_COCO_EMUL_SPACE_H */
