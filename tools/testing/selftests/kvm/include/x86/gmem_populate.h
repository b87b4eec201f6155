/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kvm_gmem_populate() through its test driver, on a VM whose guest reads back
 * what was populated.
 */
#ifndef SELFTEST_KVM_GMEM_POPULATE_H
#define SELFTEST_KVM_GMEM_POPULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kvm_gmem_populate_test.h>

#include "kvm_util.h"
#include "processor.h"

#define GMEM_GPA	(1ull << 32)
#define GMEM_MIRROR_GPA	(GMEM_GPA + (1ull << 30))
#define GMEM_SLOT	10
#define GMEM_MIRROR_SLOT 20
#define GMEM_NPAGES	16	/* of a VM, if the test does not mind */

enum gmem_vm_kind {
	GMEM_VM_PROTECTED,	/* a KVM_X86_SW_PROTECTED_VM */
	GMEM_VM_IN_PLACE,	/* private memory that user space can also mmap() */
};

struct gmem_vm {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	enum gmem_vm_kind kind;
	size_t npages;		/* of all slots with guest_memfd */
	unsigned int nr_slots;
	int fd;			/* guest_memfd of the first slot */

	/* The last call of kvm_gmem_populate() and what its callback saw. */
	struct kvm_gmem_test_populate cmd;
	struct kvm_gmem_test_call *calls;
	bool unchecked;		/* the test looks at the calls itself */
	bool racing;		/* others take references to the source meanwhile */

	uint64_t pins_held;	/* by anybody, when the VM was created */
};

/* What kvm_gmem_populate() and its callers do that is not the same in every kernel */
struct gmem_expect {
	bool source_pages;	/* The callback gets a page, not a user address. */
	bool source_first;	/* A bad source is seen before the destination is. */
	bool holds_range;	/* The lock is held for all of the range. */
	bool locks_page;	/* The callback has the page of the file locked. */
	bool knows_populated;	/* A page that is up to date is refused. */
	bool allocates_shared;	/* A shared GFN gets a page and is refused then. */
	bool bind_overflows;	/* A binding may end behind the largest offset. */
	bool finish_is_final;	/* SNP_LAUNCH_FINISH fails if a VMSA is the guest's. */
};

/* That of the kernel under test, by its enum kvm_gmem_test_api */
const struct gmem_expect *gmem_expect(void);

void gmem_vm_init(struct gmem_vm *t, enum gmem_vm_kind kind, size_t npages);
void gmem_vm_add_slot(struct gmem_vm *t, size_t npages);
/* Also checks that nothing is left pinned. */
void gmem_vm_free(struct gmem_vm *t);

static inline uint64_t gmem_gpa(size_t page)
{
	return GMEM_GPA + page * PAGE_SIZE;
}

/* Returns what kvm_gmem_populate() returned. */
long gmem_populate_act(struct gmem_vm *t, size_t page, const void *src, long npages,
		       unsigned int action, unsigned int at, uint64_t arg);
long gmem_populate(struct gmem_vm *t, size_t page, const void *src, long npages);

/* Let the guest copy pages to where the host can see them. */
int __gmem_guest_read(struct gmem_vm *t, size_t page, size_t npages);
const void *gmem_guest_read(struct gmem_vm *t, size_t page, size_t npages);
void gmem_expect_content(struct gmem_vm *t, size_t page, const void *want, size_t npages);
void gmem_expect_zero(struct gmem_vm *t, size_t page, size_t npages);

struct kvm_gmem_test_file_page gmem_file_page(struct gmem_vm *t, size_t page);
bool gmem_file_has(struct gmem_vm *t, size_t page);
uint64_t gmem_file_pages(struct gmem_vm *t);
int __gmem_user_page(const void *addr, struct kvm_gmem_test_page *page);
struct kvm_gmem_test_page gmem_user_page(const void *addr);

/* Anonymous small pages, each filled with a pattern of its own. */
void *gmem_map(size_t npages);
void gmem_fill(void *mem, size_t npages, uint64_t seed);

/* GMEM_VM_IN_PLACE: map the whole guest_memfd. */
void *gmem_map_file(struct gmem_vm *t);
/* Does the kernel have inplace.diff?  Asked of a GMEM_VM_IN_PLACE. */
bool gmem_kernel_is_in_place(struct gmem_vm *t, size_t private_page);
/* Has lockdep found nothing yet? */
bool gmem_lockdep_is_on(void);

/* A line of /proc/vmstat */
uint64_t gmem_vmstat(const char *name);
/* Pages that anybody has pinned */
uint64_t gmem_pins_held(void);
/* Pages that nobody has, but for those in the lists of the CPUs */
uint64_t gmem_free_pages(void);

void gmem_write_file(const char *path, const char *text);

/*
 * Populate from page 0, with three outcomes: all @npages and the guest reads
 * @want; -@error, nothing changed and a good source works afterwards; or the
 * first @good pages, -@error for the next, and a good source for the rest.
 */
void gmem_expect_populated(struct gmem_vm *t, const void *src, const void *want, size_t npages);
void gmem_expect_refused(struct gmem_vm *t, const void *src, size_t npages, int error);
void gmem_expect_partial(struct gmem_vm *t, const void *src, size_t npages, size_t good,
			 int error);

#endif /* SELFTEST_KVM_GMEM_POPULATE_H */
