// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every kind of source memory, through the ioctl of the emulated SEV-SNP host:
 * the launch digest is that of the bytes that user space sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "gmem_source.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	4ul
#define SIZE		(NR_PAGES * PAGE_SIZE)

FIXTURE(source) {
	struct coco_emul_census census;
	struct snp_guest guest;
};

FIXTURE_SETUP(source)
{
	snp_census_read(&self->census);
	snp_guest_init(&self->guest, GPA, NR_PAGES);
}

FIXTURE_TEARDOWN(source)
{
	snp_guest_expect_digest(&self->guest);
	snp_guest_free(&self->guest);
	coco_emul_census_expect(&self->census);
}

static void expect_measured(struct snp_guest *g, void *src)
{
	snp_guest_update(g, 0, src, NR_PAGES, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
}

static void expect_refused(struct snp_guest *g, void *src)
{
	int ret = __snp_guest_update(g, 0, src, NR_PAGES, KVM_SEV_SNP_PAGE_TYPE_NORMAL, NULL);

	TEST_ASSERT(ret == -1 && errno == EIO, "ret %d, errno %d", ret, errno);
}

TEST_F(source, anonymous)
{
	void *src = snp_map_pages(NR_PAGES);

	source_fill(src, NR_PAGES);
	expect_measured(&self->guest, src);
}

TEST_F(source, zero_page)
{
	uint8_t *src = snp_map_pages(NR_PAGES);

	TEST_ASSERT(!READ_ONCE(src[0]) && !READ_ONCE(src[PAGE_SIZE]), "Fresh memory is not zero");
	expect_measured(&self->guest, src);
}

TEST_F(source, thp)
{
	uint8_t *mem = snp_map_pages(2 * SZ_2M / PAGE_SIZE), *huge;

	huge = (void *)(((uintptr_t)mem + SZ_2M - 1) & ~(SZ_2M - 1ul));
	TEST_ASSERT(!madvise(huge, SZ_2M, MADV_HUGEPAGE), "MADV_HUGEPAGE: %s", strerror(errno));
	source_fill(huge + 7 * PAGE_SIZE, NR_PAGES);
	TEST_ASSERT_EQ(coco_emul_pa(huge + 7 * PAGE_SIZE) % SZ_2M, 7 * PAGE_SIZE);
	expect_measured(&self->guest, huge + 7 * PAGE_SIZE);
}

TEST_F(source, memfd)
{
	int fd = memfd_create("source", 0);
	void *src;

	TEST_ASSERT(!ftruncate(fd, SIZE), "ftruncate(): %s", strerror(errno));
	src = source_map_fd(fd, NR_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED);
	source_fill(src, NR_PAGES);
	expect_measured(&self->guest, src);
}

TEST_F(source, read_only_shared_file)
{
	int fd = source_temp_file(NR_PAGES);

	expect_measured(&self->guest, source_map_fd(fd, NR_PAGES, PROT_READ, MAP_SHARED));
}

/* The first page is a copy, the others are the file's. */
TEST_F(source, private_file)
{
	int fd = source_temp_file(NR_PAGES);
	uint8_t *src = source_map_fd(fd, NR_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	src[0]++;
	expect_measured(&self->guest, src);
}

/* A child that has the page as well must not change what is measured. */
TEST_F(source, shared_after_fork)
{
	void *src = snp_map_pages(NR_PAGES);
	int to_child[2], status;
	pid_t pid;
	char c;

	source_fill(src, NR_PAGES);
	TEST_ASSERT(!pipe(to_child), "pipe(): %s", strerror(errno));
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork(): %s", strerror(errno));
	if (!pid) {
		/* Else the end of the parent is not the end of the pipe. */
		close(to_child[1]);
		_exit(read(to_child[0], &c, 1) != 1);
	}

	expect_measured(&self->guest, src);
	TEST_ASSERT(write(to_child[1], "", 1) == 1 && waitpid(pid, &status, 0) == pid && !status,
		    "The child failed, status 0x%x", status);
}

/* The second page moved to where the first was, and a fresh one in its place */
TEST_F(source, remapped)
{
	uint8_t *src = snp_map_pages(NR_PAGES), *moved;

	source_fill(src, NR_PAGES);
	moved = mremap(src + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, src);
	TEST_ASSERT(moved == src, "mremap(): %s", strerror(errno));
	moved = mmap(src + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	TEST_ASSERT(moved == src + PAGE_SIZE, "mmap(): %s", strerror(errno));
	expect_measured(&self->guest, src);
}

TEST_F(source, past_end_of_file)
{
	int fd = memfd_create("source", 0);
	void *src;

	TEST_ASSERT(!ftruncate(fd, SIZE), "ftruncate(): %s", strerror(errno));
	src = source_map_fd(fd, NR_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED);
	TEST_ASSERT(!ftruncate(fd, 0), "ftruncate(): %s", strerror(errno));
	expect_refused(&self->guest, src);
}

TEST_F(source, secretmem)
{
	int fd = syscall(__NR_memfd_secret, 0);
	void *src;

	if (fd < 0)
		SKIP(return, "secretmem is off: %s", strerror(errno));
	TEST_ASSERT(!ftruncate(fd, SIZE), "ftruncate(): %s", strerror(errno));
	src = source_map_fd(fd, NR_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED);
	source_fill(src, NR_PAGES);
	expect_refused(&self->guest, src);
}

TEST_F(source, kernel_address)
{
	expect_refused(&self->guest, (void *)0xffff888000100000ul);
}

TEST_F(source, non_canonical)
{
	expect_refused(&self->guest, (void *)0x0000800000000000ul);
}

/* Memory that others have as well */
FIXTURE(shared) {
	struct coco_emul_census census;
	struct snp_guest guest;
};

FIXTURE_SETUP(shared)
{
	snp_census_read(&self->census);
	snp_guest_init(&self->guest, GPA, SOURCE_MANY_PAGES);
}

FIXTURE_TEARDOWN(shared)
{
	snp_guest_expect_digest(&self->guest);
	snp_guest_free(&self->guest);
	coco_emul_census_expect(&self->census);
}

static void load(void *guest, const void *src, size_t npages)
{
	snp_guest_update(guest, 0, src, npages, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
}

static void allocate(void *guest, size_t npages)
{
	struct snp_guest *g = guest;

	kvm_fallocate(memslot2region(g->vm, SNP_SLOT)->region.guest_memfd, FALLOC_FL_KEEP_SIZE,
		      0, npages * PAGE_SIZE);
}

TEST_F(shared, hugetlb)
{
	source_check_hugetlb(load, &self->guest);
}

TEST_F(shared, fork)
{
	source_check_fork(load, &self->guest);
}

TEST_F(shared, fork_thp)
{
	source_check_fork_thp(load, &self->guest);
}

TEST_F_TIMEOUT(shared, ksm, SOURCE_KSM_TIMEOUT)
{
	source_check_ksm(load, &self->guest);
}

TEST_F(shared, memcg_fork)
{
	source_check_memcg_fork(load, allocate, &self->guest);
}

TEST_F_TIMEOUT(shared, memcg_ksm, SOURCE_KSM_TIMEOUT)
{
	source_check_memcg_ksm(load, allocate, &self->guest);
}

TEST_F(shared, memcg_swap)
{
	source_check_memcg_swap(load, allocate, &self->guest);
}

/* One guest at a time: the digest is that of the only one. */
static void create_and_load(void *unused, const void *src, size_t npages)
{
	struct snp_guest g;

	snp_guest_init(&g, GPA, npages);
	load(&g, src, npages);
	snp_guest_expect_digest(&g);
	snp_guest_free(&g);
}

TEST(hugetlb_in_child)
{
	source_check_hugetlb_in_child(create_and_load, NULL);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
