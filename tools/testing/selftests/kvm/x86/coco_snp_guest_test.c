// SPDX-License-Identifier: GPL-2.0-only
/*
 * An SNP guest looks at what SNP_LAUNCH_UPDATE has given it: contents, page by page,
 * whether they are validated, and what is there that was never loaded.
 *
 * The guest takes one command after the other from a page that it shares with the
 * host, and says that it is done by a termination request of the GHCB MSR protocol,
 * after which KVM lets it go on.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "sev.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	16ul
/* Where the guest sees them */
#define GVA		0xd0000000ul

#define VC_VECTOR	29

/* #VC error code: "VMEXIT_PAGE_NOT_VALIDATED" */
#define NOT_VALIDATED	0x404

/* PVALIDATE: CF says that nothing has changed. */
#define ALREADY		BIT_ULL(32)

enum guest_op {
	GUEST_COPY_OUT,		/* the page at addr to data */
	GUEST_COPY_IN,		/* and the other way round */
	GUEST_LOAD,		/* result: 0, or the error code of #VC */
	GUEST_PVALIDATE,	/* arg: validate; result: EAX, ALREADY */
	GUEST_ADD,		/* 1, NR_ADDS times, atomically */
	GUEST_SPIN,		/* for ever */
};

#define NR_ADDS		1000ul
#define NR_ROUNDS	20
#define NR_VCPUS	2

/* Seconds for the cases with two of something; the harness gives the others 30. */
#define TIMEOUT		120

struct guest_mailbox {
	uint64_t op;
	uint64_t addr;
	uint64_t arg;
	uint64_t result;
};

uint64_t guest_vc_error;

/*
 * #VC: RIP goes to the end of guest_load(), and the error code, which the frame
 * begins with, to guest_vc_error.
 */
static __attribute__((naked)) void guest_vc_entry(void)
{
	asm("popq	guest_vc_error(%rip)\n\t"
	    "pushq	%rax\n\t"
	    "leaq	guest_load_end(%rip), %rax\n\t"
	    "movq	%rax, 8(%rsp)\n\t"
	    "popq	%rax\n\t"
	    "iretq");
}

static __attribute__((naked)) uint64_t guest_load(uint64_t addr)
{
	asm("movq	(%rdi), %rax\n"
	    "guest_load_end:\n\t"
	    "ret");
}

static uint64_t guest_pvalidate(uint64_t addr, uint64_t validate)
{
	uint64_t result;
	bool unchanged;

	asm volatile(".byte 0xf2, 0x0f, 0x01, 0xff"
		     : "=a" (result), "=@ccc" (unchanged)
		     : "a" (addr), "c" (0), "d" (validate)
		     : "memory");
	return (uint32_t)result | (unchanged ? ALREADY : 0);
}

static void guest_copy(uint64_t *to, const uint64_t *from)
{
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*to); i++)
		WRITE_ONCE(to[i], READ_ONCE(from[i]));
}

static void guest_add(uint64_t *counter)
{
	int i;

	for (i = 0; i < NR_ADDS; i++)
		__atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
}

/* @mailbox and @data are pages that the guest shares. */
static void guest_code(struct guest_mailbox *mailbox, uint64_t *data)
{
	for (;;) {
		uint64_t addr = READ_ONCE(mailbox->addr);

		switch (READ_ONCE(mailbox->op)) {
		case GUEST_COPY_OUT:
			guest_copy(data, (void *)addr);
			break;
		case GUEST_COPY_IN:
			guest_copy((void *)addr, data);
			break;
		case GUEST_LOAD:
			guest_vc_error = 0;
			guest_load(addr);
			WRITE_ONCE(mailbox->result, guest_vc_error);
			break;
		case GUEST_ADD:
			guest_add((void *)addr);
			break;
		case GUEST_SPIN:
			for (;;)
				cpu_relax();
		case GUEST_PVALIDATE:
			WRITE_ONCE(mailbox->result,
				   guest_pvalidate(addr, READ_ONCE(mailbox->arg)));
			break;
		}
		wrmsr(MSR_AMD64_SEV_ES_GHCB, GHCB_MSR_TERM_REQ);
		vmgexit();
	}
}

FIXTURE(guest) {
	struct coco_emul_census census;
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu[NR_VCPUS];
	struct guest_mailbox *mailbox[NR_VCPUS];
	uint8_t *data;
	uint8_t *src;
};

/* A 64-bit interrupt gate in the IDT that the library has made */
static void set_vc_handler(struct kvm_vm *vm)
{
	uint64_t *gate = addr_gva2hva(vm, vm->arch.idt + VC_VECTOR * 16);
	uint64_t entry = (uint64_t)guest_vc_entry;

	gate[0] = (gate[0] & 0x0000ffffffff0000ul) | (entry & 0xffff) |
		  (entry >> 16 & 0xffff) << 48;
	gate[1] = entry >> 32;
}

/* Private pages that the launch of the other ones leaves alone */
static void map_pages(struct kvm_vm *vm)
{
	struct userspace_mem_region *region;
	size_t i;

	vm_mem_add(vm, VM_MEM_SRC_ANONYMOUS, GPA, SNP_SLOT, NR_PAGES, KVM_MEM_GUEST_MEMFD, -1, 0);
	region = memslot2region(vm, SNP_SLOT);
	for (i = 0; i < NR_PAGES; i++) {
		sparsebit_set(region->protected_phy_pages, GPA / PAGE_SIZE + i);
		virt_pg_map(vm, GVA + i * PAGE_SIZE, GPA + i * PAGE_SIZE);
		sparsebit_clear(region->protected_phy_pages, GPA / PAGE_SIZE + i);
	}
	vm_mem_set_private(vm, GPA, NR_PAGES * PAGE_SIZE);
}

static uint64_t shared_page(struct kvm_vm *vm)
{
	return vm_vaddr_alloc_shared(vm, PAGE_SIZE, KVM_UTIL_MIN_VADDR, MEM_REGION_TEST_DATA);
}

static void create_guest(FIXTURE_DATA(guest) *self)
{
	struct vm_shape shape = {
		.mode = VM_MODE_DEFAULT,
		.type = KVM_X86_SNP_VM,
	};
	uint64_t mailbox, data;
	int i;

	self->vm = __vm_create_with_vcpus(shape, NR_VCPUS, 0, guest_code, self->vcpu);
	data = shared_page(self->vm);
	self->data = addr_gva2hva(self->vm, data);
	for (i = 0; i < NR_VCPUS; i++) {
		mailbox = shared_page(self->vm);
		vcpu_args_set(self->vcpu[i], 2, mailbox, data);
		self->mailbox[i] = addr_gva2hva(self->vm, mailbox);
	}
	set_vc_handler(self->vm);
	map_pages(self->vm);

	vm_enable_cap(self->vm, KVM_CAP_EXIT_HYPERCALL, BIT(KVM_HC_MAP_GPA_RANGE));
	snp_vm_launch_start(self->vm, snp_default_policy());
	snp_vm_launch_update(self->vm);
}

FIXTURE_SETUP(guest)
{
	int i;

	snp_census_read(&self->census);
	self->src = snp_map_pages(NR_PAGES);
	for (i = 0; i < NR_PAGES * PAGE_SIZE / sizeof(uint32_t); i++)
		((uint32_t *)self->src)[i] = i * 2654435761u;

	create_guest(self);
}

FIXTURE_TEARDOWN(guest)
{
	kvm_vm_free(self->vm);
	munmap(self->src, NR_PAGES * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

static void load(FIXTURE_DATA(guest) *self, size_t page, const void *src, size_t npages,
		 uint8_t type)
{
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = GPA / PAGE_SIZE + page,
		.uaddr = (uint64_t)src,
		.len = npages * PAGE_SIZE,
		.type = type,
	};

	snp_launch_update(self->vm, &args);
}

static void tell_guest(FIXTURE_DATA(guest) *self, int vcpu, enum guest_op op, size_t page,
		       uint64_t arg)
{
	*self->mailbox[vcpu] = (struct guest_mailbox) {
		.op = op,
		.addr = GVA + page * PAGE_SIZE,
		.arg = arg,
		.result = ~0ull,
	};
}

/* Runs the vCPU until it has done what it was told. */
static uint64_t guest_result(FIXTURE_DATA(guest) *self, int vcpu)
{
	struct kvm_run *run = self->vcpu[vcpu]->run;

	vcpu_run(self->vcpu[vcpu]);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
		    run->system_event.type == KVM_SYSTEM_EVENT_SEV_TERM &&
		    run->system_event.data[0] == GHCB_MSR_TERM_REQ,
		    "Operation %lu at 0x%lx: %s, event %u, 0x%llx", self->mailbox[vcpu]->op,
		    self->mailbox[vcpu]->addr, exit_reason_str(run->exit_reason),
		    run->system_event.type, run->system_event.data[0]);
	return self->mailbox[vcpu]->result;
}

static uint64_t guest_does(FIXTURE_DATA(guest) *self, enum guest_op op, size_t page, uint64_t arg)
{
	tell_guest(self, 0, op, page, arg);
	return guest_result(self, 0);
}

static void expect_content(FIXTURE_DATA(guest) *self, size_t page, const void *want)
{
	memset(self->data, 0xee, PAGE_SIZE);
	guest_does(self, GUEST_COPY_OUT, page, 0);
	TEST_ASSERT(!memcmp(self->data, want, PAGE_SIZE),
		    "The guest does not see in page %lu what was loaded", page);
}

static void expect_load(FIXTURE_DATA(guest) *self, size_t page, uint64_t want)
{
	uint64_t error = guest_does(self, GUEST_LOAD, page, 0);

	TEST_ASSERT(error == want, "Load from page %lu: #VC 0x%lx, wanted 0x%lx", page, error,
		    want);
}

static void expect_pvalidate(FIXTURE_DATA(guest) *self, size_t page, bool validate, uint64_t want)
{
	uint64_t result = guest_does(self, GUEST_PVALIDATE, page, validate);

	TEST_ASSERT(result == want, "PVALIDATE(%d) of page %lu: 0x%lx, wanted 0x%lx", validate,
		    page, result, want);
}

TEST_F(guest, normal)
{
	size_t i;

	load(self, 0, self->src, NR_PAGES, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(self->vm);

	for (i = 0; i < NR_PAGES; i++) {
		expect_pvalidate(self, i, true, ALREADY);
		expect_content(self, i, self->src + i * PAGE_SIZE);
	}
}

/* What the host reads and writes meanwhile is not what the guest has. */
TEST_F(guest, written_by_guest)
{
	uint8_t *second = self->src + PAGE_SIZE;

	load(self, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(self->vm);

	memcpy(self->data, second, PAGE_SIZE);
	guest_does(self, GUEST_COPY_IN, 0, 0);
	memset(addr_gpa2hva(self->vm, GPA), 0x55, PAGE_SIZE);
	expect_content(self, 0, second);
}

TEST_F(guest, zero_and_unmeasured)
{
	static const uint8_t zero[PAGE_SIZE];

	load(self, 0, NULL, 2, KVM_SEV_SNP_PAGE_TYPE_ZERO);
	load(self, 2, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_UNMEASURED);
	snp_vm_launch_finish(self->vm);

	expect_content(self, 0, zero);
	expect_content(self, 1, zero);
	expect_content(self, 2, self->src);
	expect_pvalidate(self, 1, true, ALREADY);
}

/* As the firmware has filled it in: version, no flags, the keys */
TEST_F(guest, secrets)
{
	uint32_t *words = (void *)self->data;

	load(self, 3, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_SECRETS);
	snp_vm_launch_finish(self->vm);

	guest_does(self, GUEST_COPY_OUT, 3, 0);
	TEST_ASSERT(words[0] && !words[1], "Version %u, flags 0x%x", words[0], words[1]);
}

TEST_F(guest, cpuid)
{
	snp_init_cpuid_page(self->src);
	load(self, 4, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_CPUID);
	snp_vm_launch_finish(self->vm);

	expect_content(self, 4, self->src);
}

/* The guest's, but it has not accepted it. */
TEST_F(guest, not_loaded)
{
	load(self, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(self->vm);

	expect_load(self, 1, NOT_VALIDATED);
	expect_pvalidate(self, 1, true, 0);
	expect_load(self, 1, 0);
	expect_pvalidate(self, 1, true, ALREADY);
	expect_pvalidate(self, 1, false, 0);
	expect_load(self, 1, NOT_VALIDATED);
	expect_content(self, 0, self->src);
}

/* An update that fails on its third page: two are there, of the others nothing is. */
TEST_F(guest, partial_update)
{
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = GPA / PAGE_SIZE,
		.uaddr = (uint64_t)self->src,
		.len = 5 * PAGE_SIZE,
		.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
	};
	uint32_t fw_error;
	size_t i;

	coco_emul_inject("SNP_LAUNCH_UPDATE", 3, SEV_RET_HWSEV_RET_UNSAFE);
	__snp_launch_update(self->vm, &args, &fw_error);
	TEST_ASSERT(fw_error == SEV_RET_HWSEV_RET_UNSAFE, "Firmware 0x%x", fw_error);
	snp_vm_launch_finish(self->vm);

	for (i = 0; i < 2; i++) {
		expect_pvalidate(self, i, true, ALREADY);
		expect_content(self, i, self->src + i * PAGE_SIZE);
	}
	for (; i < 5; i++) {
		expect_load(self, i, NOT_VALIDATED);
		expect_pvalidate(self, i, true, 0);
		guest_does(self, GUEST_COPY_OUT, i, 0);
		TEST_ASSERT(memcmp(self->data, self->src + i * PAGE_SIZE, PAGE_SIZE),
			    "The guest sees page %lu of an update that failed", i);
	}
}

/* A page that the host takes away is another one when the guest touches it again. */
TEST_F(guest, punched)
{
	load(self, 0, self->src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(self->vm);

	expect_content(self, 0, self->src);
	vm_guest_mem_punch_hole(self->vm, GPA, PAGE_SIZE);
	expect_load(self, 0, NOT_VALIDATED);
	expect_pvalidate(self, 0, true, 0);
	expect_load(self, 0, 0);
	expect_content(self, 1, self->src + PAGE_SIZE);
}

/* The guest goes on using a page as private that is not. */
TEST_F(guest, converted)
{
	struct kvm_run *run = self->vcpu[0]->run;
	int ret;

	load(self, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_vm_launch_finish(self->vm);
	expect_content(self, 0, self->src);

	vm_mem_set_shared(self->vm, GPA, PAGE_SIZE);
	tell_guest(self, 0, GUEST_LOAD, 0, 0);
	ret = __vcpu_run(self->vcpu[0]);
	TEST_ASSERT(ret == -1 && errno == EFAULT && run->exit_reason == KVM_EXIT_MEMORY_FAULT &&
		    run->memory_fault.gpa == GPA &&
		    run->memory_fault.flags == KVM_MEMORY_EXIT_FLAG_PRIVATE,
		    "ret %d, errno %d, %s, 0x%llx, flags 0x%llx", ret, errno,
		    exit_reason_str(run->exit_reason), run->memory_fault.gpa,
		    run->memory_fault.flags);

	vm_mem_set_private(self->vm, GPA, PAGE_SIZE);
	guest_result(self, 0);
}

struct adder {
	FIXTURE_DATA(guest) *guest;
	int vcpu;
};

static void *add(void *arg)
{
	struct adder *adder = arg;
	int i;

	for (i = 0; i < NR_ROUNDS; i++) {
		tell_guest(adder->guest, adder->vcpu, GUEST_ADD, 0, 0);
		guest_result(adder->guest, adder->vcpu);
	}
	return NULL;
}

/* Two vCPUs and one private page, while the host takes pages away and gives them back. */
TEST_F_TIMEOUT(guest, two_vcpus, TIMEOUT)
{
	struct adder adder[NR_VCPUS];
	pthread_t thread[NR_VCPUS];
	int i;

	load(self, 0, NULL, 2, KVM_SEV_SNP_PAGE_TYPE_ZERO);
	snp_vm_launch_finish(self->vm);

	for (i = 0; i < NR_VCPUS; i++) {
		adder[i] = (struct adder) { .guest = self, .vcpu = i };
		TEST_ASSERT(!pthread_create(&thread[i], NULL, add, &adder[i]), "pthread_create()");
	}
	for (i = 0; i < NR_ROUNDS; i++)
		vm_guest_mem_punch_hole(self->vm, GPA + (1 + i % 2) * PAGE_SIZE, PAGE_SIZE);
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(thread[i], NULL);

	guest_does(self, GUEST_COPY_OUT, 0, 0);
	TEST_ASSERT(*(uint64_t *)self->data == NR_VCPUS * NR_ROUNDS * NR_ADDS, "Counted %lu",
		    *(uint64_t *)self->data);
}

/* Whoever runs a guest dies: its pages come back. */
TEST_F_TIMEOUT(guest, killed, TIMEOUT)
{
	uint64_t runs = coco_emul_count("VMRUN");
	int status;
	pid_t pid;

	pid = fork();
	TEST_ASSERT(pid >= 0, "fork(): %s", strerror(errno));
	if (!pid) {
		create_guest(self);
		snp_vm_launch_finish(self->vm);
		tell_guest(self, 0, GUEST_SPIN, 0, 0);
		vcpu_run(self->vcpu[0]);
		exit(1);
	}

	while (coco_emul_count("VMRUN") < runs + 10)
		TEST_ASSERT(!waitpid(pid, &status, WNOHANG), "The child has failed: 0x%x", status);
	kill(pid, SIGKILL);
	TEST_ASSERT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "The child: 0x%x",
		    status);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
