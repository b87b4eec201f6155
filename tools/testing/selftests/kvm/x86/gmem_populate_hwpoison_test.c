// SPDX-License-Identifier: GPL-2.0-only
/* Memory errors in source and destination: the call fails, VM and host live. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"

#define NPAGES	3ul

FIXTURE(hwpoison) {
	struct gmem_vm vm;
};

static void ignore_signal(int nr)
{
}

FIXTURE_SETUP(hwpoison)
{
	gmem_vm_init(&self->vm, GMEM_VM_IN_PLACE, GMEM_NPAGES);
	/* The process that owns a broken page is told; SIG_IGN would be fatal. */
	signal(SIGBUS, ignore_signal);
}

FIXTURE_TEARDOWN(hwpoison)
{
	gmem_vm_free(&self->vm);
}

static void poison(void *addr)
{
	TEST_ASSERT(!madvise(addr, PAGE_SIZE, MADV_HWPOISON), "MADV_HWPOISON: %s", strerror(errno));
}

TEST_F(hwpoison, source)
{
	void *src = gmem_map(NPAGES);

	poison(src);
	gmem_expect_refused(&self->vm, src, NPAGES, EFAULT);
}

TEST_F(hwpoison, source_second_page)
{
	void *src = gmem_map(NPAGES);

	poison(src + PAGE_SIZE);
	gmem_expect_partial(&self->vm, src, NPAGES, 1, EFAULT);
}

TEST_F(hwpoison, source_file)
{
	void *src;
	int fd = kvm_memfd_alloc(NPAGES * PAGE_SIZE, false);

	src = kvm_mmap(NPAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	gmem_fill(src, NPAGES, 1);
	poison(src + PAGE_SIZE);
	gmem_expect_partial(&self->vm, src, NPAGES, 1, EFAULT);
}

/* Poison a page of the file through a mapping, while it is shared. */
static void poison_file_page(struct gmem_vm *vm, size_t page)
{
	char *map = gmem_map_file(vm);

	vm_mem_set_shared(vm->vm, gmem_gpa(page), PAGE_SIZE);
	map[page * PAGE_SIZE] = 1;
	/* EBUSY: not recovered, as guest_memfd keeps the page in the file. */
	TEST_ASSERT(!madvise(map + page * PAGE_SIZE, PAGE_SIZE, MADV_HWPOISON) || errno == EBUSY,
		    "MADV_HWPOISON: %s", strerror(errno));
	vm_mem_set_private(vm->vm, gmem_gpa(page), PAGE_SIZE);
	munmap(map, vm->npages * PAGE_SIZE);

	TEST_ASSERT(gmem_file_page(vm, page).page.flags & KVM_GMEM_TEST_HWPOISON,
		    "Page %lu is not poisoned", page);
}

TEST_F(hwpoison, destination)
{
	void *src = gmem_map(NPAGES);
	long ret;

	poison_file_page(&self->vm, 1);

	ret = gmem_populate(&self->vm, 0, src, NPAGES);
	TEST_ASSERT(ret == 1, "Populated %ld pages", ret);
	ret = gmem_populate(&self->vm, 1, src + PAGE_SIZE, NPAGES - 1);
	TEST_ASSERT(ret == -EHWPOISON && !self->vm.cmd.nr_calls, "Returned %ld after %u calls",
		    ret, self->vm.cmd.nr_calls);
	ret = gmem_populate(&self->vm, 2, src + 2 * PAGE_SIZE, 1);
	TEST_ASSERT(ret == 1, "Populated %ld pages", ret);

	gmem_expect_content(&self->vm, 0, src, 1);
	gmem_expect_content(&self->vm, 2, src + 2 * PAGE_SIZE, 1);
}

/* The page goes with the hole, a new one takes its place. */
TEST_F(hwpoison, destination_punched)
{
	void *src = gmem_map(NPAGES);

	poison_file_page(&self->vm, 1);
	kvm_fallocate(self->vm.fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, PAGE_SIZE,
		      PAGE_SIZE);
	gmem_expect_populated(&self->vm, src, src, NPAGES);
}

static void expect_pre_fault(struct gmem_vm *vm, size_t page, int error)
{
	struct kvm_pre_fault_memory range = {
		.gpa = gmem_gpa(page),
		.size = PAGE_SIZE,
	};
	int ret = __vcpu_ioctl(vm->vcpu, KVM_PRE_FAULT_MEMORY, &range);

	TEST_ASSERT(ret == (error ? -1 : 0) && (!error || errno == error),
		    "Page %lu: ret %d, errno %d, wanted %d", page, ret, errno, error);
}

/* By the fault path; a guest that gets there stops. */
TEST_F(hwpoison, get_pfn)
{
	int ret;

	poison_file_page(&self->vm, 1);
	expect_pre_fault(&self->vm, 0, 0);
	expect_pre_fault(&self->vm, 1, EHWPOISON);
	expect_pre_fault(&self->vm, 2, 0);
	ret = __gmem_guest_read(&self->vm, 1, 1);
	TEST_ASSERT(ret == -EHWPOISON, "KVM_RUN returned %d", ret);

	kvm_fallocate(self->vm.fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, PAGE_SIZE,
		      PAGE_SIZE);
	expect_pre_fault(&self->vm, 1, 0);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
