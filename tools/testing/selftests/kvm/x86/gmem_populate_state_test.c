// SPDX-License-Identifier: GPL-2.0-only
/* kvm_gmem_populate() and the state of file, slot, VM and caller. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"

#define NPAGES	4ul

FIXTURE(state) {
	struct gmem_vm vm;
	void *src;
};

FIXTURE_SETUP(state)
{
	gmem_vm_init(&self->vm, GMEM_VM_PROTECTED, GMEM_NPAGES);
	self->src = gmem_map(NPAGES);
}

FIXTURE_TEARDOWN(state)
{
	gmem_vm_free(&self->vm);
}

static void expect_ret(struct gmem_vm *vm, size_t page, void *src, long npages, long want)
{
	long ret = gmem_populate(vm, page, src, npages);

	TEST_ASSERT(ret == want, "kvm_gmem_populate() returned %ld, wanted %ld", ret, want);
}

static void punch_hole(struct gmem_vm *vm, size_t page, size_t npages)
{
	kvm_fallocate(vm->fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
		      page * PAGE_SIZE, npages * PAGE_SIZE);
}

TEST_F(state, after_fallocate)
{
	struct kvm_gmem_test_page page;

	kvm_fallocate(self->vm.fd, FALLOC_FL_KEEP_SIZE, 0, NPAGES * PAGE_SIZE);
	page = gmem_file_page(&self->vm, 1).page;
	TEST_ASSERT(page.pfn && !(page.flags & KVM_GMEM_TEST_UPTODATE),
		    "PFN 0x%llx, flags 0x%x", page.pfn, page.flags);

	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
	TEST_ASSERT(self->vm.calls[1].dst.pfn == page.pfn, "Populated PFN 0x%llx, not 0x%llx",
		    self->vm.calls[1].dst.pfn, page.pfn);
}

/*
 * The base remembers what is populated.  The series leaves it to the callback,
 * which for SNP asks the RMP and for TDX the MMU; this one says yes to all.
 */
TEST_F(state, twice)
{
	void *second = gmem_map(NPAGES);

	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
	if (!gmem_expect()->knows_populated) {
		gmem_expect_populated(&self->vm, second, second, NPAGES);
		return;
	}
	expect_ret(&self->vm, 0, second, NPAGES, -EEXIST);
	gmem_expect_content(&self->vm, 0, self->src, NPAGES);
}

TEST_F(state, touched_by_guest)
{
	gmem_expect_zero(&self->vm, 0, 1);
	if (!gmem_expect()->knows_populated) {
		gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
		return;
	}
	expect_ret(&self->vm, 0, self->src, NPAGES, -EEXIST);
	gmem_expect_zero(&self->vm, 0, 1);
}

TEST_F(state, after_punch_hole)
{
	void *second = gmem_map(1);

	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
	punch_hole(&self->vm, 1, 1);
	TEST_ASSERT(!gmem_file_has(&self->vm, 1), "The punched page is still in the file");

	expect_ret(&self->vm, 1, second, 1, 1);
	gmem_expect_content(&self->vm, 1, second, 1);
	gmem_expect_content(&self->vm, 2, self->src + 2 * PAGE_SIZE, 2);
}

TEST_F(state, punched_while_populating)
{
	long ret = gmem_populate_act(&self->vm, 0, self->src, NPAGES, KVM_GMEM_TEST_PUNCH, 1, 0);

	TEST_ASSERT(ret == NPAGES, "Populated %ld pages", ret);
	TEST_ASSERT(!gmem_file_has(&self->vm, 1), "The punched page is still in the file");
	gmem_expect_content(&self->vm, 0, self->src, 1);
	gmem_expect_zero(&self->vm, 1, 1);
	gmem_expect_content(&self->vm, 2, self->src + 2 * PAGE_SIZE, 2);
}

/* The base has allocated the page by the time that it sees that it must not. */
TEST_F(state, shared_gfn)
{
	uint64_t extra = gmem_expect()->allocates_shared;

	vm_mem_set_shared(self->vm.vm, gmem_gpa(1), PAGE_SIZE);
	expect_ret(&self->vm, 0, self->src, NPAGES, 1);
	expect_ret(&self->vm, 1, self->src, NPAGES, -EINVAL);
	TEST_ASSERT(!self->vm.cmd.nr_calls, "The callback was called for a shared GFN");
	TEST_ASSERT(gmem_file_pages(&self->vm) == 1 + extra, "The file has %lu pages, wanted %lu",
		    gmem_file_pages(&self->vm), 1 + extra);

	vm_mem_set_private(self->vm.vm, gmem_gpa(1), PAGE_SIZE);
	expect_ret(&self->vm, 1, self->src, 1, 1);
	gmem_expect_content(&self->vm, 1, self->src, 1);
}

TEST_F(state, slot_without_guest_memfd)
{
	size_t mirror = (GMEM_MIRROR_GPA - GMEM_GPA) / PAGE_SIZE;

	expect_ret(&self->vm, mirror, self->src, 1, -EINVAL);
}

TEST_F(state, no_slot)
{
	expect_ret(&self->vm, GMEM_NPAGES, self->src, 1, -EINVAL);
}

/* The slot keeps a file descriptor of its own, see vm_mem_add(). */
static void close_guest_memfd(struct gmem_vm *vm)
{
	struct userspace_mem_region *region = memslot2region(vm->vm, GMEM_SLOT);

	close(region->region.guest_memfd);
	close(vm->fd);
	vm->fd = -1;
	/* For kvm_vm_free(), which closes it again. */
	region->region.guest_memfd = dup(vm->vm->fd);
}

TEST_F(state, file_closed)
{
	expect_ret(&self->vm, 0, self->src, 1, 1);
	close_guest_memfd(&self->vm);
	expect_ret(&self->vm, 1, self->src, 1, -EFAULT);
}

/* A second thread that takes its time to populate. */
struct slow {
	struct gmem_vm *vm;
	void *src;
	long ret;
};

static void *slow_populate(void *arg)
{
	struct slow *slow = arg;

	slow->ret = gmem_populate_act(slow->vm, 0, slow->src, NPAGES, KVM_GMEM_TEST_SLEEP, 1, 500);
	return NULL;
}

static pthread_t start_slow(struct slow *slow, struct gmem_vm *vm, void *src)
{
	pthread_t thread;

	*slow = (struct slow) { .vm = vm, .src = src };
	TEST_ASSERT(!pthread_create(&thread, NULL, slow_populate, slow), "pthread_create()");
	/* Into the sleep of the second call. */
	usleep(200000);
	return thread;
}

static void finish_slow(pthread_t thread, struct slow *slow, long want)
{
	pthread_join(thread, NULL);
	TEST_ASSERT(slow->ret == want, "kvm_gmem_populate() returned %ld, wanted %ld",
		    slow->ret, want);
}

TEST_F(state, file_closed_meanwhile)
{
	struct slow slow;
	pthread_t thread = start_slow(&slow, &self->vm, self->src);

	close_guest_memfd(&self->vm);
	finish_slow(thread, &slow, NPAGES);
	expect_ret(&self->vm, 0, self->src, 1, -EFAULT);
}

TEST_F(state, slot_deleted_meanwhile)
{
	struct slow slow;
	pthread_t thread = start_slow(&slow, &self->vm, self->src);

	vm_mem_region_delete(self->vm.vm, GMEM_SLOT);
	finish_slow(thread, &slow, NPAGES);
	expect_ret(&self->vm, 0, self->src, 1, -EINVAL);
}

/* The file descriptors are gone, the VM is not before the ioctl is done. */
TEST_F(state, vm_destroyed_meanwhile)
{
	struct slow slow;
	pthread_t thread = start_slow(&slow, &self->vm, self->src);

	kvm_vm_free(self->vm.vm);
	close(self->vm.fd);
	finish_slow(thread, &slow, NPAGES);

	free(self->vm.calls);
	gmem_vm_init(&self->vm, GMEM_VM_PROTECTED, GMEM_NPAGES);
	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
}

static sig_atomic_t signals;

static void count_signal(int nr)
{
	signals++;
}

TEST_F(state, signal_pending)
{
	long ret;

	signal(SIGUSR1, count_signal);
	ret = gmem_populate_act(&self->vm, 0, self->src, NPAGES, KVM_GMEM_TEST_SIGNAL,
				KVM_GMEM_TEST_AT_ENTRY, SIGUSR1);
	TEST_ASSERT(ret == -EINTR && !self->vm.cmd.nr_calls,
		    "Returned %ld after %u pages", ret, self->vm.cmd.nr_calls);
	TEST_ASSERT(signals == 1, "%d signals", signals);
	TEST_ASSERT(!gmem_file_pages(&self->vm), "The file has %lu pages",
		    gmem_file_pages(&self->vm));
	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
}

TEST_F(state, signal_at_second_page)
{
	long ret;

	signal(SIGUSR1, count_signal);
	ret = gmem_populate_act(&self->vm, 0, self->src, NPAGES, KVM_GMEM_TEST_SIGNAL, 1, SIGUSR1);
	TEST_ASSERT(ret == 2 && signals == 1, "Returned %ld, %d signals", ret, signals);
	TEST_ASSERT(gmem_file_pages(&self->vm) == 2, "The file has %lu pages",
		    gmem_file_pages(&self->vm));
	expect_ret(&self->vm, 2, self->src + 2 * PAGE_SIZE, 2, 2);
	gmem_expect_content(&self->vm, 0, self->src, NPAGES);
}

TEST_F(state, callback_error_at_first_page)
{
	long ret = gmem_populate_act(&self->vm, 0, self->src, NPAGES, KVM_GMEM_TEST_FAIL, 0, EIO);

	TEST_ASSERT(ret == -EIO, "Returned %ld", ret);
	TEST_ASSERT(!(gmem_file_page(&self->vm, 0).page.flags & KVM_GMEM_TEST_UPTODATE),
		    "The page that failed is up to date");
	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
}

/* The callback has copied the page before it fails; nobody may see that. */
TEST_F(state, callback_error_at_third_page)
{
	long ret = gmem_populate_act(&self->vm, 0, self->src, NPAGES, KVM_GMEM_TEST_FAIL, 2, EIO);
	struct kvm_gmem_test_page page = gmem_file_page(&self->vm, 2).page;

	TEST_ASSERT(ret == 2, "Returned %ld", ret);
	TEST_ASSERT(!(page.flags & KVM_GMEM_TEST_UPTODATE), "The page that failed is up to date");
	TEST_ASSERT(page.pfn == self->vm.calls[2].dst.pfn, "PFN 0x%llx, was 0x%llx",
		    page.pfn, self->vm.calls[2].dst.pfn);
	TEST_ASSERT(!gmem_file_has(&self->vm, 3), "The page after the failed one is in the file");

	gmem_expect_content(&self->vm, 0, self->src, 2);
	gmem_expect_zero(&self->vm, 2, 2);
}

TEST_F(state, retry_after_callback_error)
{
	long ret = gmem_populate_act(&self->vm, 0, self->src, NPAGES, KVM_GMEM_TEST_FAIL, 2, EIO);

	TEST_ASSERT(ret == 2, "Returned %ld", ret);
	expect_ret(&self->vm, 2, self->src + 2 * PAGE_SIZE, 2, 2);
	gmem_expect_content(&self->vm, 0, self->src, NPAGES);
}

/* What is wrong with the destination counts, or else what is wrong with the source. */
TEST_F(state, both_sides_bad)
{
	bool source_first = gmem_expect()->source_first;

	expect_ret(&self->vm, 2, self->src, 1, 1);
	vm_mem_set_shared(self->vm.vm, gmem_gpa(1), PAGE_SIZE);
	munmap(self->src, NPAGES * PAGE_SIZE);

	expect_ret(&self->vm, 1, self->src, 1, source_first ? -EFAULT : -EINVAL);
	expect_ret(&self->vm, 2, self->src, 1, source_first ? -EFAULT : -EEXIST);
	expect_ret(&self->vm, 3, self->src, 1, -EFAULT);
	TEST_ASSERT(!gmem_file_has(&self->vm, 1) ||
		    (gmem_expect()->allocates_shared && !source_first),
		    "A shared GFN got a page");

	vm_mem_set_private(self->vm.vm, gmem_gpa(1), PAGE_SIZE);
	expect_ret(&self->vm, 1, self->src, 1, -EFAULT);
	self->src = gmem_map(NPAGES);
	expect_ret(&self->vm, 1, self->src, 1, 1);
}

/* Offset and size of the slot that is added to the file of 16 pages */
TEST_F(state, bind_overflows)
{
	static const struct {
		uint64_t offset;
		uint64_t npages;
	} bad[] = {
		{ 0x7ffffffffffff000, 1 },
		{ 0x7ffffffffffff000, 2 },
		{ 0x7fffffffffffe000, 2 },
		{ 0x7fffffffffff0000, 16 },
		{ 0x8000000000000000, 1 },
		{ 0xfffffffffffff000, 1 },
		{ 15 * 4096, 2 },
		{ 16 * 4096, 1 },
		{ 0, 17 },
	};
	uint64_t gpa = GMEM_MIRROR_GPA + (1ull << 30);
	void *mem = gmem_map(17);
	bool overflows;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ret = __vm_set_user_memory_region2(self->vm.vm, GMEM_MIRROR_SLOT + 1,
						   KVM_MEM_GUEST_MEMFD, gpa,
						   bad[i].npages * PAGE_SIZE, mem,
						   self->vm.fd, bad[i].offset);
		overflows = bad[i].offset < 1ull << 63 &&
			    bad[i].offset + bad[i].npages * 4096 >= 1ull << 63;

		/* Added to a negative number, which is less than the file has. */
		if (overflows && gmem_expect()->bind_overflows) {
			TEST_ASSERT(!ret, "Offset 0x%lx: errno %d", bad[i].offset, errno);
			vm_set_user_memory_region2(self->vm.vm, GMEM_MIRROR_SLOT + 1,
						   KVM_MEM_GUEST_MEMFD, gpa, 0, mem,
						   self->vm.fd, bad[i].offset);
			continue;
		}
		TEST_ASSERT(ret == -1 && errno == EINVAL,
			    "Offset 0x%lx, %lu pages: ret %d, errno %d", bad[i].offset,
			    bad[i].npages, ret, errno);
	}
	munmap(mem, 17 * PAGE_SIZE);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));

	return test_harness_run(argc, argv);
}
