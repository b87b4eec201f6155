/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources that keep a launch waiting, or that make it long: what others can do
 * meanwhile, and what is left if the process is killed.
 */
#ifndef SELFTEST_KVM_GMEM_WAIT_H
#define SELFTEST_KVM_GMEM_WAIT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm_util.h"

/* Of the sources here; the third one of them is what a launch waits for. */
#define WAIT_NR_PAGES	8ul
#define WAIT_PAGE	2ul

/**
 * struct gmem_wait - memory with one page that userfaultfd has to give
 * @mem:	WAIT_NR_PAGES pages
 * @fd:		the userfaultfd
 * @protect:	the page is there, and a write to it waits
 */
struct gmem_wait {
	uint8_t *mem;
	int fd;
	bool protect;
};

/* With @protected_page the page is that, and a write waits; else it is missing. */
void gmem_wait_init(struct gmem_wait *w, const void *protected_page);
/* Until somebody waits for the page. */
void gmem_wait_for_fault(struct gmem_wait *w);
/* The page is there, as @page if it was missing, and who waits for it goes on. */
void gmem_wait_resolve(struct gmem_wait *w, const void *page);
void gmem_wait_free(struct gmem_wait *w);

/* A whole launch, with a VM of its own, from @npages pages at @src */
typedef void (*gmem_wait_launch_fn)(const void *src, size_t npages);
/* A process is killed while its launch waits, and is gone soon. */
void gmem_wait_check_kill(gmem_wait_launch_fn launch);

/*
 * Punch holes into the page at @offset of the guest_memfd @fd until told to
 * stop; how many that were, the time in seconds that the longest one took, and
 * that from the end of gmem_puncher_start() to gmem_puncher_stop().
 */
struct gmem_puncher {
	int fd;
	uint64_t offset;
	bool stop;
	unsigned long nr;
	double longest;
	double start;
	double lasted;
	pthread_t thread;
};

void gmem_puncher_start(struct gmem_puncher *p);
void gmem_puncher_stop(struct gmem_puncher *p);

/*
 * What others may want of the VM, each in a thread: PUNCH_HOLE of the page at
 * @offset of @fd, a memslot @slot at @gpa, and attributes of it. Returns how many
 * of the three were done within @ms, and lets them go on.
 */
struct gmem_others {
	struct kvm_vm *vm;
	int fd;
	uint64_t offset;
	uint32_t slot;
	uint64_t gpa;
	void *mem;
	struct {
		pthread_t thread;
		bool done;
		struct gmem_others *others;
		void (*act)(struct gmem_others *o);
	} acts[3];
};

int gmem_others_start(struct gmem_others *o, int ms);
void gmem_others_join(struct gmem_others *o);

#endif /* SELFTEST_KVM_GMEM_WAIT_H */
