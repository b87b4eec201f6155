// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of KVM_SEV_SNP_LAUNCH_UPDATE and KVM_TDX_INIT_MEM_REGION on an
 * emulated host, see Documentation/virt/kvm/coco-emul.rst.
 *
 * Output as of gmem_populate_bench.  "ioctl-total" is what the ioctl takes from
 * start to end, "ioctl-traps" the emulation of instructions in it, "ioctl-task"
 * what the task ran for, emulation of instructions included.  The rest of the
 * total is that of the emulated firmware: its thread, and waiting for it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>
#include <linux/kvm.h>

#include "gmem_populate_bench_util.h"

#define NR_PAGES		4096
#define GPA			(4ul << 20)
#define DEBUGFS			"/sys/kernel/debug/coco_emul/"

#define SNP_POLICY_DEFAULT	0x30000ul	/* SMT allowed, reserved and set */

#define TD_NR_CPUID		256
#define TD_GPA_BITS		48
#define TD_ATTR_SEPT_VE_DISABLE	0x10000000ul
#define TD_XFAM_FP_SSE		3ul

struct sample {
	unsigned long long total;
	unsigned long long task;
	unsigned long long traps;
};

static int kvm_fd;
static int recording;

/* Of the line "ticks <number>" */
static unsigned long long emulator_ticks(void)
{
	FILE *file = fopen(DEBUGFS "counters", "r");
	unsigned long long ticks;
	char line[128];

	if (!file)
		fail(DEBUGFS "counters");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "ticks %llu", &ticks) == 1) {
			fclose(file);
			return ticks;
		}
	}
	fail("no ticks in " DEBUGFS "counters");
	return 0;
}

static unsigned long long task_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts))
		fail("clock_gettime()");
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* The clocks are read last before the ioctl and first after it. */
static void start(struct sample *sample)
{
	sample->traps = emulator_ticks();
	sample->task = task_ns();
	sample->total = __builtin_ia32_rdtsc();
}

static void stop(struct sample *sample)
{
	sample->total = __builtin_ia32_rdtsc() - sample->total;
	sample->task = task_ns() - sample->task;
	sample->traps = emulator_ticks() - sample->traps;
}

static void print_sample(const char *host, const char *kind, const struct sample *sample)
{
	if (!recording)
		return;
	print("ioctl-total", host, kind, NR_PAGES, sample->total);
	print("ioctl-task", host, kind, NR_PAGES, sample->task);
	print("ioctl-traps", host, kind, NR_PAGES, sample->traps);
}

static int vm_create(unsigned long type)
{
	int fd = ioctl(kvm_fd, KVM_CREATE_VM, type);

	if (fd < 0)
		fail("KVM_CREATE_VM");
	return fd;
}

/* Private memory; returns the guest_memfd. */
static int vm_add_memory(int vm)
{
	struct kvm_create_guest_memfd create = { .size = NR_PAGES * PAGE_SIZE };
	struct kvm_memory_attributes attributes = {
		.address = GPA,
		.size = NR_PAGES * PAGE_SIZE,
		.attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE,
	};
	struct kvm_userspace_memory_region2 region = {
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = GPA,
		.memory_size = NR_PAGES * PAGE_SIZE,
	};

	region.guest_memfd = XIOCTL(vm, KVM_CREATE_GUEST_MEMFD, &create);
	/* Never accessed, but a slot has to have an address. */
	region.userspace_addr = (unsigned long)map(NR_PAGES * PAGE_SIZE, PROT_NONE,
						   MAP_PRIVATE | MAP_ANONYMOUS, -1);
	XIOCTL(vm, KVM_SET_USER_MEMORY_REGION2, &region);
	XIOCTL(vm, KVM_SET_MEMORY_ATTRIBUTES, &attributes);
	return region.guest_memfd;
}

static void sev_cmd(int vm, int sev, unsigned int id, void *data, const char *name)
{
	struct kvm_sev_cmd cmd = { .id = id, .data = (unsigned long)data, .sev_fd = sev };

	xioctl(vm, KVM_MEMORY_ENCRYPT_OP, &cmd, name);
}

#define SEV_CMD(vm, sev, id, data)	sev_cmd(vm, sev, id, data, #id)

static void bench_snp(const void *source, const char *kind, unsigned int type)
{
	struct kvm_sev_snp_launch_start launch = { .policy = SNP_POLICY_DEFAULT };
	struct kvm_sev_snp_launch_update update = {
		.gfn_start = GPA / PAGE_SIZE,
		.uaddr = (unsigned long)source,
		.len = NR_PAGES * PAGE_SIZE,
		.type = type,
	};
	int sev = open("/dev/sev", O_RDWR), vm = vm_create(KVM_X86_SNP_VM), gmem;
	struct kvm_sev_init init = {};
	struct sample sample;

	if (sev < 0)
		fail("/dev/sev");
	SEV_CMD(vm, sev, KVM_SEV_INIT2, &init);
	gmem = vm_add_memory(vm);
	SEV_CMD(vm, sev, KVM_SEV_SNP_LAUNCH_START, &launch);

	settle();
	start(&sample);
	SEV_CMD(vm, sev, KVM_SEV_SNP_LAUNCH_UPDATE, &update);
	stop(&sample);
	if (update.len)
		fail("%llu bytes are left", update.len);

	print_sample("snp", kind, &sample);
	close(gmem);
	close(vm);
	close(sev);
}

static void tdx_cmd(int fd, unsigned int id, unsigned int flags, void *data, const char *name)
{
	struct kvm_tdx_cmd cmd = { .id = id, .flags = flags, .data = (unsigned long)data };

	xioctl(fd, KVM_MEMORY_ENCRYPT_OP, &cmd, name);
}

#define TDX_CMD(fd, id, flags, data)	tdx_cmd(fd, id, flags, data, #id)

/* KVM wants to know the guest's physical address width. */
static void td_init_vm(int vm)
{
	struct kvm_tdx_init_vm *init;

	init = calloc(1, sizeof(*init) + TD_NR_CPUID * sizeof(struct kvm_cpuid_entry2));
	if (!init)
		fail("calloc()");
	init->attributes = TD_ATTR_SEPT_VE_DISABLE;
	init->xfam = TD_XFAM_FP_SSE;
	init->cpuid.nent = 1;
	init->cpuid.entries[0].function = 0x80000008;
	init->cpuid.entries[0].eax = TD_GPA_BITS << 16;
	TDX_CMD(vm, KVM_TDX_INIT_VM, 0, init);
	free(init);
}

static int td_add_vcpu(int vm)
{
	struct kvm_cpuid2 *cpuid;
	int vcpu;

	cpuid = calloc(1, sizeof(*cpuid) + TD_NR_CPUID * sizeof(struct kvm_cpuid_entry2));
	if (!cpuid)
		fail("calloc()");
	cpuid->nent = TD_NR_CPUID;
	XIOCTL(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid);
	vcpu = XIOCTL(vm, KVM_CREATE_VCPU, NULL);
	XIOCTL(vcpu, KVM_SET_CPUID2, cpuid);
	TDX_CMD(vcpu, KVM_TDX_INIT_VCPU, 0, NULL);
	free(cpuid);
	return vcpu;
}

static void bench_tdx(const void *source, const char *kind, unsigned int flags)
{
	struct kvm_enable_cap irqchip = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (unsigned long)source,
		.gpa = GPA,
		.nr_pages = NR_PAGES,
	};
	int vm = vm_create(KVM_X86_TDX_VM), vcpu, gmem;
	struct sample sample;

	XIOCTL(vm, KVM_ENABLE_CAP, &irqchip);
	td_init_vm(vm);
	vcpu = td_add_vcpu(vm);
	gmem = vm_add_memory(vm);

	settle();
	start(&sample);
	TDX_CMD(vcpu, KVM_TDX_INIT_MEM_REGION, flags, &region);
	stop(&sample);
	if (region.nr_pages)
		fail("%llu pages are left", region.nr_pages);

	print_sample("tdx", kind, &sample);
	close(vcpu);
	close(gmem);
	close(vm);
}

static int host_is(const char *name)
{
	FILE *file = fopen(DEBUGFS "host", "r");
	char host[16] = "";

	if (!file || fscanf(file, "%15s", host) != 1)
		fail(DEBUGFS "host");
	fclose(file);
	return !strcmp(host, name);
}

static void bench(const void *source)
{
	if (host_is("snp")) {
		bench_snp(source, "normal", KVM_SEV_SNP_PAGE_TYPE_NORMAL);
		bench_snp(source, "unmeasured", KVM_SEV_SNP_PAGE_TYPE_UNMEASURED);
		bench_snp(NULL, "zero", KVM_SEV_SNP_PAGE_TYPE_ZERO);
	} else {
		bench_tdx(source, "add", 0);
		bench_tdx(source, "add-measure", KVM_TDX_MEASURE_MEMORY_REGION);
	}
}

int main(void)
{
	const void *source = anon_touched(NR_PAGES);

	print_late();
	kvm_fd = open("/dev/kvm", O_RDWR);
	if (kvm_fd < 0)
		fail("/dev/kvm");

	/* The first time the page allocator has to make room for pages of this kind. */
	bench(source);
	recording = 1;
	bench(source);
	print("done", "-", "-", NR_PAGES, 0);
	return 0;
}
