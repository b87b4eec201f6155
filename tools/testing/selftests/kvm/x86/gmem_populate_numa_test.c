// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory policy of a guest_memfd file says which node a page comes from,
 * whoever needs it first: kvm_gmem_populate(), the guest or fallocate().
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "gmem_populate.h"
#include "numaif.h"

#define NPAGES		8ul
#define BOTH		3ul	/* masks of nodes */
#define NODE(n)		(1ul << (n))
#define CHUNK		(4ul << 20)

FIXTURE(numa) {
	struct gmem_vm vm;
	uint8_t *map;
	void *src;
};

FIXTURE_SETUP(numa)
{
	gmem_vm_init(&self->vm, GMEM_VM_IN_PLACE, GMEM_NPAGES);
	self->map = gmem_map_file(&self->vm);
	self->src = gmem_map(NPAGES);
}

FIXTURE_TEARDOWN(numa)
{
	munmap(self->map, GMEM_NPAGES * PAGE_SIZE);
	munmap(self->src, NPAGES * PAGE_SIZE);
	gmem_vm_free(&self->vm);
}

/* By /proc/zoneinfo */
static int node_of(uint64_t pfn)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	unsigned long spanned = 0, start;
	int node = -1, found = -1;
	char line[128];

	TEST_ASSERT(file, "/proc/zoneinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %d,", &node) == 1 ||
		    sscanf(line, " spanned %lu", &spanned) == 1)
			continue;
		if (sscanf(line, " start_pfn: %lu", &start) == 1 && pfn >= start &&
		    pfn < start + spanned)
			found = node;
	}
	fclose(file);
	TEST_ASSERT(found >= 0, "PFN 0x%lx is of no node", pfn);
	return found;
}

static int node_of_page(struct gmem_vm *vm, size_t page)
{
	uint64_t pfn = gmem_file_page(vm, page).page.pfn;

	TEST_ASSERT(pfn, "Page %lu is not in the file", page);
	return node_of(pfn);
}

static void set_policy(FIXTURE_DATA(numa) *self, size_t page, size_t npages, int policy,
		       unsigned long nodes)
{
	kvm_mbind(self->map + page * PAGE_SIZE, npages * PAGE_SIZE, policy, &nodes,
		  8 * sizeof(nodes), 0);
}

static void punch_hole(struct gmem_vm *vm, size_t page)
{
	kvm_fallocate(vm->fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, page * PAGE_SIZE,
		      PAGE_SIZE);
}

/* The first half of the pages on node 1, the other one on node 0 */
static void bind_halves(FIXTURE_DATA(numa) *self)
{
	set_policy(self, 0, NPAGES / 2, MPOL_BIND, NODE(1));
	set_policy(self, NPAGES / 2, NPAGES / 2, MPOL_BIND, NODE(0));
}

static void expect_halves(FIXTURE_DATA(numa) *self)
{
	size_t i;

	for (i = 0; i < NPAGES; i++)
		TEST_ASSERT_EQ(node_of_page(&self->vm, i), i < NPAGES / 2);
}

static void expect_interleaved(FIXTURE_DATA(numa) *self)
{
	int first = node_of_page(&self->vm, 0);
	size_t i;

	for (i = 1; i < NPAGES; i++)
		TEST_ASSERT_EQ(node_of_page(&self->vm, i), first ^ (i & 1));
}

TEST_F(numa, bind_populate)
{
	bind_halves(self);
	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
	expect_halves(self);
}

TEST_F(numa, bind_get_pfn)
{
	bind_halves(self);
	gmem_expect_zero(&self->vm, 0, NPAGES);
	expect_halves(self);
}

TEST_F(numa, bind_allocate)
{
	bind_halves(self);
	kvm_fallocate(self->vm.fd, FALLOC_FL_KEEP_SIZE, 0, NPAGES * PAGE_SIZE);
	expect_halves(self);
}

TEST_F(numa, interleave_populate)
{
	set_policy(self, 0, NPAGES, MPOL_INTERLEAVE, BOTH);
	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
	expect_interleaved(self);
}

TEST_F(numa, interleave_get_pfn)
{
	set_policy(self, 0, NPAGES, MPOL_INTERLEAVE, BOTH);
	gmem_expect_zero(&self->vm, 0, NPAGES);
	expect_interleaved(self);
}

/* A page that is there stays where it is, until it is gone. */
TEST_F(numa, policy_changes)
{
	bind_halves(self);
	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
	set_policy(self, 0, NPAGES, MPOL_BIND, NODE(0));
	expect_halves(self);

	punch_hole(&self->vm, 0);
	gmem_expect_populated(&self->vm, self->src, self->src, 1);
	TEST_ASSERT_EQ(node_of_page(&self->vm, 0), 0);
}

/* Without a policy it is the node that the caller runs on. */
TEST_F(numa, local)
{
	cpu_set_t cpus;
	int node;

	for (node = 0; node < 2; node++) {
		CPU_ZERO(&cpus);
		CPU_SET(node, &cpus);
		TEST_ASSERT(!sched_setaffinity(0, sizeof(cpus), &cpus), "No CPU %d", node);
		TEST_ASSERT(gmem_populate(&self->vm, node, self->src, 1) == 1, "Not populated");
		TEST_ASSERT_EQ(node_of_page(&self->vm, node), node);
	}
}

/* A node that is preferred gives until it is full, then the other one does. */
TEST_F_TIMEOUT(numa, preferred_full, 120)
{
	unsigned long nodes = NODE(1);
	uint8_t *fill;
	size_t size;
	int i;

	set_policy(self, 0, NPAGES, MPOL_PREFERRED, NODE(1));
	TEST_ASSERT(gmem_populate(&self->vm, 0, self->src, 1) == 1, "Not populated");
	TEST_ASSERT_EQ(node_of_page(&self->vm, 0), 1);
	punch_hole(&self->vm, 0);

	fill = kvm_mmap(1ul << 30, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	kvm_mbind(fill, 1ul << 30, MPOL_PREFERRED, &nodes, 8 * sizeof(nodes), 0);
	for (size = 0; size < 1ul << 30; size += CHUNK) {
		TEST_ASSERT(!madvise(fill + size, CHUNK, MADV_POPULATE_WRITE),
			    "MADV_POPULATE_WRITE: %s", strerror(errno));
		if (!node_of(gmem_user_page(fill + size + CHUNK - PAGE_SIZE).pfn))
			break;
	}
	TEST_ASSERT(size < 1ul << 30, "Node 1 has no end");

	gmem_expect_populated(&self->vm, self->src, self->src, NPAGES);
	for (i = 0; i < NPAGES && node_of_page(&self->vm, i); i++)
		;
	TEST_ASSERT(i < NPAGES, "Node 1 was not full");
	munmap(fill, 1ul << 30);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_SW_PROTECTED_VM));
	TEST_REQUIRE(is_multi_numa_node_system());

	return test_harness_run(argc, argv);
}
