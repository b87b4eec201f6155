// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/falloc.h>
#include <linux/userfaultfd.h>

#include "gmem_wait.h"
#include "processor.h"
#include "test_util.h"

#define GONE_MS		20000	/* on hardware it is milliseconds */

static uint8_t *waiting_page(struct gmem_wait *w)
{
	return w->mem + WAIT_PAGE * PAGE_SIZE;
}

static void write_protect(struct gmem_wait *w, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)waiting_page(w), PAGE_SIZE },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	TEST_ASSERT(!ioctl(w->fd, UFFDIO_WRITEPROTECT, &wp), "UFFDIO_WRITEPROTECT: %s",
		    strerror(errno));
}

void gmem_wait_init(struct gmem_wait *w, const void *protected_page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg;

	w->protect = protected_page;
	w->mem = kvm_mmap(WAIT_NR_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memset(w->mem, 0x5a, WAIT_NR_PAGES * PAGE_SIZE);
	if (protected_page)
		memcpy(waiting_page(w), protected_page, PAGE_SIZE);
	else
		TEST_ASSERT(!madvise(waiting_page(w), PAGE_SIZE, MADV_DONTNEED),
			    "MADV_DONTNEED: %s", strerror(errno));

	w->fd = syscall(__NR_userfaultfd, O_CLOEXEC);
	TEST_ASSERT(w->fd >= 0 && !ioctl(w->fd, UFFDIO_API, &api), "userfaultfd: %s",
		    strerror(errno));
	reg = (struct uffdio_register) {
		.range = { (uintptr_t)waiting_page(w), PAGE_SIZE },
		.mode = protected_page ? UFFDIO_REGISTER_MODE_WP : UFFDIO_REGISTER_MODE_MISSING,
	};
	TEST_ASSERT(!ioctl(w->fd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER: %s", strerror(errno));
	if (protected_page)
		write_protect(w, true);
}

void gmem_wait_for_fault(struct gmem_wait *w)
{
	struct pollfd pollfd = { .fd = w->fd, .events = POLLIN };
	struct uffd_msg msg;

	TEST_ASSERT(poll(&pollfd, 1, GONE_MS) == 1 &&
		    read(w->fd, &msg, sizeof(msg)) == sizeof(msg) &&
		    msg.event == UFFD_EVENT_PAGEFAULT, "Nobody waits for the page");
}

void gmem_wait_resolve(struct gmem_wait *w, const void *page)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)waiting_page(w),
		.src = (uintptr_t)page,
		.len = PAGE_SIZE,
	};

	if (w->protect)
		write_protect(w, false);
	else
		TEST_ASSERT(!ioctl(w->fd, UFFDIO_COPY, &copy), "UFFDIO_COPY: %s", strerror(errno));
}

void gmem_wait_free(struct gmem_wait *w)
{
	close(w->fd);
	munmap(w->mem, WAIT_NR_PAGES * PAGE_SIZE);
}

struct reporter {
	struct gmem_wait *wait;
	int to_parent;
};

static void *report_fault(void *data)
{
	struct reporter *r = data;

	gmem_wait_for_fault(r->wait);
	TEST_ASSERT(write(r->to_parent, "", 1) == 1, "write(): %s", strerror(errno));
	return NULL;
}

void gmem_wait_check_kill(gmem_wait_launch_fn launch)
{
	int to_parent[2], status, ms;
	struct reporter reporter;
	struct gmem_wait wait;
	pthread_t thread;
	pid_t pid, gone;
	char c;

	TEST_ASSERT(!pipe(to_parent), "pipe(): %s", strerror(errno));
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork(): %s", strerror(errno));
	if (!pid) {
		close(to_parent[0]);
		gmem_wait_init(&wait, NULL);
		reporter = (struct reporter) { &wait, to_parent[1] };
		TEST_ASSERT(!pthread_create(&thread, NULL, report_fault, &reporter), "No thread");
		launch(wait.mem, WAIT_NR_PAGES);
		_exit(0);
	}

	/* Else the end of the child is not the end of the pipe. */
	close(to_parent[1]);
	TEST_ASSERT(read(to_parent[0], &c, 1) == 1, "The launch did not come to its third page");
	close(to_parent[0]);
	usleep(20000);
	TEST_ASSERT(!kill(pid, SIGKILL), "kill(): %s", strerror(errno));
	for (ms = 0; ms < GONE_MS; ms += 10) {
		gone = waitpid(pid, &status, WNOHANG);
		if (gone)
			break;
		usleep(10000);
	}
	TEST_ASSERT(gone == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		    "Not killed within %d ms, status 0x%x", GONE_MS, gone == pid ? status : 0);
	ksft_print_msg("gone after %d ms\n", ms);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void *punch_holes(void *data)
{
	struct gmem_puncher *p = data;
	double start, took;

	while (!__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE)) {
		start = now();
		kvm_fallocate(p->fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, p->offset,
			      PAGE_SIZE);
		took = now() - start;
		if (took > p->longest)
			p->longest = took;
		__atomic_add_fetch(&p->nr, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* It has punched a hole when this returns. */
void gmem_puncher_start(struct gmem_puncher *p)
{
	p->stop = false;
	p->nr = 0;
	p->longest = 0;
	TEST_ASSERT(!pthread_create(&p->thread, NULL, punch_holes, p), "No thread");
	while (!__atomic_load_n(&p->nr, __ATOMIC_ACQUIRE))
		usleep(1000);
	p->start = now();
}

void gmem_puncher_stop(struct gmem_puncher *p)
{
	p->lasted = now() - p->start;
	__atomic_store_n(&p->stop, true, __ATOMIC_RELEASE);
	pthread_join(p->thread, NULL);
}

static void punch_hole(struct gmem_others *o)
{
	kvm_fallocate(o->fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, o->offset, PAGE_SIZE);
}

static void add_memslot(struct gmem_others *o)
{
	vm_set_user_memory_region(o->vm, o->slot, 0, o->gpa, PAGE_SIZE, o->mem);
}

static void set_attributes(struct gmem_others *o)
{
	vm_set_memory_attributes(o->vm, o->gpa + PAGE_SIZE, PAGE_SIZE,
				 KVM_MEMORY_ATTRIBUTE_PRIVATE);
}

static void *other_thread(void *data)
{
	typeof(&((struct gmem_others *)0)->acts[0]) act = data;

	act->act(act->others);
	__atomic_store_n(&act->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static int nr_done(struct gmem_others *o)
{
	int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(o->acts); i++)
		nr += __atomic_load_n(&o->acts[i].done, __ATOMIC_ACQUIRE);
	return nr;
}

int gmem_others_start(struct gmem_others *o, int ms)
{
	int i;

	o->mem = kvm_mmap(PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	o->acts[0].act = punch_hole;
	o->acts[1].act = add_memslot;
	o->acts[2].act = set_attributes;
	for (i = 0; i < ARRAY_SIZE(o->acts); i++) {
		o->acts[i].done = false;
		o->acts[i].others = o;
		TEST_ASSERT(!pthread_create(&o->acts[i].thread, NULL, other_thread, &o->acts[i]),
			    "No thread");
	}

	for (; ms > 0 && nr_done(o) < ARRAY_SIZE(o->acts); ms -= 10)
		usleep(10000);
	return nr_done(o);
}

void gmem_others_join(struct gmem_others *o)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(o->acts); i++)
		pthread_join(o->acts[i].thread, NULL);
	vm_set_user_memory_region(o->vm, o->slot, 0, o->gpa, 0, NULL);
	munmap(o->mem, PAGE_SIZE);
}
