// SPDX-License-Identifier: GPL-2.0-only
/*
 * SNP launch updates against the commands of /dev/sev, with the locking of
 * in-place conversion: needs inplace.diff, which has faults on guest_memfd take
 * the invalidate lock, and has SNP VMs map theirs. As long as ccp accesses user
 * memory under sev_cmd_mutex, see patches/other, this test is to fail.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/psp-sev.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "gmem_populate.h"

#define GPA		BIT_ULL(32)
#define NR_PRIVATE	64ul
#define NR_SHARED	4ul
#define GMEM_FLAGS	(GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED)

/* What a case that hangs has to say, as it cannot be waited for: in the other process */
#define CHILD_LOG	"/tmp/coco_snp_inplace"
/* Without a page or a status for so long, nothing will come any more. */
#define STUCK_S		8

/* No two threads, no timing: lockdep goes by the order in which locks are taken. */
TEST(lock_order)
{
	uint8_t *src = snp_map_pages(2), *map;
	struct snp_guest guest;
	struct kvm_vm *vm;
	int fd;

	TEST_ASSERT(gmem_lockdep_is_on(), "Lockdep is off before the test");

	fd = open_sev_dev_path_or_exit();
	sev_dev_issue_all(fd);
	close(fd);

	snp_guest_init(&guest, GPA, 2);
	snp_guest_update(&guest, 0, src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_expect_digest(&guest);
	snp_guest_free(&guest);

	/* The locks of all guest_memfd files are of one class: an ordinary VM will do. */
	vm = vm_create_barebones();
	fd = vm_create_guest_memfd(vm, PAGE_SIZE, GMEM_FLAGS);
	map = kvm_mmap(PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	TEST_ASSERT(!madvise(map, PAGE_SIZE, MADV_POPULATE_READ), "MADV_POPULATE_READ: %s",
		    strerror(errno));
	TEST_ASSERT(gmem_lockdep_is_on(), "Lockdep has reported something");

	kvm_munmap(map, PAGE_SIZE);
	close(fd);
	kvm_vm_free(vm);
	munmap(src, 2 * PAGE_SIZE);
}

struct progress {
	uint64_t loaded;
	uint64_t statuses;
	bool done;
};

struct status_thread {
	struct progress *progress;
	int sev_fd;
	uint8_t *shared;
	bool stop;
};

/* The status goes to a page of the file that is not mapped yet. */
static void *get_statuses(void *data)
{
	struct sev_user_data_snp_status *status;
	struct status_thread *self = data;
	uint64_t i;

	for (i = 0; !READ_ONCE(self->stop); i++) {
		status = (void *)(self->shared + i % NR_SHARED * PAGE_SIZE);
		TEST_ASSERT(!madvise(status, PAGE_SIZE, MADV_DONTNEED), "MADV_DONTNEED: %s",
			    strerror(errno));
		TEST_ASSERT(!sev_dev_cmd(self->sev_fd, SNP_PLATFORM_STATUS, status, NULL),
			    "SNP_PLATFORM_STATUS: %s", strerror(errno));
		TEST_ASSERT(status->state == 1 && status->guest_count == 1,
			    "The status says state %u, %u guests", status->state,
			    status->guest_count);
		WRITE_ONCE(self->progress->statuses, i + 1);
	}

	return NULL;
}

static void load_and_get_statuses(struct progress *progress)
{
	struct status_thread thread = { .progress = progress };
	struct snp_guest g = { .gpa = GPA, .npages = NR_PRIVATE };
	uint8_t *src = snp_map_pages(1), *map;
	pthread_t tid;
	int fd, i;

	g.vm = vm_create_barebones_type(KVM_X86_SNP_VM);
	snp_vm_init(g.vm);
	fd = vm_create_guest_memfd(g.vm, (NR_PRIVATE + NR_SHARED) * PAGE_SIZE, GMEM_FLAGS);
	vm_mem_add(g.vm, VM_MEM_SRC_ANONYMOUS, GPA, SNP_SLOT, NR_PRIVATE + NR_SHARED,
		   KVM_MEM_GUEST_MEMFD, fd, 0);
	vm_mem_set_private(g.vm, GPA, NR_PRIVATE * PAGE_SIZE);
	snp_guest_start(&g);

	map = kvm_mmap((NR_PRIVATE + NR_SHARED) * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd);
	thread.shared = map + NR_PRIVATE * PAGE_SIZE;
	thread.sev_fd = open_sev_dev_path_or_exit();
	TEST_ASSERT(!pthread_create(&tid, NULL, get_statuses, &thread), "No thread");

	/* Not before the other one is at it */
	while (!READ_ONCE(progress->statuses))
		usleep(100);
	for (i = 0; i < NR_PRIVATE; i++) {
		memset(src, i, PAGE_SIZE);
		snp_guest_update(&g, i, src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
		WRITE_ONCE(progress->loaded, i + 1);
	}
	WRITE_ONCE(thread.stop, true);
	pthread_join(tid, NULL);
	snp_guest_expect_digest(&g);
	WRITE_ONCE(progress->done, true);
}

static bool makes_progress(struct progress *progress)
{
	uint64_t sum = READ_ONCE(progress->loaded) + READ_ONCE(progress->statuses);
	int i;

	for (i = 0; i < STUCK_S * 100; i++) {
		usleep(10000);
		if (READ_ONCE(progress->done) ||
		    READ_ONCE(progress->loaded) + READ_ONCE(progress->statuses) != sum)
			return true;
	}

	return false;
}

/*
 * One task loads pages, which takes sev_cmd_mutex inside of the invalidate lock;
 * the other one has a status written to the same file, which faults. They live in
 * a process of their own: if they wait for each other nothing can end them, and
 * whoever waits for that process or reads what it writes waits for ever, too.
 */
TEST(two_tasks)
{
	struct progress *progress = kvm_mmap(PAGE_SIZE, PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_ANONYMOUS, -1);
	int log, status = 0;
	pid_t pid;

	pid = fork();
	if (!pid) {
		log = open(CHILD_LOG, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		load_and_get_statuses(progress);
		_exit(0);
	}

	while (!READ_ONCE(progress->done) && !waitpid(pid, &status, WNOHANG))
		TEST_ASSERT(makes_progress(progress),
			    "%lu of %lu pages loaded, %lu statuses, and nothing for %u s",
			    progress->loaded, NR_PRIVATE, progress->statuses, STUCK_S);
	if (READ_ONCE(progress->done))
		waitpid(pid, &status, 0);
	TEST_ASSERT(progress->done && !status, "Status 0x%x, see " CHILD_LOG, status);
	ksft_print_msg("%lu pages loaded, %lu statuses\n", progress->loaded, progress->statuses);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
