// SPDX-License-Identifier: GPL-2.0-only
/*
 * RMP faults of the host, on the emulated SEV-SNP host: the kernel cannot write
 * to a page that is assigned to a guest or to the firmware, from the moment on
 * that it is, on any CPU; it can read it, and write to it again afterwards.
 *
 * All writes here that fault are ones with an entry in the exception table. What
 * becomes of others, boot snp-fault-base shows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	4ul
#define ASID		7
#define NR_ROUNDS	64
#define NR_NEIGHBOURS	8

static const struct snp_rmp_state hypervisor = { };
static const struct snp_rmp_state reclaim = { .assigned = 1 };
static const struct snp_rmp_state guest_invalid = { .assigned = 1, .asid = ASID, .gpa = GPA };
static const struct snp_rmp_state large_guest_invalid = {
	.assigned = 1, .pagesize = 1, .asid = ASID, .gpa = GPA,
};

FIXTURE(fault) {
	struct coco_emul_census census;
	uint8_t *page;
	uint64_t pa;
	int fd;
};

/* Memory that the kernel can be had to write to, through its own mapping: a file's */
static int file_map(uint8_t **pages, size_t nr)
{
	int fd = kvm_memfd_alloc(nr * PAGE_SIZE, false);

	*pages = kvm_mmap(nr * PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_LOCKED | MAP_POPULATE, fd);
	memset(*pages, 0x5a, nr * PAGE_SIZE);
	return fd;
}

FIXTURE_SETUP(fault)
{
	snp_census_read(&self->census);
	self->fd = file_map(&self->page, 1);
	self->pa = coco_emul_pa(self->page);
}

/* What is not the host's again is an oops of whoever gets it next. */
FIXTURE_TEARDOWN(fault)
{
	coco_emul_census_expect(&self->census);
	munmap(self->page, PAGE_SIZE);
	close(self->fd);
}

static void rmpupdate(uint64_t pa, const struct snp_rmp_state *state)
{
	uint64_t ret = snp_rmpupdate(pa, state);

	TEST_ASSERT(!ret, "RMPUPDATE of 0x%lx: %lu", pa, ret);
}

static void expect_fault(uint8_t *page, uint64_t pa, const char *what)
{
	uint8_t before = page[7];
	int ret;

	ret = __coco_emul_host_write(pa + 7);
	TEST_ASSERT(ret == EFAULT, "The host writes to a page that is %s: %s", what,
		    strerror(ret));
	TEST_ASSERT(page[7] == before, "A page that is %s has changed", what);
}

/* If it does fault, the kernel tries again and again, until the harness kills it. */
static void expect_no_fault(int fd, uint8_t *pages, int page, const char *what)
{
	uint8_t *at = pages + page * PAGE_SIZE + 7, byte = ~*at;

	TEST_ASSERT(pwrite(fd, &byte, 1, at - pages) == 1 && *at == byte,
		    "The kernel writes to a page that is %s: %s", what, strerror(errno));
}

/* States that RMPUPDATE can make and take back by itself */
TEST_F(fault, assigned_by_rmpupdate)
{
	static const struct {
		const struct snp_rmp_state *state;
		const char *what;
	} states[] = {
		{ &guest_invalid, "guest-invalid" },
		{ &reclaim, "in state reclaim" },
	};
	int i;

	expect_no_fault(self->fd, self->page, 0, "the host's");
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		rmpupdate(self->pa, states[i].state);
		expect_fault(self->page, self->pa, states[i].what);
		rmpupdate(self->pa, &hypervisor);
		expect_no_fault(self->fd, self->page, 0, "the host's again");
	}

	/* From one guest to another the page is never the host's. */
	rmpupdate(self->pa, &guest_invalid);
	rmpupdate(self->pa, &reclaim);
	expect_fault(self->page, self->pa, "no longer of the guest");
	rmpupdate(self->pa, &hypervisor);
	expect_no_fault(self->fd, self->page, 0, "the host's again");
}

/* Its neighbours are the host's, and each has a mapping of its own. */
TEST_F(fault, neighbours)
{
	uint8_t *pages;
	int fd, i;

	fd = file_map(&pages, NR_NEIGHBOURS);
	for (i = 0; i < NR_NEIGHBOURS; i += 2)
		rmpupdate(coco_emul_pa(pages + i * PAGE_SIZE), &guest_invalid);
	for (i = 0; i < NR_NEIGHBOURS; i++) {
		if (i % 2)
			expect_no_fault(fd, pages, i, "a neighbour");
		else
			expect_fault(pages + i * PAGE_SIZE, coco_emul_pa(pages + i * PAGE_SIZE),
				     "guest-invalid");
	}
	for (i = 0; i < NR_NEIGHBOURS; i += 2)
		rmpupdate(coco_emul_pa(pages + i * PAGE_SIZE), &hypervisor);
	munmap(pages, NR_NEIGHBOURS * PAGE_SIZE);
	close(fd);
}

static uint64_t page_of_guest(const char *state)
{
	unsigned long long gpa, pfn;
	char *pages, *at, name[16];
	unsigned int asid, type;
	int len;

	pages = coco_emul_read("pages");
	for (at = pages; *at; at += len) {
		TEST_ASSERT(sscanf(at, "%u %llx %llx %15s %u\n%n", &asid, &gpa, &pfn, name,
				   &type, &len) == 5, "Not a page: %s", at);
		if (!strcmp(name, state))
			break;
	}
	TEST_ASSERT(*at, "No page is %s", state);
	free(pages);
	return pfn * PAGE_SIZE;
}

static void expect_host_write_faults(uint64_t pa, const char *what)
{
	int ret = __coco_emul_host_write(pa);

	TEST_ASSERT(ret == EFAULT, "The host writes to a %s page: %s", what, strerror(ret));
}

struct update {
	struct snp_guest *guest;
	const void *src;
};

static void *update_thread(void *arg)
{
	struct update *u = arg;

	snp_guest_update(u->guest, 1, u->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	return NULL;
}

/* The states of a launch: context, pre-guest while the firmware is at work, valid */
TEST_F(fault, launch)
{
	uint8_t *src = snp_map_pages(1);
	struct coco_emul_census now;
	unsigned long long gctx;
	struct snp_guest g;
	struct update u = { &g, src };
	pthread_t thread;
	char *guests;

	snp_guest_init(&g, GPA, NR_PAGES);
	guests = coco_emul_read("guests");
	TEST_ASSERT(sscanf(guests, "%llx ", &gctx) == 1, "Not a guest: %s", guests);
	free(guests);
	expect_host_write_faults(gctx, "context");

	snp_guest_update(&g, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	expect_host_write_faults(page_of_guest("guest-valid"), "guest-valid");

	coco_emul_delay("SNP_LAUNCH_UPDATE", 1000);
	TEST_ASSERT(!pthread_create(&thread, NULL, update_thread, &u), "pthread_create()");
	do {
		usleep(1000);
		snp_census_read(&now);
	} while (now.value[SNP_PRE_GUEST] == self->census.value[SNP_PRE_GUEST]);
	expect_host_write_faults(page_of_guest("pre-guest"), "pre-guest");
	coco_emul_delay("SNP_LAUNCH_UPDATE", 0);
	pthread_join(thread, NULL);

	/* The firmware has written, to the same pages: they are encrypted. */
	snp_guest_expect_digest(&g);
	snp_guest_free(&g);
	munmap(src, PAGE_SIZE);
}

/* A 2 MiB entry, which may have a 2 MiB mapping; a 4 KiB one never has. */
TEST_F(fault, large_entry)
{
	const int nr = SZ_2M / PAGE_SIZE, first_back = 5;
	void *mem;
	uint8_t *huge = snp_map_large_page(&mem);
	uint64_t pa = coco_emul_pa(huge), ret;
	int i;

	rmpupdate(pa, &large_guest_invalid);
	for (i = 0; i < nr; i += 73)
		expect_fault(huge + i * PAGE_SIZE, pa + i * PAGE_SIZE, "in a 2 MiB entry");
	coco_emul_call(&ret, 1, "PSMASH 0x%lx", pa);
	TEST_ASSERT(!ret, "PSMASH of 0x%lx: %lu", pa, ret);
	expect_fault(huge, pa, "no longer in a 2 MiB entry");

	rmpupdate(pa + first_back * PAGE_SIZE, &hypervisor);
	expect_fault(huge + (first_back + 1) * PAGE_SIZE, pa + (first_back + 1) * PAGE_SIZE,
		     "next to it");
	for (i = 0; i < nr; i++) {
		if (i != first_back)
			rmpupdate(pa + i * PAGE_SIZE, &hypervisor);
	}
	munmap(mem, SNP_LARGE_MAPPING);
}

static void run_on_cpu(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpus), &cpus), "No CPU %d", cpu);
}

struct other_cpu {
	uint8_t *page;
	uint64_t pa;
	int fd;
	int nr_writes;
	int step;
};

static void wait_for_step(struct other_cpu *other, int step)
{
	while (__atomic_load_n(&other->step, __ATOMIC_ACQUIRE) != step)
		;
}

static void next_step(struct other_cpu *other, int step)
{
	__atomic_store_n(&other->step, step, __ATOMIC_RELEASE);
}

/*
 * Has written to the page when it is the host's, and tries it again afterwards.
 * Both without access to user memory: QEMU has a TLB of its own for an access
 * while AC is set, so pwrite() would not do.
 */
static void *other_cpu_thread(void *arg)
{
	struct other_cpu *other = arg;
	int i;

	run_on_cpu(1);
	for (i = 0; i < NR_ROUNDS; i++) {
		wait_for_step(other, 4 * i);
		TEST_ASSERT(!fallocate(other->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8, 8),
			    "Hole of 8 bytes: %s", strerror(errno));
		next_step(other, 4 * i + 1);
		wait_for_step(other, 4 * i + 2);
		other->nr_writes += __coco_emul_host_write(other->pa) != EFAULT;
		next_step(other, 4 * i + 3);
	}
	return NULL;
}

/* RMPUPDATE is over when no CPU can write any more, whatever its TLB had. */
TEST_F(fault, other_cpu)
{
	struct other_cpu other = { self->page, self->pa, self->fd };
	pthread_t thread;
	int i;

	if (!coco_emul_has_cpus(2))
		SKIP(return, "this machine has one CPU");

	run_on_cpu(0);
	TEST_ASSERT(!pthread_create(&thread, NULL, other_cpu_thread, &other), "pthread_create()");
	for (i = 0; i < NR_ROUNDS; i++) {
		wait_for_step(&other, 4 * i + 1);
		rmpupdate(self->pa, &guest_invalid);
		next_step(&other, 4 * i + 2);
		wait_for_step(&other, 4 * i + 3);
		rmpupdate(self->pa, &hypervisor);
		next_step(&other, 4 * i + 4);
	}
	pthread_join(thread, NULL);
	TEST_ASSERT(!other.nr_writes, "The other CPU could write %d times of %d",
		    other.nr_writes, NR_ROUNDS);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
