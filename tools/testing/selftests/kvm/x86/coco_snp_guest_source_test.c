// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every kind of source memory once more, see coco_snp_source_test: this time an SNP
 * guest looks at what it has got, byte by byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp_inside.h"
#include "gmem_source.h"

#define NR_PAGES	4ul
#define SIZE		(NR_PAGES * PAGE_SIZE)

/* Each page is an exit or more of a guest that is emulated twice. */
#define TIMEOUT		120

FIXTURE(source) {
	struct coco_emul_census census;
	struct inside in;
};

FIXTURE_SETUP(source)
{
	snp_census_read(&self->census);
	inside_create(&self->in, SOURCE_MANY_PAGES);
	inside_launch(&self->in);
}

FIXTURE_TEARDOWN(source)
{
	snp_guest_expect_digest(&self->in.guest);
	inside_free(&self->in);
	coco_emul_census_expect(&self->census);
}

static void fill(void *src)
{
	uint32_t *words = src;
	int i;

	for (i = 0; i < SIZE / sizeof(*words); i++)
		words[i] = i * 2654435761u;
}

static void *map_fd(int fd, int prot, int flags)
{
	void *mem = mmap(NULL, SIZE, prot, flags, fd, 0);

	TEST_ASSERT(mem != MAP_FAILED, "mmap(): %s", strerror(errno));
	return mem;
}

static int temp_file(void)
{
	int fd = open("/tmp/coco_snp_guest_source", O_RDWR | O_CREAT | O_TRUNC, 0600);
	void *data = snp_map_pages(NR_PAGES);

	fill(data);
	TEST_ASSERT(fd >= 0 && write(fd, data, SIZE) == SIZE, "File: %s", strerror(errno));
	unlink("/tmp/coco_snp_guest_source");
	kvm_munmap(data, SIZE);
	return fd;
}

/* The source may be gone when the guest looks: it is compared with a copy. */
static void load(void *arg, const void *src, size_t npages)
{
	size_t size = npages * PAGE_SIZE, i;
	struct inside *in = arg;
	void *want;

	inside_load(in, 0, src, npages, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	want = snp_map_pages(npages);
	memcpy(want, src, size);
	inside_finish(in);

	for (i = 0; i < npages; i++) {
		inside_expect_pvalidate(in, i, true, PVALIDATE_ALREADY);
		inside_expect(in, i, want + i * PAGE_SIZE);
	}
	kvm_munmap(want, size);
}

TEST_F_TIMEOUT(source, thp, TIMEOUT)
{
	void *mem, *huge = snp_map_large_page(&mem);

	fill(huge + 7 * PAGE_SIZE);
	load(&self->in, huge + 7 * PAGE_SIZE, NR_PAGES);
	kvm_munmap(mem, SNP_LARGE_MAPPING);
}

TEST_F_TIMEOUT(source, zero_page, TIMEOUT)
{
	uint8_t *src = snp_map_pages(NR_PAGES);

	TEST_ASSERT(!READ_ONCE(src[0]) && !READ_ONCE(src[PAGE_SIZE]), "Fresh memory is not zero");
	load(&self->in, src, NR_PAGES);
}

TEST_F_TIMEOUT(source, memfd, TIMEOUT)
{
	int fd = memfd_create("source", 0);
	void *src;

	TEST_ASSERT(!ftruncate(fd, SIZE), "ftruncate(): %s", strerror(errno));
	src = map_fd(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	fill(src);
	load(&self->in, src, NR_PAGES);
}

TEST_F_TIMEOUT(source, read_only_shared_file, TIMEOUT)
{
	load(&self->in, map_fd(temp_file(), PROT_READ, MAP_SHARED), NR_PAGES);
}

/* The first page is a copy, the others are the file's. */
TEST_F_TIMEOUT(source, private_file, TIMEOUT)
{
	uint8_t *src = map_fd(temp_file(), PROT_READ | PROT_WRITE, MAP_PRIVATE);

	src[0]++;
	load(&self->in, src, NR_PAGES);
}

TEST_F_TIMEOUT(source, hugetlb, TIMEOUT)
{
	source_check_hugetlb(load, &self->in);
}

TEST_F_TIMEOUT(source, fork, TIMEOUT)
{
	source_check_fork(load, &self->in);
}

TEST_F_TIMEOUT(source, fork_thp, TIMEOUT)
{
	source_check_fork_thp(load, &self->in);
}

TEST_F_TIMEOUT(source, ksm, SOURCE_KSM_TIMEOUT)
{
	source_check_ksm(load, &self->in);
}

TEST_F_TIMEOUT(source, swapped, TIMEOUT)
{
	source_check_swapped(load, &self->in);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
