// SPDX-License-Identifier: GPL-2.0-only
/*
 * gmem_fuzz: what can be done to VMs of any type.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <linux/bits.h>
#include <linux/kvm_gmem_populate_test.h>
#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "coco_emul.h"
#include "fuzz_source.h"
#include "fuzz_vm.h"

/* Memslots are far enough from each other for page tables of their own. */
#define SLOT_GPA(i)	(SZ_4M + (i) * (uint64_t)SZ_8M)
#define MAX_SLOT_PAGES	(SZ_8M / PAGE_SIZE)
#define MAX_SIZE	SZ_16M
#define MAX_ATTR_SIZE	SZ_16M

#define CPUID_ADDRESS_SIZES	0x80000008
#define MAX_CPUID		256

int fuzz_kvm = -1, fuzz_dev_sev = -1, fuzz_populate = -1;
struct vm fuzz_vms[MAX_VMS];
unsigned int fuzz_nr_vms, fuzz_vm_bend;
pthread_rwlock_t fuzz_td_lock = PTHREAD_RWLOCK_INITIALIZER;

static struct {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[MAX_CPUID];
} supported;

int fuzz_push(int *nr, int max)
{
	int i = fuzz_count(nr);

	while (i < max && !__atomic_compare_exchange_n(nr, &i, i + 1, true, __ATOMIC_RELAXED,
						       __ATOMIC_RELAXED))
		;
	return i < max ? i : -1;
}

int fuzz_pop(int *nr)
{
	int i = fuzz_count(nr);

	while (i > 0 && !__atomic_compare_exchange_n(nr, &i, i - 1, true, __ATOMIC_RELAXED,
						     __ATOMIC_RELAXED))
		;
	return i - 1;
}

int fuzz_any_of(struct fuzz_rng *rng, const int *nr)
{
	int n = fuzz_count(nr);

	return n ? fuzz_below(rng, n) : -1;
}

int fuzz_any_fd(struct fuzz_rng *rng, const int *fds, const int *nr)
{
	int i = fuzz_any_of(rng, nr);

	return i < 0 ? -1 : fds[i];
}

/* A memslot that there is, if there is one */
const struct slot *fuzz_any_slot(struct fuzz_rng *rng, const struct vm *v)
{
	unsigned int i = fuzz_below(rng, MAX_SLOTS);

	return v->slot[i].npages ? &v->slot[i] : &v->slot[0];
}

uint64_t fuzz_any_gpa(struct fuzz_rng *rng, const struct slot *slot)
{
	uint64_t npages = slot->npages ?: 1;

	return bent(rng, slot->gpa + fuzz_below(rng, npages) * PAGE_SIZE);
}

/* Few, mostly */
uint64_t fuzz_any_npages(struct fuzz_rng *rng)
{
	return bent(rng, 1 + fuzz_below(rng, 1ull << fuzz_below(rng, 5)));
}

static int create_vm(unsigned long type)
{
	bool undisturbed = fuzz_filtered("create-signal");
	sigset_t all, before;
	int fd, error;

	sigfillset(&all);
	if (undisturbed)
		pthread_sigmask(SIG_BLOCK, &all, &before);
	fd = ioctl(fuzz_kvm, KVM_CREATE_VM, type);
	error = errno;
	if (undisturbed)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return fd;
}

void fuzz_create_vm(struct fuzz_rng *rng, struct vm *v, unsigned long type)
{
	*v = (struct vm) {
		.type = bent(rng, type),
		.goal = 1 + fuzz_below(rng, 12),
	};
	fuzz_begin(VM, "type %lu", v->type);
	v->fd = fuzz_end(VM, create_vm(v->type));
	if (is_tdx(v)) {
		struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };

		fuzz_begin(CAP, "split irqchip");
		fuzz_end(CAP, ioctl(v->fd, KVM_ENABLE_CAP, &cap));
	}
}

static void enable_cap(struct fuzz_rng *rng, struct vm *v)
{
	static const uint32_t caps[] = {
		KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_MAX_VCPUS, KVM_CAP_EXIT_HYPERCALL,
		KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_CAP_X86_DISABLE_EXITS,
		KVM_CAP_VM_COPY_ENC_CONTEXT_FROM, KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM,
	};
	struct vm *other = &fuzz_vms[fuzz_below(rng, fuzz_nr_vms)];
	struct kvm_enable_cap cap = {
		.cap = caps[fuzz_below(rng, ARRAY_SIZE(caps))],
		.args = { bent(rng, 1 + fuzz_below(rng, 24)) },
	};

	if (cap.cap == KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM &&
	    (v->type == KVM_X86_SNP_VM || other->type == KVM_X86_SNP_VM) &&
	    fuzz_filtered("snp-move"))
		return;
	if (cap.cap == KVM_CAP_VM_COPY_ENC_CONTEXT_FROM ||
	    cap.cap == KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM)
		cap.args[0] = other->fd;

	fuzz_begin(CAP, "%u 0x%llx", cap.cap, cap.args[0]);
	fuzz_end(CAP, ioctl(v->fd, KVM_ENABLE_CAP, &cap));
}

static void vm_misc(struct fuzz_rng *rng, struct vm *v)
{
	uint64_t arg[8] = {};
	static const unsigned long cmds[] = {
		KVM_CREATE_IRQCHIP, KVM_CREATE_PIT2, KVM_SET_TSC_KHZ, KVM_GET_DIRTY_LOG,
		KVM_SET_TSS_ADDR, KVM_SET_IDENTITY_MAP_ADDR, KVM_CHECK_EXTENSION,
		KVM_MEMORY_ENCRYPT_REG_REGION, KVM_MEMORY_ENCRYPT_UNREG_REGION,
		KVM_RESET_DIRTY_RINGS, KVM_SET_CLOCK,
	};
	unsigned long cmd = cmds[fuzz_below(rng, ARRAY_SIZE(cmds))];
	struct kvm_dirty_log *log = (void *)arg;
	bool by_value = cmd == KVM_SET_TSC_KHZ || cmd == KVM_SET_TSS_ADDR ||
			cmd == KVM_CHECK_EXTENSION;

	arg[0] = fuzz_source(rng, 4);
	arg[1] = (1 + fuzz_below(rng, 4)) * PAGE_SIZE;
	if (cmd == KVM_GET_DIRTY_LOG) {
		log->slot = fuzz_below(rng, MAX_SLOTS);
		log->dirty_bitmap = (void *)fuzz_source(rng, 1);
	} else if (by_value || cmd == KVM_SET_IDENTITY_MAP_ADDR) {
		arg[0] = fuzz_bend(rng, 2, 0xfffbc000);
	} else if (cmd == KVM_CREATE_PIT2 || cmd == KVM_SET_CLOCK) {
		arg[0] = fuzz_bend(rng, 2, 0);
	}

	fuzz_begin(VM_MISC, "0x%lx 0x%lx 0x%lx", cmd, arg[0], arg[1]);
	fuzz_end(VM_MISC, ioctl(v->fd, cmd, by_value ? (void *)arg[0] : arg));
}

/*
 * A size is small, or refused because it is @limit at least, but not what the
 * kernel would take all memory for.
 */
static uint64_t tame(uint64_t size, uint64_t limit)
{
	return size > MAX_SIZE && size < limit ? BIT_ULL(63) : size;
}

static void create_gmem(struct fuzz_rng *rng, struct vm *v)
{
	struct kvm_create_guest_memfd create = {
		.size = (fuzz_once_in(rng, 8) ? 520 : 8 + fuzz_below(rng, 24)) * PAGE_SIZE,
	};
	int fd, i;

	if (!has_private_memory(v) || odd(rng))
		create.flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;
	create.flags = bent(rng, create.flags);
	create.size = tame(bent(rng, create.size), BIT_ULL(63));

	fuzz_begin(GMEM, "size 0x%llx flags 0x%llx", create.size, create.flags);
	fd = fuzz_end(GMEM, ioctl(v->fd, KVM_CREATE_GUEST_MEMFD, &create));
	i = fd < 0 ? -1 : fuzz_push(&v->nr_files, MAX_FILES);
	if (i >= 0) {
		v->file_pages[i] = create.size / PAGE_SIZE;
		v->file[i] = fd;
	}
}

/* What a guest runs, if it is one that runs: some I/O, some memory, a halt, again. */
static const uint8_t guest_code[] = {
	0xe6, 0x80,			/* out %al, $0x80 */
	0xa2, 0x00, 0x10,		/* mov %al, 0x1000 */
	0xe4, 0x80,			/* in $0x80, %al */
	0xfe, 0x06, 0x00, 0x20,		/* incb 0x2000 */
	0x75, 0xf3,			/* jnz to the first */
	0xf4,				/* hlt */
	0xeb, 0xf0,			/* jmp to the first */
};

static void set_slot(struct fuzz_rng *rng, struct vm *v)
{
	unsigned int i = v->slot[0].npages ? fuzz_below(rng, MAX_SLOTS) : 0;
	int file = fuzz_any_of(rng, &v->nr_files);
	uint64_t npages = file < 0 ? 16 : v->file_pages[file], offset = 0;
	struct kvm_userspace_memory_region2 region = { .slot = i };
	void *mem;

	/* Halves of a file, in any order */
	if (file >= 0 && fuzz_once_in(rng, 3)) {
		npages /= 2;
		offset = fuzz_below(rng, 2) * npages;
	}
	npages = min_t(uint64_t, npages, MAX_SLOT_PAGES);
	mem = mmap(NULL, npages * PAGE_SIZE ?: PAGE_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		return;
	memcpy(mem, guest_code, sizeof(guest_code));

	region.guest_phys_addr = bent(rng, SLOT_GPA(i));
	region.memory_size = bent(rng, npages * PAGE_SIZE);
	region.userspace_addr = bent(rng, (uintptr_t)mem);
	if (file >= 0) {
		region.flags = KVM_MEM_GUEST_MEMFD;
		region.guest_memfd = v->file[file];
		region.guest_memfd_offset = bent(rng, offset * PAGE_SIZE);
	}
	/* KVM_MEM_MAX_NR_PAGES */
	region.memory_size = tame(region.memory_size, BIT_ULL(43));
	if (odd(rng))
		region.flags ^= BIT(fuzz_below(rng, 4));

	fuzz_begin(SLOT, "%u gpa 0x%llx size 0x%llx flags 0x%x file %d offset 0x%llx", i,
		   region.guest_phys_addr, region.memory_size, region.flags, region.guest_memfd,
		   region.guest_memfd_offset);
	if (fuzz_end(SLOT, ioctl(v->fd, KVM_SET_USER_MEMORY_REGION2, &region)))
		return;

	v->slot[i] = (struct slot) {
		.gpa = region.guest_phys_addr,
		.npages = region.memory_size / PAGE_SIZE,
		.offset = region.guest_memfd_offset / PAGE_SIZE,
		.file = file,
	};
}

static void delete_slot(struct fuzz_rng *rng, struct vm *v)
{
	struct kvm_userspace_memory_region2 region = { .slot = fuzz_below(rng, MAX_SLOTS) };

	fuzz_begin(DEL_SLOT, "%u", region.slot);
	if (!fuzz_end(DEL_SLOT, ioctl(v->fd, KVM_SET_USER_MEMORY_REGION2, &region)))
		v->slot[region.slot].npages = 0;
}

static void set_attributes(struct fuzz_rng *rng, struct vm *v)
{
	const struct slot *slot = v->private ? fuzz_any_slot(rng, v) : &v->slot[0];
	struct kvm_memory_attributes attr = {
		.address = slot->gpa,
		.size = slot->npages * PAGE_SIZE,
		.attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE,
	};

	if (v->private && fuzz_once_in(rng, 2)) {
		attr.address = fuzz_any_gpa(rng, slot);
		attr.size = fuzz_any_npages(rng) * PAGE_SIZE;
		if (fuzz_once_in(rng, 2))
			attr.attributes = 0;
	}
	attr.size = bent(rng, attr.size);
	attr.attributes = bent(rng, attr.attributes);
	if (attr.size > MAX_ATTR_SIZE && fuzz_filtered("attr-size"))
		attr.size = MAX_ATTR_SIZE;

	fuzz_begin(ATTR, "0x%llx, 0x%llx bytes: 0x%llx", attr.address, attr.size, attr.attributes);
	if (!fuzz_end(ATTR, ioctl(v->fd, KVM_SET_MEMORY_ATTRIBUTES, &attr)))
		v->private = true;
}

static void set_cpuid(struct fuzz_rng *rng, struct vm *v, int vcpu)
{
	struct kvm_cpuid2 *copy;
	unsigned int i;

	copy = malloc(sizeof(supported));
	if (!copy)
		return;
	memcpy(copy, &supported, sizeof(supported));

	for (i = 0; i < copy->nent && v->gpa_bits; i++) {
		if (copy->entries[i].function == CPUID_ADDRESS_SIZES)
			copy->entries[i].eax = (copy->entries[i].eax & ~GENMASK(23, 16)) |
					       v->gpa_bits << 16;
	}
	if (odd(rng) && !(is_tdx(v) && fuzz_filtered("td-cpuid"))) {
		copy->nent = fuzz_bend(rng, 2, copy->nent);
		copy->entries[fuzz_below(rng, supported.head.nent)].eax = fuzz_rand(rng);
	}

	fuzz_begin(CPUID, "%u entries", copy->nent);
	fuzz_end(CPUID, ioctl(vcpu, KVM_SET_CPUID2, copy));
	free(copy);
}

static void create_vcpu(struct fuzz_rng *rng, struct vm *v)
{
	struct kvm_sregs sregs;
	int fd, i = fuzz_count(&v->nr_vcpus);

	fuzz_begin(VCPU, "%d", i);
	fd = fuzz_end(VCPU, ioctl(v->fd, KVM_CREATE_VCPU, bent(rng, i)));
	if (fd < 0)
		return;

	/* Before anybody can use it, which for a TD matters: filter td-cpuid */
	set_cpuid(rng, v, fd);
	if (!is_tdx(v) && !ioctl(fd, KVM_GET_SREGS, &sregs)) {
		struct kvm_regs regs = { .rflags = 2, .rip = 0 };

		sregs.cs.base = SLOT_GPA(0);
		sregs.ds.base = SLOT_GPA(0);
		ioctl(fd, KVM_SET_SREGS, &sregs);
		ioctl(fd, KVM_SET_REGS, &regs);
	}
	i = fuzz_push(&v->nr_vcpus, MAX_VCPUS);
	if (i >= 0)
		v->vcpu[i] = fd;
}

static void vcpu_misc(struct fuzz_rng *rng, struct vm *v)
{
	static const unsigned long cmds[] = {
		KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_GET_FPU,
		KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, KVM_GET_MP_STATE, KVM_SET_MP_STATE,
		KVM_GET_DEBUGREGS, KVM_GET_LAPIC, KVM_SET_LAPIC, KVM_GET_XSAVE, KVM_GET_XCRS,
		KVM_NMI, KVM_SMI, KVM_INTERRUPT, KVM_TRANSLATE, KVM_KVMCLOCK_CTRL, KVM_GET_SREGS2,
		KVM_SET_SIGNAL_MASK,
	};
	unsigned long cmd = cmds[fuzz_below(rng, ARRAY_SIZE(cmds))];
	int vcpu = fuzz_any_fd(rng, v->vcpu, &v->nr_vcpus);
	uint64_t arg[PAGE_SIZE / 8] = {};

	/* What one gets, somewhat changed, is what one sets. */
	if (_IOC_DIR(cmd) == _IOC_WRITE && fuzz_once_in(rng, 2))
		ioctl(vcpu, cmd == KVM_SET_REGS ? KVM_GET_REGS : cmd == KVM_SET_SREGS ?
		      KVM_GET_SREGS : cmd == KVM_SET_LAPIC ? KVM_GET_LAPIC : KVM_GET_VCPU_EVENTS,
		      arg);
	arg[fuzz_below(rng, 16)] = bent(rng, arg[fuzz_below(rng, 16)]);

	fuzz_begin(VCPU_MISC, "0x%lx", cmd);
	fuzz_end(VCPU_MISC, ioctl(vcpu, cmd, arg));
}

static void prefault_range(struct fuzz_rng *rng, struct vm *v)
{
	int i = fuzz_any_of(rng, &v->nr_vcpus);
	const struct slot *slot = fuzz_any_slot(rng, v);
	struct kvm_pre_fault_memory range = {
		.gpa = fuzz_any_gpa(rng, slot),
		.size = bent(rng, fuzz_any_npages(rng) * PAGE_SIZE),
		.flags = bent(rng, 0),
	};

	if (i < 0 || (is_tdx(v) && !v->td_vcpu[i] && fuzz_filtered("td-prefault")))
		return;

	/* It is done in pieces of any size, but not for as long as one likes. */
	if (range.size > 4096 * PAGE_SIZE)
		range.size = 4096 * PAGE_SIZE;
	fuzz_begin(PREFAULT, "0x%llx, 0x%llx bytes", range.gpa, range.size);
	fuzz_end(PREFAULT, ioctl(v->vcpu[i], KVM_PRE_FAULT_MEMORY, &range));
}

static void run_vcpu(struct fuzz_rng *rng, struct vm *v)
{
	int vcpu = fuzz_any_fd(rng, v->vcpu, &v->nr_vcpus), n = fuzz_below(rng, 4), ret;
	struct itimerspec often = { .it_value.tv_nsec = 5000000, .it_interval.tv_nsec = 5000000 };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
	timer_t timer;

	if (is_tdx(v) && fuzz_filtered("run-td"))
		return;

	/* The guest may never stop by itself. The signal has to come to this thread. */
	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		return;

	fuzz_begin(RUN, "vcpu %d", vcpu);
	timer_settime(timer, 0, &often, NULL);
	do {
		ret = ioctl(vcpu, KVM_RUN, NULL);
	} while (!ret && n--);
	fuzz_end(RUN, ret && errno == EINTR ? 0 : ret);
	timer_delete(timer);
}

static void allocate(struct fuzz_rng *rng, struct vm *v, unsigned int op)
{
	int i = fuzz_any_of(rng, &v->nr_files);
	uint64_t npages = i < 0 ? 1 : v->file_pages[i] ?: 1;
	off_t offset = bent(rng, fuzz_below(rng, npages) * PAGE_SIZE);
	off_t len = bent(rng, fuzz_any_npages(rng) * PAGE_SIZE);
	int mode = FALLOC_FL_KEEP_SIZE | (op == PUNCH ? FALLOC_FL_PUNCH_HOLE : 0);

	if (i < 0)
		return;
	/* All of it, now and then */
	if (op == PUNCH && fuzz_once_in(rng, 8)) {
		offset = 0;
		len = npages * PAGE_SIZE;
	}
	mode = bent(rng, mode);
	if (!(mode & FALLOC_FL_PUNCH_HOLE))
		len = tame(len, BIT_ULL(63));
	fuzz_begin(op, "file %d offset 0x%lx len 0x%lx mode 0x%x", i, offset, len, mode);
	fuzz_end(op, fallocate(v->file[i], mode, offset, len));
}

static void map_file(struct fuzz_rng *rng, struct vm *v)
{
	size_t len = FUZZ_SOURCE_PAGES * PAGE_SIZE;
	int fd = fuzz_any_fd(rng, v->file, &v->nr_files);
	void *mem;

	fuzz_begin(MAP, "file descriptor %d", fd);
	mem = mmap(NULL, len, PROT_READ | PROT_WRITE, fuzz_once_in(rng, 4) ? MAP_PRIVATE :
		   MAP_SHARED, fd, 0);
	if (fuzz_end(MAP, mem == MAP_FAILED ? -1 : 0))
		return;

	fuzz_begin(MAP, "touch");
	fuzz_end(MAP, madvise(mem, PAGE_SIZE, MADV_POPULATE_WRITE));
	if (fuzz_once_in(rng, 16))
		madvise(mem, PAGE_SIZE, MADV_HWPOISON);
	fuzz_source_add(mem);
}

static void close_vcpu(struct vm *v)
{
	int i = fuzz_pop(&v->nr_vcpus);

	if (i < 0)
		return;

	fuzz_begin(CLOSE, "vcpu");
	v->td_vcpu[i] = false;
	fuzz_end(CLOSE, close(v->vcpu[i]));
	v->vcpu[i] = -1;
}

void fuzz_close_some(struct fuzz_rng *rng, struct vm *v)
{
	int i, last;

	switch (fuzz_below(rng, 4)) {
	case 0:
		fuzz_begin(CLOSE, "vm");
		fuzz_end(CLOSE, close(v->fd));
		v->fd = -1;
		break;
	case 1:
		pthread_rwlock_wrlock(&fuzz_td_lock);
		close_vcpu(v);
		pthread_rwlock_unlock(&fuzz_td_lock);
		break;
	default:
		i = fuzz_any_of(rng, &v->nr_files);
		if (i < 0)
			break;
		fuzz_begin(CLOSE, "file %d", i);
		fuzz_end(CLOSE, close(v->file[i]));
		last = fuzz_pop(&v->nr_files);
		if (last >= 0) {
			v->file[i] = v->file[last];
			v->file_pages[i] = v->file_pages[last];
		}
		break;
	}
}

/* kvm_gmem_populate() itself, by its test driver */
static void populate_pages(struct fuzz_rng *rng, struct vm *v)
{
	uint64_t npages = fuzz_any_npages(rng);
	struct kvm_gmem_test_populate cmd = {
		.size = sizeof(cmd),
		.vm_fd = v->fd,
		.gpa = fuzz_any_gpa(rng, fuzz_any_slot(rng, v)),
		.source = bent(rng, fuzz_source(rng, npages)) & PAGE_MASK,
		.npages = npages,
		.action = KVM_GMEM_TEST_COPY,
	};

	if (fuzz_populate < 0)
		return;

	/* The driver takes any positive number, and is not to take forever. */
	if (cmd.npages > 4096)
		cmd.npages = 4096;
	if (odd(rng)) {
		cmd.action = KVM_GMEM_TEST_FAIL;
		cmd.arg = EIO;
		cmd.at = fuzz_below(rng, 8);
	}
	fuzz_begin(POPULATE, "0x%llx, %lld pages from 0x%llx", cmd.gpa, cmd.npages, cmd.source);
	if (ioctl(fuzz_populate, KVM_GMEM_TEST_POPULATE, &cmd))
		cmd.ret = -1;
	fuzz_end(POPULATE, cmd.ret);
}

static void arm_timer(struct fuzz_rng *rng)
{
	unsigned int us = fuzz_once_in(rng, 3) ? 0 : 100 << fuzz_below(rng, 10);
	struct itimerval timer = { .it_value.tv_usec = us, .it_interval.tv_usec = us };

	fuzz_begin(TIMER, "%u us", us);
	fuzz_end(TIMER, setitimer(ITIMER_REAL, &timer, NULL));
}

bool fuzz_vm_op(struct fuzz_rng *rng, struct vm *v, unsigned int op)
{
	switch (op) {
	case VM:
		if (v->fd < 0)
			fuzz_create_vm(rng, v, v->type);
		break;
	case CAP:
		enable_cap(rng, v);
		break;
	case VM_MISC:
		vm_misc(rng, v);
		break;
	case GMEM:
		create_gmem(rng, v);
		break;
	case SLOT:
		set_slot(rng, v);
		break;
	case DEL_SLOT:
		delete_slot(rng, v);
		break;
	case ATTR:
		set_attributes(rng, v);
		break;
	case VCPU:
		pthread_rwlock_rdlock(&fuzz_td_lock);
		create_vcpu(rng, v);
		pthread_rwlock_unlock(&fuzz_td_lock);
		break;
	case CPUID:
		set_cpuid(rng, v, fuzz_any_fd(rng, v->vcpu, &v->nr_vcpus));
		break;
	case VCPU_MISC:
		vcpu_misc(rng, v);
		break;
	case PREFAULT:
		pthread_rwlock_rdlock(&fuzz_td_lock);
		prefault_range(rng, v);
		pthread_rwlock_unlock(&fuzz_td_lock);
		break;
	case RUN:
		run_vcpu(rng, v);
		break;
	case FALLOCATE:
	case PUNCH:
		allocate(rng, v, op);
		break;
	case MAP:
		map_file(rng, v);
		break;
	case CLOSE:
		fuzz_close_some(rng, v);
		break;
	case POPULATE:
		populate_pages(rng, v);
		break;
	case TIMER:
		arm_timer(rng);
		break;
	default:
		return false;
	}
	return true;
}

void fuzz_vm_init(void)
{
	fuzz_kvm = open("/dev/kvm", O_RDWR);
	if (fuzz_kvm < 0)
		return;
	fuzz_dev_sev = open("/dev/sev", O_RDWR);
	fuzz_populate = open("/dev/" KVM_GMEM_TEST_DEVICE, O_RDWR);

	supported.head.nent = MAX_CPUID;
	TEST_ASSERT(!ioctl(fuzz_kvm, KVM_GET_SUPPORTED_CPUID, &supported.head), "No CPUID: %s",
		    strerror(errno));
}
