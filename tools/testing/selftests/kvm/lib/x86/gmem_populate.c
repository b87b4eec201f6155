// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/compiler.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "gmem_populate.h"

/* What the guest is to do next: copy @words of memory, 0 to only run. */
static struct gmem_guest_cmd {
	uint64_t from;
	uint64_t to;
	uint64_t words;
} guest_cmd;

static void gmem_guest_code(void)
{
	for (;;) {
		struct gmem_guest_cmd cmd = READ_ONCE(guest_cmd);
		uint64_t *from = (void *)cmd.from;
		uint64_t *to = (void *)cmd.to;
		uint64_t i;

		for (i = 0; i < cmd.words; i++)
			WRITE_ONCE(to[i], READ_ONCE(from[i]));
		GUEST_SYNC(0);
	}
}

static int gmem_test_device(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;

	fd = open("/dev/" KVM_GMEM_TEST_DEVICE, O_RDWR);
	TEST_ASSERT(fd >= 0, "/dev/%s: %s (CONFIG_KVM_GMEM_POPULATE_TEST, module kvm-gmem-test)",
		    KVM_GMEM_TEST_DEVICE, strerror(errno));
	return fd;
}

#define gmem_test_ioctl(cmd, arg)						\
do {										\
	int __r = ioctl(gmem_test_device(), cmd, arg);				\
										\
	TEST_ASSERT(!__r, "%s failed: %s", #cmd, strerror(errno));		\
} while (0)

/* The one place that knows how the kernels differ */
static const struct gmem_expect expectations[] = {
	/* Linux 6.19 */
	[KVM_GMEM_TEST_API_USER] = {
		.holds_range = true,
		.knows_populated = true,
		.allocates_shared = true,
		.bind_overflows = true,
	},
	/* and with the series */
	[KVM_GMEM_TEST_API_PAGE] = {
		.source_pages = true,
		.locks_page = true,
	},
	/* Linux 7.3 */
	[KVM_GMEM_TEST_API_PAGE_WRITE] = {
		.source_pages = true,
		.source_first = true,
		.allocates_shared = true,
		.finish_is_final = true,
	},
	/* and with the series for it */
	[KVM_GMEM_TEST_API_PAGE_LINUX_7] = {
		.source_pages = true,
		.source_first = true,
		.locks_page = true,
		.finish_is_final = true,
	},
};

const struct gmem_expect *gmem_expect(void)
{
	static struct kvm_gmem_test_info info = { .size = sizeof(info) };

	if (!info.api)
		gmem_test_ioctl(KVM_GMEM_TEST_INFO, &info);
	TEST_ASSERT(info.api && info.api < ARRAY_SIZE(expectations),
		    "No expectations for API %u of the test driver", info.api);
	return &expectations[info.api];
}

uint64_t gmem_vmstat(const char *name)
{
	uint64_t value = -1;
	char line[128];
	FILE *file;
	int fd;

	/* Fold what the CPUs have counted for themselves. */
	fd = open("/proc/sys/vm/stat_refresh", O_WRONLY);
	TEST_ASSERT(fd >= 0 && write(fd, "1", 1) == 1, "stat_refresh: %s", strerror(errno));
	close(fd);

	file = fopen("/proc/vmstat", "r");
	TEST_ASSERT(file, "/proc/vmstat: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ' ')
			value = strtoull(line + strlen(name), NULL, 10);
	}
	fclose(file);
	TEST_ASSERT(value != -1, "No %s in /proc/vmstat", name);
	return value;
}

uint64_t gmem_pins_held(void)
{
	return gmem_vmstat("nr_foll_pin_acquired") - gmem_vmstat("nr_foll_pin_released");
}

uint64_t gmem_free_pages(void)
{
	return gmem_vmstat("nr_free_pages");
}

void gmem_vm_add_slot(struct gmem_vm *t, size_t npages)
{
	bool in_place = t->kind == GMEM_VM_IN_PLACE;
	int fd;

	TEST_ASSERT(!in_place || !t->nr_slots, "One slot only in a VM of this kind");

	fd = vm_create_guest_memfd(t->vm, npages * PAGE_SIZE,
				   in_place ? GUEST_MEMFD_FLAG_MMAP |
					      GUEST_MEMFD_FLAG_INIT_SHARED : 0);
	vm_mem_add(t->vm, VM_MEM_SRC_ANONYMOUS, gmem_gpa(t->npages), GMEM_SLOT + t->nr_slots,
		   npages, KVM_MEM_GUEST_MEMFD, fd, 0);
	virt_map(t->vm, gmem_gpa(t->npages), gmem_gpa(t->npages), npages);

	if (in_place) {
		struct kvm_gmem_test_protect cmd = {
			.size = sizeof(cmd),
			.vm_fd = t->vm->fd,
		};

		gmem_test_ioctl(KVM_GMEM_TEST_PROTECT, &cmd);
	}
	vm_mem_set_private(t->vm, gmem_gpa(t->npages), npages * PAGE_SIZE);

	if (t->nr_slots)
		close(fd);
	else
		t->fd = fd;
	t->npages += npages;
	t->nr_slots++;
}

void gmem_vm_init(struct gmem_vm *t, enum gmem_vm_kind kind, size_t npages)
{
	const struct vm_shape shape = {
		.mode = VM_MODE_DEFAULT,
		.type = kind == GMEM_VM_PROTECTED ? KVM_X86_SW_PROTECTED_VM : KVM_X86_DEFAULT_VM,
	};

	memset(t, 0, sizeof(*t));
	t->kind = kind;
	t->pins_held = gmem_pins_held();
	t->calls = calloc(KVM_GMEM_TEST_MAX_CALLS, sizeof(*t->calls));
	TEST_ASSERT(t->calls, "Out of memory");

	t->vm = vm_create_shape_with_one_vcpu(shape, &t->vcpu, gmem_guest_code);
	gmem_vm_add_slot(t, npages);

	vm_mem_add(t->vm, VM_MEM_SRC_ANONYMOUS, GMEM_MIRROR_GPA, GMEM_MIRROR_SLOT,
		   npages, 0, -1, 0);
	virt_map(t->vm, GMEM_MIRROR_GPA, GMEM_MIRROR_GPA, npages);
}

void gmem_vm_free(struct gmem_vm *t)
{
	uint64_t pins_held;

	kvm_vm_free(t->vm);
	if (t->fd >= 0)
		close(t->fd);
	free(t->calls);

	pins_held = gmem_pins_held();
	TEST_ASSERT(pins_held == t->pins_held, "%ld pages were left pinned",
		    (long)(pins_held - t->pins_held));
}

/* The previous source page: has what this call needed of it been given back? */
static void gmem_check_previous(struct gmem_vm *t, int nr)
{
	struct kvm_gmem_test_call *call = &t->calls[nr], *prev = call - 1;

	if (t->racing ||
	    prev->src.flags & (KVM_GMEM_TEST_ZERO_PAGE | KVM_GMEM_TEST_KSM) ||
	    prev->src.flags & call->src.flags & KVM_GMEM_TEST_LARGE)
		return;

	/* Others may drop references meanwhile, but have no cause to take one. */
	TEST_ASSERT(call->prev_refs < prev->src.refs,
		    "Call %d: the previous source page had %u references when it was used, has %u",
		    nr, prev->src.refs, call->prev_refs);
}

static void gmem_check_call(struct gmem_vm *t, int nr)
{
	const unsigned int held = KVM_GMEM_TEST_LOCKDEP | KVM_GMEM_TEST_SLOTS_HELD |
				  KVM_GMEM_TEST_INVALIDATE_EXCL | KVM_GMEM_TEST_DST_IN_FILE;
	struct kvm_gmem_test_call *call = &t->calls[nr];
	bool has_page = gmem_expect()->source_pages && t->cmd.source;
	bool locks_dst = gmem_expect()->locks_page;

	TEST_ASSERT((call->flags & held) == held,
		    "Call %d: flags are 0x%x, wanted 0x%x in them", nr, call->flags, held);
	TEST_ASSERT(!(call->flags & KVM_GMEM_TEST_MMAP_HELD), "Call %d: mmap_lock is held", nr);
	TEST_ASSERT(call->gfn == (t->cmd.gpa >> 12) + nr, "Call %d: GFN is 0x%llx", nr, call->gfn);
	TEST_ASSERT(!call->dst.pins, "Call %d: %u pins on the destination", nr, call->dst.pins);
	/* In a race somebody else may have locked it for a moment. */
	TEST_ASSERT((t->racing && !locks_dst) ||
		    !!(call->dst.flags & KVM_GMEM_TEST_LOCKED) == locks_dst,
		    "Call %d: the destination is%s locked", nr, locks_dst ? " not" : "");
	TEST_ASSERT(!!call->src.pfn == has_page, "Call %d: source PFN 0x%llx", nr, call->src.pfn);
	TEST_ASSERT(call->dst.pfn && call->src.pfn != call->dst.pfn,
		    "Call %d: source PFN 0x%llx, destination PFN 0x%llx", nr,
		    call->src.pfn, call->dst.pfn);

	if (!has_page)
		return;

	/* A plain reference: what is shared, e.g. after fork(), stays so. */
	TEST_ASSERT((t->racing || call->flags & KVM_GMEM_TEST_SRC_HELD) && !call->src.pins,
		    "Call %d: %u references and %u pins on the source, flags 0x%x", nr,
		    call->src.refs, call->src.pins, call->flags);
	if (nr)
		gmem_check_previous(t, nr);
}

static bool gmem_source_is_held(const void *addr, const struct kvm_gmem_test_page *src)
{
	struct kvm_gmem_test_page now;

	return !__gmem_user_page(addr, &now) && now.pfn == src->pfn && now.refs >= src->refs;
}

/* Nothing follows the last source page: has its reference been given back, too? */
static void gmem_check_last_source(struct gmem_vm *t)
{
	int last = t->cmd.nr_calls - 1;
	struct kvm_gmem_test_call *call = &t->calls[last];
	const void *addr = (void *)t->cmd.source + last * PAGE_SIZE;

	if (last < 0 || t->cmd.nr_calls > t->cmd.max_calls || t->racing || !call->src.pfn ||
	    call->src.flags & (KVM_GMEM_TEST_ZERO_PAGE | KVM_GMEM_TEST_KSM))
		return;

	/* The batches of the LRU hold references, too, until somebody drains them. */
	if (gmem_source_is_held(addr, &call->src))
		gmem_write_file("/proc/sys/vm/drop_caches", "1");
	TEST_ASSERT(!gmem_source_is_held(addr, &call->src),
		    "Call %d: the source page still has the reference that it was used with",
		    last);
}

static void gmem_check_calls(struct gmem_vm *t)
{
	unsigned int per_hold = t->cmd.nr_calls;
	int i;

	if (!gmem_expect()->holds_range && per_hold > 1)
		per_hold = 1;
	TEST_ASSERT(t->cmd.max_per_hold == per_hold,
		    "%u pages under one hold of the invalidate lock, wanted %u",
		    t->cmd.max_per_hold, per_hold);

	for (i = 0; i < t->cmd.nr_calls && i < t->cmd.max_calls; i++)
		gmem_check_call(t, i);
	gmem_check_last_source(t);
}

long gmem_populate_act(struct gmem_vm *t, size_t page, const void *src, long npages,
		       unsigned int action, unsigned int at, uint64_t arg)
{
	t->cmd = (struct kvm_gmem_test_populate) {
		.size = sizeof(t->cmd),
		.vm_fd = t->vm->fd,
		.gpa = gmem_gpa(page),
		.source = (uint64_t)src,
		.npages = npages,
		.action = action,
		.at = at,
		.arg = arg,
		.calls = (uint64_t)t->calls,
		.max_calls = t->calls ? KVM_GMEM_TEST_MAX_CALLS : 0,
	};

	gmem_test_ioctl(KVM_GMEM_TEST_POPULATE, &t->cmd);
	if (!t->unchecked)
		gmem_check_calls(t);
	return t->cmd.ret;
}

long gmem_populate(struct gmem_vm *t, size_t page, const void *src, long npages)
{
	return gmem_populate_act(t, page, src, npages, KVM_GMEM_TEST_COPY, 0, 0);
}

int __gmem_guest_read(struct gmem_vm *t, size_t page, size_t npages)
{
	struct ucall uc;
	int r;

	guest_cmd = (struct gmem_guest_cmd) {
		.from = gmem_gpa(page),
		.to = GMEM_MIRROR_GPA,
		.words = npages * PAGE_SIZE / sizeof(uint64_t),
	};
	sync_global_to_guest(t->vm, guest_cmd);

	r = __vcpu_run(t->vcpu);
	if (r)
		return -errno;

	TEST_ASSERT(get_ucall(t->vcpu, &uc) == UCALL_SYNC, "Guest stopped with %s",
		    exit_reason_str(t->vcpu->run->exit_reason));
	return 0;
}

const void *gmem_guest_read(struct gmem_vm *t, size_t page, size_t npages)
{
	int r = __gmem_guest_read(t, page, npages);

	TEST_ASSERT(!r, "KVM_RUN failed: %s", strerror(-r));
	return addr_gpa2hva(t->vm, GMEM_MIRROR_GPA);
}

void gmem_expect_content(struct gmem_vm *t, size_t page, const void *want, size_t npages)
{
	size_t i, size = PAGE_SIZE;
	const void *got = gmem_guest_read(t, page, npages);

	for (i = 0; i < npages; i++)
		TEST_ASSERT(!memcmp(got + i * size, want + i * size, size),
			    "Guest reads 0x%lx from page %lu, wanted 0x%lx",
			    *(uint64_t *)(got + i * size), page + i,
			    *(uint64_t *)(want + i * size));
}

void gmem_expect_zero(struct gmem_vm *t, size_t page, size_t npages)
{
	void *zero = calloc(npages, PAGE_SIZE);

	TEST_ASSERT(zero, "Out of memory");
	gmem_expect_content(t, page, zero, npages);
	free(zero);
}

struct kvm_gmem_test_file_page gmem_file_page(struct gmem_vm *t, size_t page)
{
	struct kvm_gmem_test_file_page cmd = {
		.size = sizeof(cmd),
		.vm_fd = t->vm->fd,
		.gpa = gmem_gpa(page),
	};

	gmem_test_ioctl(KVM_GMEM_TEST_FILE_PAGE, &cmd);
	return cmd;
}

bool gmem_file_has(struct gmem_vm *t, size_t page)
{
	return gmem_file_page(t, page).page.pfn;
}

uint64_t gmem_file_pages(struct gmem_vm *t)
{
	return gmem_file_page(t, 0).nr_pages;
}

int __gmem_user_page(const void *addr, struct kvm_gmem_test_page *page)
{
	struct kvm_gmem_test_user_page cmd = {
		.size = sizeof(cmd),
		.addr = (uint64_t)addr,
	};

	if (ioctl(gmem_test_device(), KVM_GMEM_TEST_USER_PAGE, &cmd))
		return -errno;
	*page = cmd.page;
	return 0;
}

struct kvm_gmem_test_page gmem_user_page(const void *addr)
{
	struct kvm_gmem_test_page page;
	int r = __gmem_user_page(addr, &page);

	TEST_ASSERT(!r, "No page at %p: %s", addr, strerror(-r));
	return page;
}

void gmem_fill(void *mem, size_t npages, uint64_t seed)
{
	uint64_t *word = mem;
	size_t i;

	for (i = 0; i < npages * PAGE_SIZE / sizeof(*word); i++)
		word[i] = (seed + i + 1) * 0x9e3779b97f4a7c15ull;
}

void *gmem_map(size_t npages)
{
	size_t size = npages * PAGE_SIZE;
	void *mem = kvm_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(mem, size, MADV_NOHUGEPAGE);
	gmem_fill(mem, npages, (uint64_t)mem);
	return mem;
}

void gmem_expect_populated(struct gmem_vm *t, const void *src, const void *want, size_t npages)
{
	struct kvm_gmem_test_page page;
	long ret = gmem_populate(t, 0, src, npages);
	size_t i;

	TEST_ASSERT(ret == npages, "Populated %ld pages of %lu", ret, npages);
	gmem_expect_content(t, 0, want, npages);

	for (i = 0; i < npages; i++) {
		TEST_ASSERT(gmem_file_page(t, i).page.flags & KVM_GMEM_TEST_UPTODATE,
			    "Page %lu is not up to date", i);
		if (!__gmem_user_page(src + i * PAGE_SIZE, &page))
			TEST_ASSERT(!page.pins, "Source page %lu is still pinned", i);
	}
}

/* Populate from a source that is beyond doubt, and read it back. */
static void gmem_populate_rest(struct gmem_vm *t, size_t page, size_t npages)
{
	void *good = gmem_map(npages);
	long ret = gmem_populate(t, page, good, npages);

	TEST_ASSERT(ret == npages, "Retry with a good source: %ld pages of %lu", ret, npages);
	gmem_expect_content(t, page, good, npages);
	munmap(good, npages * PAGE_SIZE);
}

/* One more page is there, if a bad source counts only after everything else was right. */
static void gmem_expect_failed(struct gmem_vm *t, const void *src, size_t page, long npages,
			       int error)
{
	bool allocates = !gmem_expect()->source_first && !gmem_file_has(t, page);
	uint64_t before = gmem_file_pages(t);
	long ret = gmem_populate(t, page, src, npages);
	uint64_t after = gmem_file_pages(t);

	TEST_ASSERT(ret == -error, "kvm_gmem_populate() returned %ld, wanted %d", ret, -error);
	TEST_ASSERT(after == before + allocates,
		    "The file has %lu pages, wanted %lu", after, before + allocates);
	TEST_ASSERT(!(gmem_file_page(t, page).page.flags & KVM_GMEM_TEST_UPTODATE),
		    "The page that failed is up to date");
}

void gmem_expect_refused(struct gmem_vm *t, const void *src, size_t npages, int error)
{
	gmem_expect_failed(t, src, 0, npages, error);
	gmem_populate_rest(t, 0, npages);
}

void gmem_expect_partial(struct gmem_vm *t, const void *src, size_t npages, size_t good,
			 int error)
{
	void *want = malloc(good * PAGE_SIZE);
	long ret;

	TEST_ASSERT(want, "Out of memory");
	memcpy(want, src, good * PAGE_SIZE);

	ret = gmem_populate(t, 0, src, npages);
	TEST_ASSERT(ret == good, "Populated %ld pages, wanted %lu", ret, good);
	gmem_expect_failed(t, src + good * PAGE_SIZE, good, npages - good, error);
	gmem_expect_content(t, 0, want, good);
	gmem_populate_rest(t, good, npages - good);
	free(want);
}

void *gmem_map_file(struct gmem_vm *t)
{
	TEST_ASSERT(t->kind == GMEM_VM_IN_PLACE, "This file cannot be mapped");
	return kvm_mmap(t->npages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd);
}

/* Private pages cannot be mapped then; the page is in the file otherwise. */
bool gmem_kernel_is_in_place(struct gmem_vm *t, size_t private_page)
{
	void *map = gmem_map_file(t);
	struct kvm_gmem_test_page page;
	bool refused = __gmem_user_page(map + private_page * PAGE_SIZE, &page);

	munmap(map, t->npages * PAGE_SIZE);
	return refused;
}

bool gmem_lockdep_is_on(void)
{
	char line[128];
	bool on = false;
	FILE *file;
	int value;

	file = fopen("/proc/lockdep_stats", "r");
	TEST_ASSERT(file, "/proc/lockdep_stats: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " debug_locks: %d", &value) == 1)
			on = value;
	}
	fclose(file);
	return on;
}

void gmem_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	TEST_ASSERT(fd >= 0 && write(fd, text, strlen(text)) == strlen(text),
		    "Writing \"%s\" to %s: %s", text, path, strerror(errno));
	close(fd);
}
