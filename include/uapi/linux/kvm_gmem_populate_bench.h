/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Test only: the ioctls of the kvm_gmem_populate() benchmark driver, for
 * gmem_populate_bench of the same tree.  This is no ABI.  It changes whenever
 * the benchmark needs something else, and nothing but that may use it.
 *
 * All costs are differences of the time stamp counter.  They are numbers of
 * instructions only if QEMU runs with -icount shift=0.
 */
#ifndef _UAPI_LINUX_KVM_GMEM_POPULATE_BENCH_H
#define _UAPI_LINUX_KVM_GMEM_POPULATE_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVM_GMEM_BENCH_DEVICE	"kvm-gmem-bench"

/* What the callback of kvm_gmem_populate() does. */
enum kvm_gmem_bench_callback {
	/* 0 is reserved to catch uninitialized fields */
	KVM_GMEM_BENCH_EMPTY = 1, /* nothing */
	KVM_GMEM_BENCH_COPY,	/* copy the source as sev_gmem_post_populate() does */
	KVM_GMEM_BENCH_GUP_COPY, /* if it gets a user address: GUP first, as TDX does */
};

/* Where kvm_gmem_populate() spends its time. */
enum kvm_gmem_bench_part {
	KVM_GMEM_BENCH_GET,	/* take a reference to the source page */
	KVM_GMEM_BENCH_LOCK,	/* take the invalidate lock */
	KVM_GMEM_BENCH_ATTRIBUTES, /* check for private memory */
	KVM_GMEM_BENCH_FOLIO,	/* look the folio up, allocate it, lock it */
	KVM_GMEM_BENCH_CALLBACK,
	KVM_GMEM_BENCH_FINISH,	/* mark the folio up to date, put it */
	KVM_GMEM_BENCH_UNLOCK_FOLIO, /* before the callback, or after it */
	KVM_GMEM_BENCH_UNLOCK,	/* release the invalidate lock */
	KVM_GMEM_BENCH_PUT,	/* put the source page */
	KVM_GMEM_BENCH_OTHER,	/* all else */
	KVM_GMEM_BENCH_NR_PARTS,
};

/* What a loop repeats. */
enum kvm_gmem_bench_op {
	/* 0 is reserved to catch uninitialized fields */
	KVM_GMEM_BENCH_ALLOC = 1, /* allocate a page */
	KVM_GMEM_BENCH_COPY_PAGE, /* copy a page, as the callback does */
	KVM_GMEM_BENCH_ALLOC_COPY, /* both: the floor */
	KVM_GMEM_BENCH_PIN_UNPIN, /* pin_user_pages_fast(), unpin_user_page() */
	KVM_GMEM_BENCH_GET_PUT,	/* get_user_pages_fast(), put_page() */
	KVM_GMEM_BENCH_LOCK_UNLOCK, /* a free rw_semaphore, exclusively */
};

/**
 * struct kvm_gmem_bench_populate - call kvm_gmem_populate() and measure it
 * @size: (in) size of this structure
 * @vm_fd: (in) VM file descriptor
 * @gpa: (in) first guest physical address, page aligned
 * @source: (in) first source address, page aligned, 0 for none
 * @npages: (in) number of pages, positive
 * @callback: (in) enum kvm_gmem_bench_callback
 * @taps: (in) 0: the function that is linked into kvm.ko, only @cost is
 *	measured; 1: the same source with taps at the parts
 * @ret: (out) what kvm_gmem_populate() returned
 * @cost: (out) of the whole call, without the taps' own share
 * @hold_total: (out) time under the invalidate lock
 * @hold_max: (out) longest time under the invalidate lock
 * @hold_max_quiet: (out) as @hold_max, only holds without a timer tick in them
 * @hold_max_rest: (out) as @hold_max_quiet, and less KVM_GMEM_BENCH_FOLIO: how
 *	long that takes depends on the state of the page allocator
 * @holds: (out) how often the lock was taken
 * @holds_ticked: (out) how many of @holds a timer tick fell in
 * @parts: (out) cost of each enum kvm_gmem_bench_part, together about @cost
 */
struct kvm_gmem_bench_populate {
	__u32 size;
	__s32 vm_fd;
	__u64 gpa;
	__u64 source;
	__s64 npages;
	__u32 callback;
	__u32 taps;
	__s64 ret;
	__u64 cost;
	__u64 hold_total;
	__u64 hold_max;
	__u64 hold_max_quiet;
	__u64 hold_max_rest;
	__u32 holds;
	__u32 holds_ticked;
	__u64 parts[KVM_GMEM_BENCH_NR_PARTS];
};

/**
 * struct kvm_gmem_bench_loop - measure a primitive
 * @size: (in) size of this structure
 * @op: (in) enum kvm_gmem_bench_op
 * @source: (in) user address, page aligned; @nr pages for those that look one up
 * @nr: (in) how often, at most KVM_GMEM_BENCH_MAX_LOOP
 * @reserved: (in) must be 0
 * @cost: (out) of all @nr rounds
 */
struct kvm_gmem_bench_loop {
	__u32 size;
	__u32 op;
	__u64 source;
	__u32 nr;
	__u32 reserved;
	__u64 cost;
};

#define KVM_GMEM_BENCH_MAX_LOOP	65536

/**
 * struct kvm_gmem_bench_lock - take the invalidate lock shared, and release it
 * @size: (in) size of this structure
 * @gmem_fd: (in) guest_memfd file descriptor
 *
 * This is what in-place conversion will do in the page fault path.
 */
struct kvm_gmem_bench_lock {
	__u32 size;
	__s32 gmem_fd;
};

#define KVM_GMEM_BENCH_POPULATE	_IOWR('G', 0x20, struct kvm_gmem_bench_populate)
#define KVM_GMEM_BENCH_LOOP	_IOWR('G', 0x21, struct kvm_gmem_bench_loop)
#define KVM_GMEM_BENCH_SHARED	_IOWR('G', 0x22, struct kvm_gmem_bench_lock)

#endif /* _UAPI_LINUX_KVM_GMEM_POPULATE_BENCH_H */
