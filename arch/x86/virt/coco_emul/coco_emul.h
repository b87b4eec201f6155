/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated confidential-computing host platforms: what the trap core and the
 * platforms know of each other.
 *
 * The core makes one platform, selected at boot, visible to the kernel through
 * CPUID, MSRs, CR4 and invalid-opcode exceptions, so that the code under test
 * runs unmodified. See Documentation/virt/kvm/coco-emul.rst.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_H
#define _ARCH_X86_VIRT_COCO_EMUL_H

#include <linux/bits.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>

#include <asm/insn.h>
#include <asm/ptrace.h>

struct dentry;

/**
 * struct coco_emul_point - an instruction or a firmware call that is counted
 *			    and can be made to fail once
 * @name:	name in the debugfs files "counters" and "inject"
 * @node:	in the list of all points, which does not change after boot
 * @nr:		calls so far
 * @fail_in:	the fault fires on this call from now on, 0 if none is pending
 * @fail_status: what the failing call has to report
 *
 * @nr, @fail_in and @fail_status are protected by coco_emul_lock.
 */
struct coco_emul_point {
	const char		*name;
	struct list_head	node;
	u64			nr;
	u64			fail_in;
	u64			fail_status;
};

/* For the row of a table at file scope: a point of its own */
#define COCO_EMUL_POINT(_name)	(&(struct coco_emul_point){ .name = (_name) })

/**
 * struct coco_emul_insn - an instruction that the real CPU does not know
 * @point:	name, counter and fault; @emulate has to call coco_emul_hit() on it.
 *		NULL if it is not counted.
 * @opcode:	opcode bytes
 * @nr_opcode:	number of opcode bytes
 * @prefix:	mandatory prefix (0x66, 0xf2 or 0xf3), 0 for none of them
 * @modrm_mask:	bits of ModRM that take part in the identification
 * @modrm:	their value
 * @mem:	the ModRM operand has to be in memory (mod != 3)
 * @unlocked:	is about this CPU alone, or takes long: @emulate is called without
 *		coco_emul_lock, and the time goes to nobody's account
 * @emulate:	carries out the instruction, called with coco_emul_lock held, unless
 *		@unlocked, and interrupts off. Returns false, with nothing changed, to decline:
 *		the exception is then delivered as on any other machine. It must
 *		not touch regs->ip: the core advances it, last.
 *
 * A table of them ends with a row without @emulate.
 */
struct coco_emul_insn {
	struct coco_emul_point	*point;
	u8			opcode[3];
	u8			nr_opcode;
	u8			prefix;
	u8			modrm_mask;
	u8			modrm;
	bool			mem;
	bool			unlocked;
	bool			(*emulate)(const struct coco_emul_insn *e, struct pt_regs *regs,
					   struct insn *insn);
};

#define COCO_EMUL_LINE_MAX	128
#define COCO_EMUL_CALL_MAX	5

/**
 * struct coco_emul_call - what a test can have carried out, see core/call.c
 * @name:	its name there
 * @nr_in:	how many numbers it takes
 * @nr_out:	how many it returns
 * @fn:		carries it out; turns the former into the latter
 *
 * A table of them ends with a row without @fn.
 */
struct coco_emul_call {
	const char	*name;
	unsigned int	nr_in;
	unsigned int	nr_out;
	void		(*fn)(u64 *v);
};

/**
 * struct coco_emul_host - an emulated host platform
 * @name:	value of the kernel parameter "coco_emul" that selects it
 * @x86_vendor:	X86_VENDOR_* that the CPU has to have
 * @cpuid:	adjusts what CPUID returned; also called long before the
 *		initcalls and in any context
 * @read_msr:	returns true if it supplied the value; same contexts as @cpuid
 * @write_msr:	optional; returns true if it consumed the value; same contexts as
 *		@cpuid
 * @cr4_hidden:	bits that the kernel may set in CR4 and that must not reach the
 *		real CR4, which does not have them
 * @insns:	tables of instructions to emulate, NULL after the last one
 * @calls:	what a test can have carried out
 * @setup:	optional; called when the platform is selected, early enough to
 *		reserve memory
 * @owns:	has the page at this physical address, which may be any number, been
 *		taken from the host? Called with coco_emul_lock held.
 * @settle:	optional; called after each instruction that was carried out under
 *		coco_emul_lock, with interrupts off, without the lock and before the
 *		core advances regs->ip, to wait for other CPUs. It may enable
 *		interrupts if @regs has them enabled
 * @early:	@init is an arch_initcall, as built-in code uses the platform before
 *		the late ones; it needs no device
 * @init:	late initcall; may sleep and allocate. @debugfs is the directory
 *		to add files to. No instruction is emulated if it fails.
 */
struct coco_emul_host {
	const char			*name;
	u8				x86_vendor;
	void				(*cpuid)(u32 leaf, u32 subleaf, u32 *eax, u32 *ebx,
						 u32 *ecx, u32 *edx);
	bool				(*read_msr)(u32 msr, u64 *val);
	bool				(*write_msr)(u32 msr, u64 val);
	unsigned long			cr4_hidden;
	const struct coco_emul_insn	*const *insns;
	const struct coco_emul_call	*calls;
	bool				(*owns)(u64 pa);
	void				(*settle)(struct pt_regs *regs);
	void				(*setup)(void);
	bool				early;
	int				(*init)(struct dentry *debugfs);
};

/* All platforms, NULL after the last; and the selected one, NULL if all is inert. */
extern const struct coco_emul_host *const coco_emul_hosts[];
extern const struct coco_emul_host *coco_emul_host;

/*
 * Serialises every emulated instruction and everything else that touches the
 * state of the emulated platform. Taken with interrupts off, so nothing may run
 * under it for long: a guest, in particular, must not.
 *
 * What is called through pv_ops, and the die notifier up to the point where it
 * knows the instruction, is NOKPROBE_SYMBOL: kprobes' own exceptions come along
 * there. Nothing behind coco_emul_insn.emulate is, as it calls a lot that can be
 * probed anyway, SHA-384 and memcpy() for example.
 */
extern raw_spinlock_t coco_emul_lock;

/*
 * Of all files: FILE_init() runs once, when the platform starts, and adds the
 * debugfs files that are described at the top of the file.
 */

/* core/cpu.c */
void coco_emul_hide_efer(u64 bits);
u64 coco_emul_hidden_efer(void);

/* core/trap.c */
bool coco_emul_ea(struct insn *insn, struct pt_regs *regs, unsigned long *ea);
void coco_emul_set_flags(struct pt_regs *regs, unsigned long flags);
void coco_emul_trap_counts(u64 *traps, u64 *declined);
int coco_emul_trap_init(void);

/* core/ticks.c */
const struct coco_emul_insn *coco_emul_ticks_insn(void);
void coco_emul_ticks_add(u64 ticks);
void coco_emul_ticks_settled(u64 ticks);
u64 coco_emul_ticks(void);
void coco_emul_ticks_calibrate(void);

/* core/crypt.c */
u64 coco_emul_new_key(void);
u64 coco_emul_stream(u64 key, u64 pa);
void coco_emul_scramble(u64 key, u64 pa, u64 *dst, const u64 *src, size_t len);
u32 coco_emul_checksum(const void *page);
void coco_emul_crypt_init(void);

/* core/inject.c */
extern struct list_head coco_emul_points;
void coco_emul_point_add(struct coco_emul_point *point);
struct coco_emul_point coco_emul_point_read(const struct coco_emul_point *point);
bool coco_emul_hit(struct coco_emul_point *point, u64 *status);
void coco_emul_inject_init(struct dentry *debugfs);

/* core/debugfs.c */
struct dentry *coco_emul_debugfs_init(void);

/* core/call.c */
void coco_emul_call_init(struct dentry *debugfs);

/* core/memory_error.c */
void coco_emul_memory_error_init(struct dentry *debugfs);

/**
 * coco_emul_line() - what was written to a debugfs file
 * @ubuf:	the bytes written
 * @count:	their number
 *
 * Return: a terminated copy to be freed with kfree(), -EINVAL if it is longer
 *	   than a line can be, -EFAULT or -ENOMEM.
 */
static inline char *coco_emul_line(const char __user *ubuf, size_t count)
{
	if (count >= COCO_EMUL_LINE_MAX)
		return ERR_PTR(-EINVAL);

	return memdup_user_nul(ubuf, count);
}

/**
 * coco_emul_ram() - access to physical memory on behalf of the platform
 * @pa:		physical address
 * @size:	number of bytes, which must not cross a page boundary
 *
 * Return: the address in the direct map, NULL if @pa is not in memory.
 */
static inline void *coco_emul_ram(u64 pa, size_t size)
{
	u64 pfn = PHYS_PFN(pa);

	/* What firmware has reserved can have a struct page without being mapped. */
	if (offset_in_page(pa) + size > PAGE_SIZE || !pfn_valid(pfn) ||
	    !pfn_range_is_mapped(pfn, pfn + 1))
		return NULL;

	return __va(pa);
}

#endif /* _ARCH_X86_VIRT_COCO_EMUL_H */
