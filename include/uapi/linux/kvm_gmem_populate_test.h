/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Test only: the ioctls of the kvm_gmem_populate() test driver, for the
 * selftests of the same tree.  This is no ABI.  It changes whenever the tests
 * need something else, and nothing but them may use it.
 */
#ifndef _UAPI_LINUX_KVM_GMEM_POPULATE_TEST_H
#define _UAPI_LINUX_KVM_GMEM_POPULATE_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVM_GMEM_TEST_DEVICE	"kvm-gmem-test"

/* What kvm_host.h of the tree under test declares, and of which kernel it is. */
enum kvm_gmem_test_api {
	/* 0 is reserved to catch uninitialized fields */
	KVM_GMEM_TEST_API_USER = 1,	/* the callback gets a user address */
	KVM_GMEM_TEST_API_PAGE,		/* the callback gets a page */
	KVM_GMEM_TEST_API_PAGE_WRITE,	/* as PAGE, the caller announces writes */
	KVM_GMEM_TEST_API_PAGE_LINUX_7,	/* as PAGE, in Linux 7.0 or later */
};

/* What the driver's callback does. */
enum kvm_gmem_test_action {
	/* 0 is reserved to catch uninitialized fields */
	KVM_GMEM_TEST_COPY = 1,	/* copy the source, clear if there is none */
	KVM_GMEM_TEST_REPORT,	/* leave the memory alone */
	KVM_GMEM_TEST_FAIL,	/* copy, call @at then returns -@arg */
	KVM_GMEM_TEST_SLEEP,	/* copy, call @at then sleeps for @arg ms */
	KVM_GMEM_TEST_SIGNAL,	/* copy, call @at then sends the caller signal @arg */
	KVM_GMEM_TEST_PUNCH,	/* copy, call @at then starts punching its page out */
	/*
	 * Copy; during call @at the next page of the file has a memory error, and
	 * the call lasts until the kernel is done with that, at most @arg ms.
	 */
	KVM_GMEM_TEST_MEMORY_ERROR,
};

/* kvm_gmem_test_populate.at: before kvm_gmem_populate() is called at all. */
#define KVM_GMEM_TEST_AT_ENTRY	0xffffffffu

/* kvm_gmem_test_call.flags: what the callback saw. */
#define KVM_GMEM_TEST_HAS_SOURCE	0x001 /* there is a source */
#define KVM_GMEM_TEST_SLOTS_HELD	0x002 /* kvm->slots_lock is held */
#define KVM_GMEM_TEST_INVALIDATE_EXCL	0x004 /* invalidate lock, exclusively */
#define KVM_GMEM_TEST_MMAP_HELD		0x008 /* mmap_lock is held */
#define KVM_GMEM_TEST_NEW_HOLD		0x010 /* invalidate lock newly taken */
#define KVM_GMEM_TEST_DST_IN_FILE	0x020 /* page is the one of this GFN */
#define KVM_GMEM_TEST_LOCKDEP		0x040 /* lockdep answered the above */
#define KVM_GMEM_TEST_SRC_HELD		0x080 /* somebody has a reference to @src */

/* State of the folio that a page belongs to. */
#define KVM_GMEM_TEST_UPTODATE		0x001
#define KVM_GMEM_TEST_LOCKED		0x002
#define KVM_GMEM_TEST_DIRTY		0x004
#define KVM_GMEM_TEST_ANON		0x008
#define KVM_GMEM_TEST_KSM		0x010
#define KVM_GMEM_TEST_HUGETLB		0x020
#define KVM_GMEM_TEST_LARGE		0x040
#define KVM_GMEM_TEST_SWAPBACKED	0x080
#define KVM_GMEM_TEST_HWPOISON		0x100
#define KVM_GMEM_TEST_ZERO_PAGE		0x200

/**
 * struct kvm_gmem_test_page - a page and the folio it belongs to
 * @pfn: (out) page frame number, 0 if there is no page
 * @flags: (out) KVM_GMEM_TEST_UPTODATE and so on
 * @refs: (out) reference count, without a reference of the driver's own
 * @pins: (out) GUP pins; for a small folio they are a part of @refs
 * @reserved: (out) 0
 */
struct kvm_gmem_test_page {
	__u64 pfn;
	__u32 flags;
	__u32 refs;
	__u32 pins;
	__u32 reserved;
};

/**
 * struct kvm_gmem_test_call - what one call of the callback saw
 * @gfn: (out) guest frame number
 * @src: (out) source page; empty with KVM_GMEM_TEST_API_USER
 * @dst: (out) page of the file
 * @prev_refs: (out) references now on the source page of the previous call
 * @flags: (out) KVM_GMEM_TEST_HAS_SOURCE and so on
 */
struct kvm_gmem_test_call {
	__u64 gfn;
	struct kvm_gmem_test_page src;
	struct kvm_gmem_test_page dst;
	__u32 prev_refs;
	__u32 flags;
};

/**
 * struct kvm_gmem_test_populate - call kvm_gmem_populate()
 * @size: (in) size of this structure
 * @vm_fd: (in) VM file descriptor
 * @gpa: (in) first guest physical address, page aligned
 * @source: (in) first source address, 0 for none
 * @npages: (in) number of pages, positive
 * @action: (in) enum kvm_gmem_test_action
 * @at: (in) 0-based call on which @action acts, or KVM_GMEM_TEST_AT_ENTRY
 *      (KVM_GMEM_TEST_SIGNAL only)
 * @arg: (in) error, milliseconds or signal, depending on @action
 * @calls: (in) address of an array of struct kvm_gmem_test_call, 0 for none
 * @max_calls: (in) room in @calls, at most KVM_GMEM_TEST_MAX_CALLS
 * @nr_calls: (out) how often the callback was called, may exceed @max_calls
 * @ret: (out) what kvm_gmem_populate() returned
 * @max_per_hold: (out) most calls under one hold of the invalidate lock
 * @memory_error: (in) must be 0; (out) what memory_failure() returned during the
 *	call, -ETIMEDOUT if it did not
 *
 * The ioctl itself fails only for a request that is malformed or that the
 * driver cannot carry out; a failure of kvm_gmem_populate() is in @ret.
 */
struct kvm_gmem_test_populate {
	__u32 size;
	__s32 vm_fd;
	__u64 gpa;
	__u64 source;
	__s64 npages;
	__u32 action;
	__u32 at;
	__u64 arg;
	__u64 calls;
	__u32 max_calls;
	__u32 nr_calls;
	__s64 ret;
	__u32 max_per_hold;
	__s32 memory_error;
};

#define KVM_GMEM_TEST_MAX_CALLS	4096

/**
 * struct kvm_gmem_test_file_page - look at a page of a guest_memfd
 * @size: (in) size of this structure
 * @vm_fd: (in) VM file descriptor
 * @gpa: (in) guest physical address in a slot with guest_memfd
 * @page: (out) the page, or @page.pfn 0 if the file has none there
 * @nr_pages: (out) how many pages the whole file has
 */
struct kvm_gmem_test_file_page {
	__u32 size;
	__s32 vm_fd;
	__u64 gpa;
	struct kvm_gmem_test_page page;
	__u64 nr_pages;
};

/**
 * struct kvm_gmem_test_user_page - look at a page of the calling process
 * @size: (in) size of this structure
 * @reserved: (in) must be 0
 * @addr: (in) address; the page is faulted in for reading
 * @page: (out) the page
 */
struct kvm_gmem_test_user_page {
	__u32 size;
	__u32 reserved;
	__u64 addr;
	struct kvm_gmem_test_page page;
};

/**
 * struct kvm_gmem_test_info - ask about the driver
 * @size: (in) size of this structure
 * @api: (out) enum kvm_gmem_test_api
 */
struct kvm_gmem_test_info {
	__u32 size;
	__u32 api;
};

/**
 * struct kvm_gmem_test_protect - make a default VM a software-protected one
 * @size: (in) size of this structure
 * @vm_fd: (in) VM file descriptor of a KVM_X86_DEFAULT_VM
 *
 * KVM lets user space have private memory, or a guest_memfd whose pages it can
 * mmap() and touch, but not both in one VM; in-place conversion will.  A VM
 * that got its guest_memfd first and is protected afterwards has both.
 */
struct kvm_gmem_test_protect {
	__u32 size;
	__s32 vm_fd;
};

#define KVM_GMEM_TEST_POPULATE	_IOWR('G', 1, struct kvm_gmem_test_populate)
#define KVM_GMEM_TEST_FILE_PAGE	_IOWR('G', 2, struct kvm_gmem_test_file_page)
#define KVM_GMEM_TEST_USER_PAGE	_IOWR('G', 3, struct kvm_gmem_test_user_page)
#define KVM_GMEM_TEST_INFO	_IOWR('G', 4, struct kvm_gmem_test_info)
#define KVM_GMEM_TEST_PROTECT	_IOWR('G', 5, struct kvm_gmem_test_protect)

#endif /* _UAPI_LINUX_KVM_GMEM_POPULATE_TEST_H */
