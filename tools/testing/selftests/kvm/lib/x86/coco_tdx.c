// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDs on the emulated TDX host.
 */
#define _GNU_SOURCE
#include <linux/bits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "coco_tdx.h"
#include "test_util.h"

#define TD_NR_CPUID_ENTRIES	256
#define TD_ATTR_SEPT_VE_DISABLE	BIT_ULL(28)
#define TD_XFAM_FP_SSE		(BIT_ULL(0) | BIT_ULL(1))

/* The ioctl number has the size of an unsigned long in it, not of the command. */
static int tdx_cmd(int fd, uint32_t id, uint32_t flags, const void *data, uint64_t *hw_error)
{
	union {
		struct kvm_tdx_cmd cmd;
		unsigned long raw;
	} arg = {
		.cmd = {
			.id = id,
			.flags = flags,
			.data = (uint64_t)data,
		},
	};
	int ret = kvm_do_ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &arg.raw);

	if (hw_error)
		*hw_error = arg.cmd.hw_error;
	return ret;
}

void coco_td_new(struct coco_td *td)
{
	memset(td, 0, sizeof(*td));
	TEST_ASSERT(getrandom(&td->tag, sizeof(td->tag), 0) == sizeof(td->tag),
		    "getrandom() failed");
	sha384_start(&td->mrtd);
	td->gpa_bits = COCO_TD_GPA_BITS;

	td->vm = vm_create_barebones_type(KVM_X86_TDX_VM);
	vm_enable_cap(td->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
}

/* KVM wants the guest's physical address width, and the module its configuration. */
int __coco_td_init_vm(struct coco_td *td, uint32_t bad_cpuid_bits, uint64_t *hw_error)
{
	size_t size = TD_NR_CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2);
	struct kvm_tdx_init_vm *init = calloc(1, sizeof(*init) + size);
	struct kvm_cpuid_entry2 *entry;
	int ret;

	TEST_ASSERT(init, "Insufficient Memory");

	init->attributes = TD_ATTR_SEPT_VE_DISABLE;
	init->xfam = TD_XFAM_FP_SSE;
	init->mrconfigid[0] = td->tag;

	entry = &init->cpuid.entries[init->cpuid.nent++];
	entry->function = 0x80000008;
	entry->eax = td->gpa_bits << 16;
	entry->ecx = bad_cpuid_bits;

	ret = tdx_cmd(td->vm->fd, KVM_TDX_INIT_VM, 0, init, hw_error);
	free(init);
	return ret;
}

void coco_td_init_vm(struct coco_td *td)
{
	uint64_t hw_error;
	int ret = __coco_td_init_vm(td, 0, &hw_error);

	TEST_ASSERT(!ret, "KVM_TDX_INIT_VM failed, errno %d, hw_error %lx", errno, hw_error);
}

static void add_vcpu(struct coco_td *td, uint32_t id)
{
	td->vcpu = __vm_vcpu_add(td->vm, id);
	vcpu_init_cpuid(td->vcpu, kvm_get_supported_cpuid());
	/* By this KVM tells how many levels the EPT has: as many as that of the TD. */
	vcpu_set_cpuid_property(td->vcpu, X86_PROPERTY_GUEST_MAX_PHY_ADDR, td->gpa_bits);
}

void coco_td_add_vcpu(struct coco_td *td)
{
	add_vcpu(td, 0);
}

int coco_init_vcpu_here(int fd, uint32_t flags, const void *data)
{
	cpu_set_t before;
	int ret, error;

	TEST_ASSERT(!sched_getaffinity(0, sizeof(before), &before), "sched_getaffinity() failed");
	coco_set_cpu(sched_getcpu());
	ret = tdx_cmd(fd, KVM_TDX_INIT_VCPU, flags, data, NULL);
	error = errno;
	TEST_ASSERT(!sched_setaffinity(0, sizeof(before), &before), "sched_setaffinity() failed");
	errno = error;
	return ret;
}

int __coco_td_init_vcpu(struct coco_td *td)
{
	return coco_init_vcpu_here(td->vcpu->fd, 0, NULL);
}

void coco_td_init_vcpu(struct coco_td *td)
{
	int ret = __coco_td_init_vcpu(td);

	TEST_ASSERT(!ret, "KVM_TDX_INIT_VCPU failed, errno %d", errno);
}

struct kvm_vcpu *coco_td_add_second_vcpu(struct coco_td *td)
{
	struct kvm_vcpu *first = td->vcpu, *second;

	add_vcpu(td, 1);
	coco_td_init_vcpu(td);
	second = td->vcpu;
	td->vcpu = first;
	return second;
}

void coco_td_add_slot(struct coco_td *td, uint64_t gpa, uint64_t nr_pages)
{
	vm_mem_add(td->vm, VM_MEM_SRC_ANONYMOUS, gpa, ++td->nr_slots, nr_pages,
		   KVM_MEM_GUEST_MEMFD, -1, 0);
	vm_mem_set_private(td->vm, gpa, nr_pages * PAGE_SIZE);
}

/* @left: pages that are left according to the region; may be NULL */
int __coco_td_add(struct coco_td *td, uint32_t flags, const void *src, uint64_t gpa,
		  uint64_t nr_pages, uint64_t *left)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uint64_t)src,
		.gpa = gpa,
		.nr_pages = nr_pages,
	};
	int ret = tdx_cmd(td->vcpu->fd, KVM_TDX_INIT_MEM_REGION, flags, &region, NULL);

	coco_td_measure(td, flags, src, gpa, nr_pages - region.nr_pages);
	if (left)
		*left = region.nr_pages;
	return ret;
}

void coco_td_add(struct coco_td *td, uint32_t flags, const void *src, uint64_t gpa,
		 uint64_t nr_pages)
{
	uint64_t left;
	int ret = __coco_td_add(td, flags, src, gpa, nr_pages, &left);

	TEST_ASSERT(!ret && !left, "Adding %lu pages at %lx failed, errno %d, %lu left",
		    nr_pages, gpa, errno, left);
}

int __coco_td_finalize(struct coco_td *td)
{
	return tdx_cmd(td->vm->fd, KVM_TDX_FINALIZE_VM, 0, NULL, NULL);
}

void coco_td_finalize(struct coco_td *td)
{
	int ret = __coco_td_finalize(td);

	TEST_ASSERT(!ret, "KVM_TDX_FINALIZE_VM failed, errno %d", errno);
}

void coco_td_create(struct coco_td *td, uint64_t nr_pages)
{
	coco_td_new(td);
	coco_td_init_vm(td);
	coco_td_add_vcpu(td);
	coco_td_init_vcpu(td);
	if (nr_pages)
		coco_td_add_slot(td, COCO_TD_GPA, nr_pages);
}

void coco_td_free(struct coco_td *td)
{
	kvm_vm_free(td->vm);
}

/*
 * MRTD is SHA-384 of 128-byte blocks. A page that is added gives one with the
 * name of the operation and the GPA; each 256 bytes that are measured give such
 * a block and two with the data. TDX Module Base Architecture Specification,
 * "Measurement and Attestation".
 */
static void measure_block(struct coco_td *td, const char *operation, uint64_t gpa)
{
	uint8_t block[128] = {};
	int i;

	memcpy(block, operation, strlen(operation));
	for (i = 0; i < 8; i++)
		block[16 + i] = gpa >> (8 * i);
	sha384_add(&td->mrtd, block, sizeof(block));
}

void coco_td_measure(struct coco_td *td, uint32_t flags, const void *data, uint64_t gpa,
		     uint64_t nr_pages)
{
	uint64_t end = gpa + nr_pages * PAGE_SIZE, chunk;

	for (; gpa < end; gpa += PAGE_SIZE, data += PAGE_SIZE) {
		measure_block(td, "MEM.PAGE.ADD", gpa);
		if (!(flags & KVM_TDX_MEASURE_MEMORY_REGION))
			continue;

		for (chunk = 0; chunk < PAGE_SIZE; chunk += 256) {
			measure_block(td, "MR.EXTEND", gpa + chunk);
			sha384_add(&td->mrtd, data + chunk, 256);
		}
	}
}

static uint64_t td_line(struct coco_td *td, uint8_t mrtd[SHA384_SIZE])
{
	char *tds = coco_emul_read("tds"), *next = tds, *line, hex[2 * SHA384_SIZE + 1];
	unsigned long tdr, tag;

	while ((line = strsep(&next, "\n"))) {
		if (sscanf(line, "tdr %lx %*[^m]mrconfigid %lx mrtd %96s", &tdr, &tag, hex) == 3 &&
		    tag == td->tag)
			break;
	}
	TEST_ASSERT(line, "The module has no TD %lx", td->tag);

	coco_emul_from_hex(hex, mrtd, SHA384_SIZE);
	free(tds);
	return tdr;
}

void coco_td_mrtd(struct coco_td *td, uint8_t mrtd[SHA384_SIZE])
{
	td_line(td, mrtd);
}

uint64_t coco_td_tdr(struct coco_td *td)
{
	uint8_t mrtd[SHA384_SIZE];

	return td_line(td, mrtd);
}

void coco_td_lose(struct coco_td *td)
{
	uint64_t found;

	coco_emul_call(&found, 1, "LOSE_TD %#lx", coco_td_tdr(td));
	TEST_ASSERT(found, "The module has no such TD");
}

bool coco_td_is_dead(struct coco_td *td)
{
	return __vm_ioctl(td->vm, KVM_CHECK_EXTENSION, (void *)KVM_CAP_USER_MEMORY) < 0 &&
	       errno == EIO;
}

void coco_td_expect_mrtd(struct coco_td *td, const char *hex, const char *what)
{
	uint8_t have[SHA384_SIZE], want[SHA384_SIZE];

	coco_td_mrtd(td, have);
	coco_emul_from_hex(hex, want, SHA384_SIZE);
	sha384_expect(have, want, what);
}

void coco_td_check_mrtd(struct coco_td *td)
{
	uint8_t have[SHA384_SIZE], want[SHA384_SIZE];

	coco_td_mrtd(td, have);
	sha384_digest(&td->mrtd, want);
	sha384_expect(have, want, "MRTD");
}

static const char *const pamt_names[COCO_NR_PAMT] = {
	"NDA", "RSVD", "REG", "TDR", "TDCX", "TDVPR", "EPT", "host-writes",
	"dirty", "dirty-uses", "private",
};

void coco_pamt_census(struct coco_emul_census *census)
{
	*census = (struct coco_emul_census) {
		.file = "pamt",
		.names = pamt_names,
		.nr = COCO_NR_PAMT,
	};
	coco_emul_census_read(census);
}

/* What the Secure EPT has at a GPA and level, 0 if not a @kind, and how that begins */
static uint64_t sept_find(struct coco_td *td, uint64_t gpa, int level, const char *kind,
			  uint8_t seen[COCO_SEEN_SIZE])
{
	char *sept, *line, *next, line_kind[20], hex[2 * COCO_SEEN_SIZE + 1];
	unsigned long tdr = coco_td_tdr(td), line_tdr, line_gpa, hpa = 0;
	int line_level;

	sept = coco_emul_read("sept");
	next = sept;
	while ((line = strsep(&next, "\n"))) {
		if (sscanf(line, "tdr %lx gpa %lx level %d %19s %lx reads %32s", &line_tdr,
			   &line_gpa, &line_level, line_kind, &hpa, hex) == 6 &&
		    line_tdr == tdr && line_gpa == gpa && line_level == level &&
		    !strcmp(line_kind, kind))
			break;
	}
	if (line && seen)
		coco_emul_from_hex(hex, seen, COCO_SEEN_SIZE);
	free(sept);
	return line ? hpa : 0;
}

uint64_t coco_td_hpa(struct coco_td *td, uint64_t gpa, uint8_t seen[COCO_SEEN_SIZE])
{
	return sept_find(td, gpa, 0, "MAPPED", seen);
}

uint64_t coco_td_septe(struct coco_td *td, uint64_t gpa)
{
	uint64_t table_gpa = gpa & ~((512 * PAGE_SIZE) - 1);
	uint64_t table = sept_find(td, table_gpa, 1, "TABLE", NULL);

	TEST_ASSERT(table, "There is no Secure EPT table for %lx", gpa);
	return table + (gpa - table_gpa) / PAGE_SIZE * sizeof(uint64_t);
}

void coco_tdx_pause(const char *leaf, const char *where, uint64_t n, uint64_t us)
{
	char text[128];

	snprintf(text, sizeof(text), "%s %s %lu %lu", leaf, where, n, us);
	coco_emul_write("pause", text);
}

/* Calls until the pause begins, 0 while it goes on, -1 if there is none */
static long pause_in(const char *leaf, const char *where)
{
	char *pauses = coco_emul_read("pause"), *next = pauses, *line;
	char line_leaf[32], line_where[16];
	long in = -1, line_in;

	while ((line = strsep(&next, "\n"))) {
		if (sscanf(line, "%31s %15s %ld", line_leaf, line_where, &line_in) == 3 &&
		    !strcmp(line_leaf, leaf) && !strcmp(line_where, where))
			in = line_in;
	}
	free(pauses);
	return in;
}

void coco_tdx_wait_for_pause(const char *leaf, const char *where)
{
	long in;

	do {
		in = pause_in(leaf, where);
	} while (in > 0);
	TEST_ASSERT(!in, "The pause %s %s was over before this CPU looked", where, leaf);
}

bool coco_tdx_pause_is_pending(void)
{
	char *pending = coco_emul_read("pause");
	bool ret = *pending;

	free(pending);
	return ret;
}

void coco_tdx_pause_clear(void)
{
	coco_emul_write("pause", "clear");
}

void coco_set_cpu(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpus), &cpus), "No CPU %d", cpu);
}

uint8_t *coco_random_pages(uint64_t nr_pages)
{
	size_t done, size = nr_pages * PAGE_SIZE;
	uint8_t *pages = aligned_alloc(PAGE_SIZE, size);

	TEST_ASSERT(pages, "Insufficient Memory");
	for (done = 0; done < size; done += PAGE_SIZE)
		TEST_ASSERT(getrandom(pages + done, PAGE_SIZE, 0) == PAGE_SIZE,
			    "getrandom() failed");
	return pages;
}
