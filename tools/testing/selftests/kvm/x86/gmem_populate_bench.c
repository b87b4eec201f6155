// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of kvm_gmem_populate(), through its benchmark driver.
 *
 * Prints one line per figure: "bench:", what, source, callback, pages, value.
 * Figures are for the whole call, in ticks of the time stamp counter, i.e. in
 * instructions if QEMU runs with -icount shift=0.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include <linux/falloc.h>
#include <linux/kvm.h>
#include <linux/kvm_gmem_populate_bench.h>

#include "gmem_populate_bench_util.h"

#define THP		(2ul << 20)
#define GPA		0x100000000ull
#define PAGES_1_GIB	262144
#define SOURCE_PAGES	4096	/* for the comparison of kinds of sources */
#define LOOPS		4096
#define SPARE_PAGES	16	/* behind what is populated, for PUNCH_HOLE */
#define FILE_PAGES	(PAGES_1_GIB + 2 * SPARE_PAGES)
#define WAIT_AFTER_NS	1000000

struct bench_vm {
	int fd;
	int gmem;
};

static int dev_fd, kvm_fd;

static const char * const callback_name[] = {
	[KVM_GMEM_BENCH_EMPTY] = "empty",
	[KVM_GMEM_BENCH_COPY] = "copy",
	[KVM_GMEM_BENCH_GUP_COPY] = "gup-copy",
};

static const char * const part_name[] = {
	[KVM_GMEM_BENCH_GET] = "get",
	[KVM_GMEM_BENCH_LOCK] = "lock",
	[KVM_GMEM_BENCH_ATTRIBUTES] = "attributes",
	[KVM_GMEM_BENCH_FOLIO] = "folio",
	[KVM_GMEM_BENCH_CALLBACK] = "callback",
	[KVM_GMEM_BENCH_FINISH] = "finish",
	[KVM_GMEM_BENCH_UNLOCK_FOLIO] = "unlock-folio",
	[KVM_GMEM_BENCH_UNLOCK] = "unlock",
	[KVM_GMEM_BENCH_PUT] = "put",
	[KVM_GMEM_BENCH_OTHER] = "other",
};

static void vm_create(struct bench_vm *vm, long npages)
{
	unsigned long size = (npages + SPARE_PAGES) * PAGE_SIZE;
	struct kvm_create_guest_memfd create = { .size = FILE_PAGES * PAGE_SIZE };
	struct kvm_memory_attributes attributes = {
		.address = GPA,
		.size = size,
		.attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE,
	};
	struct kvm_userspace_memory_region2 region = {
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = GPA,
		.memory_size = size,
	};

	vm->fd = ioctl(kvm_fd, KVM_CREATE_VM, KVM_X86_SW_PROTECTED_VM);
	if (vm->fd < 0)
		fail("KVM_CREATE_VM");
	vm->gmem = ioctl(vm->fd, KVM_CREATE_GUEST_MEMFD, &create);
	if (vm->gmem < 0)
		fail("KVM_CREATE_GUEST_MEMFD");

	/* Its page cache tree has the same height, however much is populated. */
	if (fallocate(vm->gmem, FALLOC_FL_KEEP_SIZE, (FILE_PAGES - 1) * PAGE_SIZE, PAGE_SIZE))
		fail("fallocate()");

	/* Never accessed, but a slot has to have an address. */
	region.userspace_addr = (unsigned long)map(size, PROT_NONE,
						   MAP_PRIVATE | MAP_ANONYMOUS, -1);
	region.guest_memfd = vm->gmem;
	XIOCTL(vm->fd, KVM_SET_USER_MEMORY_REGION2, &region);
	XIOCTL(vm->fd, KVM_SET_MEMORY_ATTRIBUTES, &attributes);
}

static void vm_free(struct bench_vm *vm)
{
	close(vm->fd);
	close(vm->gmem);
}

/* False if this kernel's callback type rules the callback out. */
static int populate(struct bench_vm *vm, struct kvm_gmem_bench_populate *cmd, const void *source,
		    long npages, unsigned int callback, int taps)
{
	*cmd = (struct kvm_gmem_bench_populate) {
		.size = sizeof(*cmd),
		.vm_fd = vm->fd,
		.gpa = GPA,
		.source = (unsigned long)source,
		.npages = npages,
		.callback = callback,
		.taps = taps,
	};

	if (ioctl(dev_fd, KVM_GMEM_BENCH_POPULATE, cmd) < 0) {
		if (errno == EOPNOTSUPP)
			return 0;
		fail("KVM_GMEM_BENCH_POPULATE");
	}
	if (cmd->ret != npages) {
		errno = cmd->ret < 0 ? -cmd->ret : 0;
		fail("kvm_gmem_populate() returned %lld, wanted %ld", cmd->ret, npages);
	}
	return 1;
}

/* With @allocated the guest_memfd has its pages already, but nothing is in them. */
static void __bench_populate(const char *source_name, const void *source, long npages,
			     unsigned int callback, int taps, int allocated)
{
	const char *name = callback_name[callback];
	struct kvm_gmem_bench_populate cmd;
	struct bench_vm vm;
	int i;

	vm_create(&vm, npages);
	if (allocated && fallocate(vm.gmem, FALLOC_FL_KEEP_SIZE, 0, npages * PAGE_SIZE))
		fail("fallocate()");
	settle();
	if (!populate(&vm, &cmd, source, npages, callback, taps))
		goto out;

	if (!taps) {
		print("cost", source_name, name, npages, cmd.cost);
		goto out;
	}

	print("tapped-cost", source_name, name, npages, cmd.cost);
	print("holds", source_name, name, npages, cmd.holds);
	print("holds-ticked", source_name, name, npages, cmd.holds_ticked);
	print("hold-total", source_name, name, npages, cmd.hold_total);
	print("hold-max", source_name, name, npages, cmd.hold_max);
	print("hold-max-quiet", source_name, name, npages, cmd.hold_max_quiet);
	print("hold-max-rest", source_name, name, npages, cmd.hold_max_rest);
	for (i = 0; i < KVM_GMEM_BENCH_NR_PARTS; i++)
		print(part_name[i], source_name, name, npages, cmd.parts[i]);
out:
	vm_free(&vm);
}

static void bench_populate(const char *source_name, const void *source, long npages,
			   unsigned int callback, int taps)
{
	__bench_populate(source_name, source, npages, callback, taps, 0);
}

/*
 * A range as long as the longest, populated and freed: the page allocator has
 * turned as much memory into unmovable pageblocks as will be needed, and keeps
 * the pages on its per-CPU lists as far as these go.  What is measured later
 * finds the same, whether it is long or short, first or last.
 */
static void warm_up(const void *source, long npages)
{
	struct kvm_gmem_bench_populate cmd;
	struct bench_vm vm;

	vm_create(&vm, npages);
	populate(&vm, &cmd, source, npages, KVM_GMEM_BENCH_EMPTY, 0);
	vm_free(&vm);
}

static void bench_loop(const char *name, unsigned int op, const void *source)
{
	struct kvm_gmem_bench_loop cmd = {
		.size = sizeof(cmd),
		.op = op,
		.source = (unsigned long)source,
		.nr = LOOPS,
	};

	settle();
	XIOCTL(dev_fd, KVM_GMEM_BENCH_LOOP, &cmd);
	print("loop", name, "-", LOOPS, cmd.cost);
}

enum wait_for { WAIT_PUNCH_HOLE, WAIT_SHARED };

struct waiter {
	enum wait_for what;
	struct bench_vm *vm;
	long npages;
	long long waited;
};

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* Of a higher priority, so that nothing but the lock can keep it waiting. */
static void *wait_in_thread(void *arg)
{
	struct kvm_gmem_bench_lock lock = { .size = sizeof(lock) };
	struct waiter *waiter = arg;
	long long start = now_ns();
	struct timespec ts = { .tv_nsec = WAIT_AFTER_NS };

	nanosleep(&ts, NULL);

	if (waiter->what == WAIT_PUNCH_HOLE) {
		if (fallocate(waiter->vm->gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      waiter->npages * PAGE_SIZE, PAGE_SIZE))
			fail("PUNCH_HOLE");
	} else {
		lock.gmem_fd = waiter->vm->gmem;
		XIOCTL(dev_fd, KVM_GMEM_BENCH_SHARED, &lock);
	}

	waiter->waited = now_ns() - start - WAIT_AFTER_NS;
	return NULL;
}

/* How long another thread waits that wants the lock while populate runs; 0 pages: nothing runs. */
static void bench_wait(const char *name, enum wait_for what, const void *source, long npages)
{
	struct waiter waiter = { .what = what, .npages = npages };
	struct sched_param param = { .sched_priority = 1 };
	struct kvm_gmem_bench_populate cmd;
	pthread_attr_t attr;
	struct bench_vm vm;
	pthread_t thread;

	vm_create(&vm, npages);
	settle();
	waiter.vm = &vm;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	errno = pthread_create(&thread, &attr, wait_in_thread, &waiter);
	if (errno)
		fail("pthread_create()");

	if (npages)
		populate(&vm, &cmd, source, npages, KVM_GMEM_BENCH_COPY, 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);

	print("wait", name, "copy", npages, waiter.waited);
	vm_free(&vm);
}

static long anon_huge_kb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	while (file && kb < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "AnonHugePages: %ld kB", &kb);
	if (file)
		fclose(file);
	return kb;
}

static void *thp(long npages)
{
	size_t size = npages * PAGE_SIZE;
	long before = anon_huge_kb();
	void *mem = map(size + THP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	mem = (void *)(((unsigned long)mem + THP - 1) & ~(THP - 1));
	if (madvise(mem, size, MADV_HUGEPAGE))
		fail("MADV_HUGEPAGE");
	memset(mem, 0x5a, size);

	errno = 0;
	if (anon_huge_kb() - before < (long)(size >> 10))
		fail("The source is not of huge pages: AnonHugePages grew by %ld kB",
		     anon_huge_kb() - before);
	return mem;
}

static void *memfd(long npages)
{
	int fd = memfd_create("source", 0);

	if (fd < 0 || ftruncate(fd, npages * PAGE_SIZE))
		fail("memfd_create()");
	return memset(map(npages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd),
		      0x5a, npages * PAGE_SIZE);
}

static void bench_lengths(const void *source, long max_pages)
{
	static const long lengths[] = { 1, 16, 256, 4096, 65536, PAGES_1_GIB };
	unsigned int callback, i;
	int taps;

	for (i = 0; i < ARRAY_SIZE(lengths) && lengths[i] <= max_pages; i++) {
		for (taps = 0; taps < 2; taps++) {
			for (callback = 1; callback <= KVM_GMEM_BENCH_GUP_COPY; callback++)
				bench_populate("anon", source, lengths[i], callback, taps);
		}
	}
}

static void bench_sources(const void *touched)
{
	static const struct {
		const char *name;
		void *(*create)(long npages);
	} sources[] = {
		{ "untouched",	anon },
		{ "thp",	thp },
		{ "memfd",	memfd },
	};
	unsigned int i;
	void *source;
	int taps;

	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		for (taps = 0; taps < 2; taps++) {
			source = sources[i].create(SOURCE_PAGES);
			bench_populate(sources[i].name, source, SOURCE_PAGES,
				       KVM_GMEM_BENCH_COPY, taps);
			munmap(source, SOURCE_PAGES * PAGE_SIZE);
		}
	}
	for (taps = 0; taps < 2; taps++) {
		bench_populate("none", NULL, SOURCE_PAGES, KVM_GMEM_BENCH_EMPTY, taps);
		__bench_populate("allocated", touched, SOURCE_PAGES, KVM_GMEM_BENCH_COPY, taps, 1);
	}
}

static void bench_loops(const void *source)
{
	bench_loop("alloc", KVM_GMEM_BENCH_ALLOC, source);
	bench_loop("copy", KVM_GMEM_BENCH_COPY_PAGE, source);
	bench_loop("alloc-copy", KVM_GMEM_BENCH_ALLOC_COPY, source);
	bench_loop("pin-unpin", KVM_GMEM_BENCH_PIN_UNPIN, source);
	bench_loop("get-put", KVM_GMEM_BENCH_GET_PUT, source);
	bench_loop("lock-unlock", KVM_GMEM_BENCH_LOCK_UNLOCK, source);
}

static void bench_waits(const void *source, long max_pages)
{
	static const long lengths[] = { 0, 4096, 16384, 65536 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths) && lengths[i] <= max_pages; i++) {
		bench_wait("punch-hole", WAIT_PUNCH_HOLE, source, lengths[i]);
		bench_wait("shared", WAIT_SHARED, source, lengths[i]);
	}
}

int main(int argc, char *argv[])
{
	long max_pages = argc > 1 ? atol(argv[1]) : PAGES_1_GIB;
	void *source;

	if (argc > 2 || max_pages < LOOPS) {
		printf("usage: %s [MAX-PAGES, at least %d]\n", argv[0], LOOPS);
		return 2;
	}

	print_late();
	dev_fd = open("/dev/" KVM_GMEM_BENCH_DEVICE, O_RDWR);
	if (dev_fd < 0)
		fail("/dev/%s", KVM_GMEM_BENCH_DEVICE);
	kvm_fd = open("/dev/kvm", O_RDWR);
	if (kvm_fd < 0)
		fail("/dev/kvm");

	source = anon_touched(max_pages);
	warm_up(source, max_pages);
	bench_loops(source);
	bench_lengths(source, max_pages);
	bench_sources(source);
	bench_waits(source, max_pages);
	print("done", "-", "-", max_pages, 0);
	return 0;
}
