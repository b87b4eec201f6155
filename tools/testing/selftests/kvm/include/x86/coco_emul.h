/* SPDX-License-Identifier: GPL-2.0-only */
/* The debugfs files of an emulated confidential-computing host. */
#ifndef SELFTEST_KVM_COCO_EMUL_H
#define SELFTEST_KVM_COCO_EMUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <linux/compiler.h>

/* Is this the emulated host @name, "snp" or "tdx"? */
bool coco_emul_is(const char *name);

/* What needs two CPUs cannot be done on a machine with one. */
static inline bool coco_emul_has_cpus(int nr)
{
	return sysconf(_SC_NPROCESSORS_ONLN) >= nr;
}

/* The socket that a CPU is in */
int coco_emul_package(int cpu);

/* The whole of a file; to be freed. */
char *coco_emul_read(const char *file);
void coco_emul_write(const char *file, const char *text);

/* The number behind @name in a file of lines "<name> <number>". */
uint64_t coco_emul_value(const char *file, const char *name);

/**
 * struct coco_emul_census - how many pages of the machine are what
 * @file:	file of lines "<name> <number>"
 * @names:	the names, in the order of the file
 * @nr:		how many there are
 * @value:	the numbers
 */
#define COCO_EMUL_MAX_CENSUS	12
struct coco_emul_census {
	const char *file;
	const char *const *names;
	int nr;
	uint64_t value[COCO_EMUL_MAX_CENSUS];
};

void coco_emul_census_read(struct coco_emul_census *census);
/* The file says the same as @want. */
void coco_emul_census_expect(const struct coco_emul_census *want);

/* Calls of an instruction or a firmware command so far */
uint64_t coco_emul_count(const char *name);

/* The @n-th call of @name from now on fails with @status. */
void coco_emul_inject(const char *name, uint64_t n, uint64_t status);
bool coco_emul_inject_is_pending(void);
void coco_emul_inject_clear(void);

/* From now on the firmware command @name takes @ms milliseconds longer. */
#define COCO_EMUL_FOR_EVER	(~0u)
void coco_emul_delay(const char *name, unsigned int ms);

/*
 * The kernel's next read of the byte at @addr is a machine check. Returns false
 * if the kernel cannot recover from one on this CPU.
 */
bool coco_emul_memory_error(const void *addr);
/* Has it been read? */
bool coco_emul_memory_error_is_found(void);
void coco_emul_memory_error_clear(void);

/*
 * Has an instruction or a firmware command carried out with operands of the
 * caller's choice: @fmt gives its name and the operands. Returns @nr numbers.
 */
void __printf(3, 4) coco_emul_call(uint64_t *result, int nr, const char *fmt, ...);

/*
 * A byte changes, as by a stray write of the host to a page that it has given
 * away; the other one returns an error number where that faults.
 */
void coco_emul_host_write(uint64_t pa);
int __coco_emul_host_write(uint64_t pa);

struct kvm_vcpu;
/*
 * KVM_PRE_FAULT_MEMORY of @size bytes from @gpa on. Returns what the ioctl
 * returned, 0 or -1; @left are the bytes that it has not done.
 */
int coco_emul_pre_fault(struct kvm_vcpu *vcpu, uint64_t gpa, uint64_t size, uint64_t *left);

/* A signal of no consequence every @us microseconds, as of a VMM's timer; 0 ends them. */
void coco_emul_signals(unsigned int us);

/* @nr bytes, from twice as many digits */
void coco_emul_from_hex(const char *hex, uint8_t *bytes, size_t nr);

/* Memory that stays where it is, and its physical address */
void *coco_emul_locked_pages(size_t npages);
uint64_t coco_emul_pa(const void *addr);
/* What /proc/self/pagemap has of a page */
uint64_t coco_emul_pagemap(const void *addr);

#endif /* SELFTEST_KVM_COCO_EMUL_H */
