// SPDX-License-Identifier: GPL-2.0-only
/*
 * Launches on the emulated SEV-SNP host that fail: at every firmware command by
 * injection, by a CPUID page that is refused, or by what happens to the page.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/falloc.h>
#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	16ul
#define NR_LAUNCHED	5ul

/* Any status that nothing returns by itself */
#define INJECTED	SEV_RET_HWSEV_RET_UNSAFE

FIXTURE(failure) {
	struct coco_emul_census census;
	struct snp_guest guest;
	uint8_t *src;
};

FIXTURE_SETUP(failure)
{
	int i;

	coco_emul_inject_clear();
	snp_census_read(&self->census);
	self->src = snp_map_pages(NR_PAGES);
	for (i = 0; i < NR_PAGES * PAGE_SIZE; i++)
		self->src[i] = i / 7;
}

FIXTURE_TEARDOWN(failure)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	munmap(self->src, NR_PAGES * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

static int sev_ioctl(struct kvm_vm *vm, int id, void *data, uint32_t *fw_error)
{
	union {
		struct kvm_sev_cmd c;
		unsigned long raw;
	} cmd = { .c = {
		.id = id,
		.data = (uint64_t)data,
		.sev_fd = vm->arch.sev_fd,
	} };
	int ret;

	ret = __vm_ioctl(vm, KVM_MEMORY_ENCRYPT_OP, &cmd.raw);
	*fw_error = cmd.c.error;
	return ret;
}

/* The whole launch, from scratch, after whatever has failed. */
static void expect_launch_works(uint8_t *src)
{
	struct snp_guest guest;

	snp_guest_init(&guest, GPA, NR_PAGES);
	snp_guest_update(&guest, 0, src, NR_LAUNCHED, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(guest.vm);
	snp_guest_expect_digest(&guest);
	snp_guest_free(&guest);
}

static void expect_start_fails(const char *command, int error, uint8_t *src)
{
	struct kvm_sev_snp_launch_start start = { .policy = snp_default_policy() };
	struct snp_guest guest;
	uint32_t fw_error;
	int ret;

	snp_guest_create(&guest, GPA, NR_PAGES);
	coco_emul_inject(command, 1, INJECTED);
	ret = sev_ioctl(guest.vm, KVM_SEV_SNP_LAUNCH_START, &start, &fw_error);
	TEST_ASSERT(ret == -1 && errno == error && fw_error == INJECTED,
		    "%s: ret %d, errno %d, firmware 0x%x", command, ret, errno, fw_error);

	ret = __snp_guest_update(&guest, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL, NULL);
	TEST_ASSERT(ret == -1 && errno == EINVAL, "Update without a launch: ret %d, errno %d",
		    ret, errno);

	/* The same VM can be started after all. */
	snp_guest_start(&guest);
	snp_guest_update(&guest, 0, src, NR_LAUNCHED, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_expect_digest(&guest);
	snp_guest_free(&guest);

	expect_launch_works(src);
}

TEST_F(failure, gctx_create)
{
	expect_start_fails("SNP_GCTX_CREATE", ENOTTY, self->src);
}

TEST_F(failure, launch_start)
{
	expect_start_fails("SNP_LAUNCH_START", EIO, self->src);
}

TEST_F(failure, activate)
{
	expect_start_fails("SNP_ACTIVATE", EIO, self->src);
}

/* Every page of an update in turn; what is done is kept, the rest can follow. */
TEST_F(failure, launch_update)
{
	struct snp_guest *g = &self->guest;
	struct kvm_sev_snp_launch_update args;
	uint32_t fw_error;
	int nth, ret, i;

	for (nth = 1; nth <= NR_LAUNCHED; nth++) {
		snp_guest_init(g, GPA, NR_PAGES);
		args = (struct kvm_sev_snp_launch_update) {
			.gfn_start = GPA / PAGE_SIZE,
			.uaddr = (uint64_t)self->src,
			.len = NR_LAUNCHED * PAGE_SIZE,
			.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
		};

		coco_emul_inject("SNP_LAUNCH_UPDATE", nth, INJECTED);
		ret = __snp_launch_update(g->vm, &args, &fw_error);
		if (nth == 1)
			TEST_ASSERT(ret == -1 && errno == EIO && fw_error == INJECTED,
				    "ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
		else
			TEST_ASSERT(!ret, "ret %d, errno %d", ret, errno);
		TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
		TEST_ASSERT(args.gfn_start == GPA / PAGE_SIZE + nth - 1 &&
			    args.uaddr == (uint64_t)self->src + (nth - 1) * PAGE_SIZE &&
			    args.len == (NR_LAUNCHED - nth + 1) * PAGE_SIZE,
			    "Page %d failed, and 0x%llx bytes are left", nth, args.len);

		for (i = 0; i < nth - 1; i++)
			snp_guest_measure(g, i, self->src + i * PAGE_SIZE, args.type);
		snp_guest_expect_digest(g);

		snp_launch_update(g->vm, &args);
		for (; i < NR_LAUNCHED; i++)
			snp_guest_measure(g, i, self->src + i * PAGE_SIZE,
					  KVM_SEV_SNP_PAGE_TYPE_NORMAL);
		snp_guest_expect_digest(g);
		snp_guest_free(g);
	}
}

/* A VM that is given up in the middle leaves nothing either. */
TEST_F(failure, launch_update_given_up)
{
	struct snp_guest *g = &self->guest;
	uint32_t fw_error;
	int ret;

	snp_guest_init(g, GPA, NR_PAGES);
	snp_guest_update(g, 0, self->src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	coco_emul_inject("SNP_LAUNCH_UPDATE", 1, INJECTED);
	ret = __snp_guest_update(g, 2, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_SECRETS, &fw_error);
	TEST_ASSERT(ret == -1 && errno == EIO && fw_error == INJECTED,
		    "ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	snp_guest_free(g);
	coco_emul_census_expect(&self->census);
	expect_launch_works(self->src);
}

static void expect_finish_fails(struct snp_guest *g, const char *command)
{
	struct kvm_sev_snp_launch_finish finish = { 0 };
	uint32_t fw_error;
	int ret;

	coco_emul_inject(command, 1, INJECTED);
	ret = sev_ioctl(g->vm, KVM_SEV_SNP_LAUNCH_FINISH, &finish, &fw_error);
	TEST_ASSERT(ret == -1 && errno == EIO && fw_error == INJECTED,
		    "%s: ret %d, errno %d, firmware 0x%x", command, ret, errno, fw_error);
}

TEST_F(failure, launch_finish)
{
	struct snp_guest *g = &self->guest;

	snp_guest_init(g, GPA, NR_PAGES);
	snp_guest_update(g, 0, self->src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	expect_finish_fails(g, "SNP_LAUNCH_FINISH");

	/* Still in launch: one page more, and then it works. */
	snp_guest_update(g, 2, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(g->vm);
	snp_guest_expect_digest(g);
	snp_guest_free(g);
	expect_launch_works(self->src);
}

TEST_F(failure, vmsa)
{
	struct snp_guest *g = &self->guest;

	snp_guest_create(g, GPA, NR_PAGES);
	__vm_vcpu_add(g->vm, 0);
	snp_guest_start(g);
	snp_guest_update(g, 0, self->src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	expect_finish_fails(g, "SNP_LAUNCH_UPDATE");
	snp_guest_expect_digest(g);

	snp_vm_launch_finish(g->vm);
	snp_guest_free(g);
	expect_launch_works(self->src);
}

TEST_F(failure, policy)
{
	struct kvm_sev_snp_launch_start start = { .policy = snp_default_policy() | 2 << 8 };
	struct snp_guest *g = &self->guest;
	uint32_t fw_error;
	int ret;

	snp_guest_create(g, GPA, NR_PAGES);
	ret = sev_ioctl(g->vm, KVM_SEV_SNP_LAUNCH_START, &start, &fw_error);
	TEST_ASSERT(ret == -1 && errno == EIO && fw_error == SEV_RET_POLICY_FAILURE,
		    "Policy of ABI 2.0: ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
	snp_guest_free(g);
}

/* The first page of the slot loses its memory, and can be updated again. */
TEST_F(failure, punched_between_updates)
{
	struct snp_guest *g = &self->guest;
	struct coco_emul_census before;
	int fd;

	snp_guest_init(g, GPA, NR_PAGES);
	snp_census_read(&before);
	snp_guest_update(g, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);

	fd = memslot2region(g->vm, SNP_SLOT)->region.guest_memfd;
	TEST_ASSERT(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE_SIZE),
		    "PUNCH_HOLE: %s", strerror(errno));
	coco_emul_census_expect(&before);

	/* Both updates are in the digest. */
	snp_guest_update(g, 0, self->src + PAGE_SIZE, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_expect_digest(g);
	snp_guest_free(g);
}

/* The memory outlives neither slot nor file, even with the guest in launch. */
TEST_F(failure, slot_deleted)
{
	struct snp_guest *g = &self->guest;
	struct coco_emul_census before;

	snp_guest_init(g, GPA, NR_PAGES);
	snp_census_read(&before);
	snp_guest_update(g, 0, self->src, 4, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	vm_mem_region_delete(g->vm, SNP_SLOT);
	coco_emul_census_expect(&before);
	snp_guest_free(g);
}

FIXTURE(cpuid) {
	struct coco_emul_census census;
	struct snp_guest guest;
	uint8_t want[4096];
	uint8_t bad[4096];
};

FIXTURE_SETUP(cpuid)
{
	coco_emul_inject_clear();
	snp_census_read(&self->census);
	snp_init_cpuid_page(self->want);
	memcpy(self->bad, self->want, PAGE_SIZE);
	snp_spoil_cpuid_page(self->bad);
	snp_guest_init(&self->guest, GPA, NR_PAGES);
}

FIXTURE_TEARDOWN(cpuid)
{
	TEST_ASSERT(!coco_emul_inject_is_pending(), "An injected fault did not fire");
	/* Refusals have left no trace in the digest. */
	snp_guest_expect_digest(&self->guest);
	snp_guest_free(&self->guest);
	coco_emul_census_expect(&self->census);
}

static void expect_refused(struct snp_guest *g, const void *src)
{
	uint32_t fw_error;
	int ret;

	ret = __snp_guest_update(g, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_CPUID, &fw_error);
	TEST_ASSERT(ret == -1 && errno == EIO && fw_error == SEV_RET_INVALID_PARAM,
		    "ret %d, errno %d, firmware 0x%x", ret, errno, fw_error);
}

/* The table comes back corrected, and with that the launch goes on. */
static void expect_corrected(struct snp_guest *g, void *src, const void *want)
{
	expect_refused(g, src);
	TEST_ASSERT(!memcmp(src, want, PAGE_SIZE), "The table did not come back as corrected");
	snp_guest_update(g, 0, src, 1, KVM_SEV_SNP_PAGE_TYPE_CPUID);
}

static void *map_fd(int fd, int prot, int flags)
{
	void *mem = mmap(NULL, PAGE_SIZE, prot, flags, fd, 0);

	TEST_ASSERT(mem != MAP_FAILED, "mmap(): %s", strerror(errno));
	return mem;
}

static int file_with(const char *path, const void *data)
{
	int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC, 0600) : memfd_create("table", 0);

	TEST_ASSERT(fd >= 0 && write(fd, data, PAGE_SIZE) == PAGE_SIZE, "File: %s",
		    strerror(errno));
	if (path)
		unlink(path);
	return fd;
}

static void expect_file(int fd, const void *want, const char *what)
{
	uint8_t data[4096];

	TEST_ASSERT(pread(fd, data, PAGE_SIZE, 0) == PAGE_SIZE && !memcmp(data, want, PAGE_SIZE),
		    "%s", what);
}

TEST_F(cpuid, anonymous)
{
	void *src = snp_map_pages(1);

	memcpy(src, self->bad, PAGE_SIZE);
	expect_corrected(&self->guest, src, self->want);
	munmap(src, PAGE_SIZE);
}

TEST_F(cpuid, shared_file)
{
	int fd = file_with("/tmp/coco_snp_cpuid", self->bad);
	void *src = map_fd(fd, PROT_READ | PROT_WRITE, MAP_SHARED);

	expect_corrected(&self->guest, src, self->want);
	munmap(src, PAGE_SIZE);
	expect_file(fd, self->want, "The correction did not reach the file");
	close(fd);
}

TEST_F(cpuid, shared_memfd)
{
	int fd = file_with(NULL, self->bad);
	void *src = map_fd(fd, PROT_READ | PROT_WRITE, MAP_SHARED);

	expect_corrected(&self->guest, src, self->want);
	munmap(src, PAGE_SIZE);
	expect_file(fd, self->want, "The correction did not reach the file");
	close(fd);
}

TEST_F(cpuid, private_file)
{
	int fd = file_with("/tmp/coco_snp_cpuid", self->bad);
	void *src = map_fd(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	expect_corrected(&self->guest, src, self->want);
	munmap(src, PAGE_SIZE);
	expect_file(fd, self->bad, "A private mapping changed the file");
	close(fd);
}

TEST_F(cpuid, read_only_anonymous)
{
	void *src = snp_map_pages(1);

	memcpy(src, self->bad, PAGE_SIZE);
	TEST_ASSERT(!mprotect(src, PAGE_SIZE, PROT_READ), "mprotect(): %s", strerror(errno));
	expect_refused(&self->guest, src);
	TEST_ASSERT(!memcmp(src, self->bad, PAGE_SIZE), "KVM wrote to a read-only mapping");
	munmap(src, PAGE_SIZE);
}

/* Not even through a mapping that only user space may not write to */
TEST_F(cpuid, read_only_file)
{
	int fd = file_with("/tmp/coco_snp_cpuid", self->bad);
	void *src = map_fd(fd, PROT_READ, MAP_SHARED);

	expect_refused(&self->guest, src);
	munmap(src, PAGE_SIZE);
	expect_file(fd, self->bad, "KVM wrote through a read-only mapping");
	close(fd);
}

/* Memory that was only read from is the zero page, which everybody shares. */
TEST_F(cpuid, zero_page)
{
	uint8_t *src = snp_map_pages(1), *other = snp_map_pages(1);
	int i;

	TEST_ASSERT(!READ_ONCE(src[0]) && !READ_ONCE(other[0]), "Fresh memory is not zero");
	coco_emul_inject("SNP_LAUNCH_UPDATE", 1, SEV_RET_INVALID_PARAM);
	expect_refused(&self->guest, src);
	for (i = 0; i < PAGE_SIZE; i++)
		TEST_ASSERT(!READ_ONCE(src[i]) && !READ_ONCE(other[i]),
			    "Byte %d of a zero page changed", i);

	WRITE_ONCE(src[0], 1);
	TEST_ASSERT(!READ_ONCE(other[0]), "The zero page was written to");
	munmap(src, PAGE_SIZE);
	munmap(other, PAGE_SIZE);
}

TEST_F(cpuid, thp)
{
	uint8_t *mem = snp_map_pages(2 * SZ_2M / PAGE_SIZE), *huge;
	void *src;
	size_t i;

	huge = (void *)(((uintptr_t)mem + SZ_2M - 1) & ~(SZ_2M - 1ul));
	TEST_ASSERT(!madvise(huge, SZ_2M, MADV_HUGEPAGE), "MADV_HUGEPAGE: %s", strerror(errno));
	memset(huge, 0x5a, SZ_2M);

	src = huge + 5 * PAGE_SIZE;
	memcpy(src, self->bad, PAGE_SIZE);
	expect_corrected(&self->guest, src, self->want);
	for (i = 0; i < SZ_2M; i++) {
		if (i < 5 * PAGE_SIZE || i >= 6 * PAGE_SIZE)
			TEST_ASSERT(huge[i] == 0x5a, "Byte 0x%lx of the huge page changed", i);
	}
	munmap(mem, 2 * SZ_2M);
}

/* The other side of a fork() keeps its copy. */
TEST_F(cpuid, after_fork)
{
	void *src = snp_map_pages(1);
	int to_child[2], status;
	pid_t pid;
	char c;

	memcpy(src, self->bad, PAGE_SIZE);
	TEST_ASSERT(!pipe(to_child), "pipe(): %s", strerror(errno));
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork(): %s", strerror(errno));
	if (!pid) {
		/* Else the end of the parent is not the end of the pipe. */
		close(to_child[1]);
		if (read(to_child[0], &c, 1) != 1)
			_exit(2);
		_exit(memcmp(src, self->bad, PAGE_SIZE) ? 1 : 0);
	}

	expect_corrected(&self->guest, src, self->want);
	TEST_ASSERT(write(to_child[1], "", 1) == 1, "write(): %s", strerror(errno));
	TEST_ASSERT(waitpid(pid, &status, 0) == pid && !status,
		    "The child's copy changed, status 0x%x", status);
	close(to_child[0]);
	close(to_child[1]);
	munmap(src, PAGE_SIZE);
}

/*
 * What the firmware refuses without writing anything back, and the reserved field
 * of an entry, which it leaves as it is: the table comes back unchanged, and who
 * waits for it to become good waits for ever.
 */
TEST_F(cpuid, not_corrected)
{
	struct snp_cpuid_table *src = snp_map_pages(1), *bad = (void *)self->bad;
	int i;

	for (i = 0; i < 4; i++) {
		memcpy(bad, self->want, PAGE_SIZE);
		switch (i) {
		case 0:
			bad->count = SNP_CPUID_COUNT_MAX + 1;
			break;
		case 1:
			bad->reserved1 = 1;
			break;
		case 2:
			bad->reserved2 = 1;
			break;
		case 3:
			bad->fn[0].reserved = 1;
			break;
		}
		memcpy(src, bad, PAGE_SIZE);
		expect_refused(&self->guest, src);
		TEST_ASSERT(!memcmp(src, bad, PAGE_SIZE), "Case %d: the table changed", i);
		expect_refused(&self->guest, src);
	}

	/* With the table refused as a whole, not even what could be corrected is. */
	memcpy(bad, self->want, PAGE_SIZE);
	snp_spoil_cpuid_page(bad);
	bad->reserved1 = 1;
	memcpy(src, bad, PAGE_SIZE);
	expect_refused(&self->guest, src);
	TEST_ASSERT(!memcmp(src, bad, PAGE_SIZE), "The table changed");

	/* An entry is corrected for all of it but its reserved field. */
	bad->reserved1 = 0;
	bad->fn[0].reserved = 1;
	memcpy(src, bad, PAGE_SIZE);
	expect_refused(&self->guest, src);
	memcpy(bad, self->want, PAGE_SIZE);
	bad->fn[0].reserved = 1;
	TEST_ASSERT(!memcmp(src, bad, PAGE_SIZE), "The table is not what it would be");
	munmap(src, PAGE_SIZE);
}

/* The policy for leaves, as far as the emulated firmware has one */
TEST_F(cpuid, policy)
{
	static const struct {
		uint32_t leaf, subleaf;
		uint64_t xcr0;
		uint32_t ebx, ecx, edx;
		uint32_t want_ebx, want_ecx, want_edx;
	} fns[] = {
		/* What is no leaf has no output. */
		{ 0x3, 0, 0, 1, 2, 3, 0, 0, 0 },
		{ 0xd, 3, 0, 0, 1, 0, 0, 0, 0 },
		{ 0xd, 64, 0, 0, 0, 1, 0, 0, 0 },
		{ 0xffff, 0, 0, 1, 1, 1, 0, 0, 0 },
		{ 0x8000001d, 5, 0, 1, 0, 0, 0, 0, 0 },
		{ 0x8000ffff, 0, 0, 0, 0, 1, 0, 0, 0 },
		/* Nor has it one here. */
		{ 0x14, 0, 0, 0, 0, 0, 0, 0, 0 },
		/* Of the others this firmware knows too little to object. */
		{ 0x8000001d, 4, 0, 1, 2, 3, 1, 2, 3 },
		{ 0xd, 1, 0, 1, 2, 3, 1, 2, 3 },
		/* For the hypervisor, or reserved for nobody */
		{ 0x40000000, 0, 0, 1, 2, 3, 1, 2, 3 },
		{ 0x10000, 0, 0, 1, 2, 3, 1, 2, 3 },
		{ 0x80010000, 0, 0, 1, 2, 3, 1, 2, 3 },
		/* The save area for what XCR0 enables */
		{ 0xd, 0, 0, 0x340, 5, 0, 0x240, 5, 0 },
		{ 0xd, 0, 3, 0x240, 0, 0, 0x240, 0, 0 },
		{ 0xd, 0, 7, 0x240, 0, 0, 0x340, 0, 0 },
		{ 0xd, 0, 0xe7, 0x340, 0, 0, 0x980, 0, 0 },
		{ 0xd, 0, 0x2e7, 0x980, 0, 0, 0x988, 0, 0 },
		/* A bit that is not known takes those along that are. */
		{ 0x7, 0, 0, 0, 0, BIT(4), 0, 0, BIT(4) },
		{ 0x7, 0, 0, 5, 9, BIT(4) | BIT(26), 1, 9, 0 },
	};
	struct snp_cpuid_table *src = snp_map_pages(1), *want = (void *)self->want;
	int i;

	memset(want, 0, PAGE_SIZE);
	want->count = ARRAY_SIZE(fns);
	for (i = 0; i < ARRAY_SIZE(fns); i++) {
		want->fn[i].eax_in = fns[i].leaf;
		want->fn[i].ecx_in = fns[i].subleaf;
		want->fn[i].xcr0_in = fns[i].xcr0;
	}
	memcpy(src, want, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(fns); i++) {
		want->fn[i].ebx = fns[i].want_ebx;
		want->fn[i].ecx = fns[i].want_ecx;
		want->fn[i].edx = fns[i].want_edx;
		src->fn[i].ebx = fns[i].ebx;
		src->fn[i].ecx = fns[i].ecx;
		src->fn[i].edx = fns[i].edx;
	}

	expect_corrected(&self->guest, src, want);
	munmap(src, PAGE_SIZE);
}

/* Another status of a CPUID page, or the same of another page, is not for user space. */
TEST_F(cpuid, no_write_back)
{
	static const struct {
		uint8_t type;
		uint32_t status;
	} cases[] = {
		{ KVM_SEV_SNP_PAGE_TYPE_CPUID, INJECTED },
		{ KVM_SEV_SNP_PAGE_TYPE_NORMAL, SEV_RET_INVALID_PARAM },
		{ KVM_SEV_SNP_PAGE_TYPE_SECRETS, SEV_RET_INVALID_PARAM },
	};
	int fd = file_with("/tmp/coco_snp_cpuid", self->bad), i, ret;
	void *src = map_fd(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	uint32_t fw_error;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		coco_emul_inject("SNP_LAUNCH_UPDATE", 1, cases[i].status);
		ret = __snp_guest_update(&self->guest, 0, src, 1, cases[i].type, &fw_error);
		TEST_ASSERT(ret == -1 && errno == EIO && fw_error == cases[i].status,
			    "Case %d: ret %d, errno %d, firmware 0x%x", i, ret, errno, fw_error);
		expect_file(fd, self->bad, "KVM wrote to the source");
	}
	munmap(src, PAGE_SIZE);
	close(fd);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
