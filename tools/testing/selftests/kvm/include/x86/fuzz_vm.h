/* SPDX-License-Identifier: GPL-2.0-only */
/* What gmem_fuzz does to VMs, and what it knows of them. */
#ifndef SELFTEST_KVM_FUZZ_VM_H
#define SELFTEST_KVM_FUZZ_VM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <asm/kvm.h>

#include "fuzz.h"

#define MAX_VMS		2
#define MAX_VCPUS	2
#define MAX_FILES	3
#define MAX_SLOTS	4

enum {
	VM, CAP, VM_MISC, GMEM, SLOT, DEL_SLOT, ATTR, VCPU, CPUID, VCPU_MISC, PREFAULT, RUN,
	FALLOCATE, PUNCH, MAP, CLOSE, POPULATE, TIMER, SOURCE, SEV_DEV,
	SEV_INIT, SEV_ANY, SNP_START, SNP_UPDATE, SNP_FINISH,
	TDX_INIT, TDX_VCPU, TDX_ADD, TDX_FINALIZE, TDX_ANY, NR_OPS,
};

struct slot {
	uint64_t gpa;
	uint64_t npages;		/* 0: there is none */
	uint64_t offset;
	int file;
};

/**
 * struct vm - a VM, as far as the next step depends on it
 * @type:	KVM_X86_*_VM
 * @fd:		-1 once it is closed
 * @vcpu:	file descriptors
 * @td_vcpu:	KVM_TDX_INIT_VCPU was done
 * @file:	guest_memfds, of @file_pages
 * @gpa_bits:	of a TD
 * @next_page:	of the first memslot: what to load next
 * @goal:	pages to load before the launch is finished
 * @private:	attributes of the first memslot
 *
 * Threads use it at the same time, without locks: what they get is random anyway.
 * But the two counters stay within their arrays: fuzz_count(), fuzz_push(), fuzz_pop().
 */
struct vm {
	unsigned long type;
	int fd;
	int nr_vcpus;
	int vcpu[MAX_VCPUS];
	bool td_vcpu[MAX_VCPUS];
	int nr_files;
	int file[MAX_FILES];
	uint64_t file_pages[MAX_FILES];
	struct slot slot[MAX_SLOTS];
	unsigned int gpa_bits;
	bool initialized;
	bool started;
	bool finished;
	bool private;
	uint64_t next_page;
	uint64_t goal;
};

/* The host: file descriptors, -1 for what there is not */
extern int fuzz_kvm, fuzz_dev_sev, fuzz_populate;

/* The round: an argument is bent once in @fuzz_vm_bend times, never if that is 0 */
extern struct vm fuzz_vms[MAX_VMS];
extern unsigned int fuzz_nr_vms, fuzz_vm_bend;

static inline bool is_sev(const struct vm *v)
{
	return v->type == KVM_X86_SEV_VM || v->type == KVM_X86_SEV_ES_VM ||
	       v->type == KVM_X86_SNP_VM;
}

static inline bool is_tdx(const struct vm *v)
{
	return v->type == KVM_X86_TDX_VM;
}

static inline bool has_private_memory(const struct vm *v)
{
	return v->type == KVM_X86_SW_PROTECTED_VM || v->type == KVM_X86_SNP_VM || is_tdx(v);
}

static inline bool has_launch(const struct vm *v)
{
	return v->type == KVM_X86_SNP_VM || is_tdx(v);
}

static inline uint64_t bent(struct fuzz_rng *rng, uint64_t value)
{
	return fuzz_bend(rng, fuzz_vm_bend, value);
}

static inline bool odd(struct fuzz_rng *rng)
{
	return fuzz_once_in(rng, fuzz_vm_bend);
}

/* Once: other threads change it. */
static inline int fuzz_count(const int *nr)
{
	return __atomic_load_n(nr, __ATOMIC_RELAXED);
}

/* The index of one more, of the last one; -1 if there are @max, or none */
int fuzz_push(int *nr, int max);
int fuzz_pop(int *nr);

/*
 * Two filters go by what vCPUs of TDs are, so that must not change meanwhile. Writers
 * are KVM_TDX_INIT_VM, and close() of a vCPU.
 */
extern pthread_rwlock_t fuzz_td_lock;

/* One of @nr, -1 if there is none */
int fuzz_any_of(struct fuzz_rng *rng, const int *nr);
/* One of @nr file descriptors, -1 if there is none */
int fuzz_any_fd(struct fuzz_rng *rng, const int *fds, const int *nr);
/* A memslot that there is, if there is one; an address in it; a number of pages */
const struct slot *fuzz_any_slot(struct fuzz_rng *rng, const struct vm *v);
uint64_t fuzz_any_gpa(struct fuzz_rng *rng, const struct slot *slot);
uint64_t fuzz_any_npages(struct fuzz_rng *rng);

/* Opens what there is, before the first child. */
void fuzz_vm_init(void);
void fuzz_create_vm(struct fuzz_rng *rng, struct vm *v, unsigned long type);
void fuzz_close_some(struct fuzz_rng *rng, struct vm *v);
/* Each knows some of the operations; returns false for the others. */
bool fuzz_vm_op(struct fuzz_rng *rng, struct vm *v, unsigned int op);
bool fuzz_launch_op(struct fuzz_rng *rng, struct vm *v, unsigned int op);

#endif /* SELFTEST_KVM_FUZZ_VM_H */
