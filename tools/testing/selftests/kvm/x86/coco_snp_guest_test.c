// SPDX-License-Identifier: GPL-2.0-only
/*
 * An SNP guest looks at what SNP_LAUNCH_UPDATE has given it: contents, page by page,
 * whether they are validated, and what is there that was never loaded.
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
#include "apic.h"
#include "processor.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp_inside.h"
#include "sev.h"

#define NR_PAGES	16ul

#define NR_ADDS		1000ul
#define NR_ROUNDS	20

/* Seconds, where the harness gives 30: each case launches a guest, and runs it. */
#define TIMEOUT		120

/* Also touches the page @kept, which the host takes away; returns how often it was gone. */
static uint64_t guest_add(uint64_t counter, uint64_t kept)
{
	uint64_t nr_gone = 0;
	int i;

	for (i = 0; i < NR_ADDS; i++) {
		__atomic_fetch_add((uint64_t *)counter, 1, __ATOMIC_SEQ_CST);
		if (guest_load(kept, 0) == INSIDE_NOT_VALIDATED) {
			guest_pvalidate(kept, true);
			nr_gone++;
		}
	}
	return nr_gone;
}

FIXTURE(guest) {
	struct coco_emul_census census;
	struct inside in;
	struct inside_shared ghcb;
	uint8_t *src;
};

FIXTURE_SETUP(guest)
{
	int i;

	snp_census_read(&self->census);
	self->src = snp_map_pages(NR_PAGES);
	for (i = 0; i < NR_PAGES * PAGE_SIZE / sizeof(uint32_t); i++)
		((uint32_t *)self->src)[i] = i * 2654435761u;

	inside_create(&self->in, NR_PAGES);
	self->ghcb = inside_share(&self->in);
	inside_launch(&self->in);
}

FIXTURE_TEARDOWN(guest)
{
	inside_free(&self->in);
	munmap(self->src, NR_PAGES * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

TEST_F_TIMEOUT(guest, normal, TIMEOUT)
{
	size_t i;

	inside_load(&self->in, 0, self->src, NR_PAGES, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	inside_finish(&self->in);

	for (i = 0; i < NR_PAGES; i++) {
		inside_expect_pvalidate(&self->in, i, true, PVALIDATE_ALREADY);
		inside_expect(&self->in, i, self->src + i * PAGE_SIZE);
	}
}

/* Where the first page that the test loads is */
static uint64_t guest_page_pa(void)
{
	char *text = coco_emul_read("pages"), *line, *rest = text;
	unsigned long long gpa, pfn, pa = 0;
	unsigned int asid;

	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%u %llx %llx", &asid, &gpa, &pfn) == 3 && gpa == INSIDE_GPA)
			pa = pfn * PAGE_SIZE;
	}
	free(text);
	TEST_ASSERT(pa, "The guest has no page at 0x%llx", INSIDE_GPA);
	return pa;
}

/* And the host cannot write to it. */
TEST_F_TIMEOUT(guest, written_by_guest, TIMEOUT)
{
	uint8_t *second = self->src + PAGE_SIZE;
	int ret;

	inside_load(&self->in, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	inside_finish(&self->in);

	memcpy(self->in.data.hva, second, PAGE_SIZE);
	inside_call(&self->in, guest_copy, inside_gva(0), self->in.data.gva);
	ret = __coco_emul_host_write(guest_page_pa());
	TEST_ASSERT(ret == EFAULT, "The host writes to a page of the guest: %d", ret);
	inside_expect(&self->in, 0, second);
}

TEST_F_TIMEOUT(guest, zero_and_unmeasured, TIMEOUT)
{
	static const uint8_t zero[PAGE_SIZE];

	inside_load(&self->in, 0, NULL, 2, KVM_SEV_SNP_PAGE_TYPE_ZERO);
	inside_load(&self->in, 2, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_UNMEASURED);
	inside_finish(&self->in);

	inside_expect(&self->in, 0, zero);
	inside_expect(&self->in, 1, zero);
	inside_expect(&self->in, 2, self->src);
	inside_expect_pvalidate(&self->in, 1, true, PVALIDATE_ALREADY);
}

/* As the firmware has filled it in: version, no flags, and four keys */
#define VMPCK_OFFSET	0x20
#define VMPCK_SIZE	32
#define NR_VMPCKS	4

TEST_F_TIMEOUT(guest, secrets, TIMEOUT)
{
	const uint8_t *page = self->in.data.hva, *keys = page + VMPCK_OFFSET;
	const uint32_t *words = (void *)page;
	int i, j;

	inside_load(&self->in, 3, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_SECRETS);
	inside_finish(&self->in);

	inside_expect_pvalidate(&self->in, 3, true, PVALIDATE_ALREADY);
	inside_read(&self->in, 3);
	TEST_ASSERT(words[0] && !words[1], "Version %u, flags 0x%x", words[0], words[1]);
	for (i = 0; i < NR_VMPCKS; i++) {
		for (j = 0; j < i; j++)
			TEST_ASSERT(memcmp(keys + i * VMPCK_SIZE, keys + j * VMPCK_SIZE,
					   VMPCK_SIZE), "VMPCK%d and VMPCK%d are the same", i, j);
	}
}

TEST_F_TIMEOUT(guest, cpuid, TIMEOUT)
{
	snp_init_cpuid_page(self->src);
	inside_load(&self->in, 4, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_CPUID);
	inside_finish(&self->in);

	inside_expect_pvalidate(&self->in, 4, true, PVALIDATE_ALREADY);
	inside_expect(&self->in, 4, self->src);
}

/* The guest's, but it has not accepted it. */
TEST_F_TIMEOUT(guest, not_loaded, TIMEOUT)
{
	inside_load(&self->in, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	inside_finish(&self->in);

	inside_expect_load(&self->in, 1, INSIDE_NOT_VALIDATED);
	inside_expect_pvalidate(&self->in, 1, true, 0);
	inside_expect_load(&self->in, 1, INSIDE_FINE);
	inside_expect_pvalidate(&self->in, 1, true, PVALIDATE_ALREADY);
	inside_expect_pvalidate(&self->in, 1, false, 0);
	inside_expect_load(&self->in, 1, INSIDE_NOT_VALIDATED);
	inside_expect(&self->in, 0, self->src);
}

/* An update that fails on its third page: two are there, of the others nothing is. */
TEST_F_TIMEOUT(guest, partial_update, TIMEOUT)
{
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = INSIDE_GPA / PAGE_SIZE,
		.uaddr = (uint64_t)self->src,
		.len = 5 * PAGE_SIZE,
		.type = KVM_SEV_SNP_PAGE_TYPE_NORMAL,
	};
	uint32_t fw_error;
	size_t i;

	coco_emul_inject("SNP_LAUNCH_UPDATE", 3, SEV_RET_HWSEV_RET_UNSAFE);
	__snp_launch_update(self->in.guest.vm, &args, &fw_error);
	TEST_ASSERT(fw_error == SEV_RET_HWSEV_RET_UNSAFE, "Firmware 0x%x", fw_error);
	inside_finish(&self->in);

	for (i = 0; i < 2; i++) {
		inside_expect_pvalidate(&self->in, i, true, PVALIDATE_ALREADY);
		inside_expect(&self->in, i, self->src + i * PAGE_SIZE);
	}
	for (; i < 5; i++) {
		inside_expect_load(&self->in, i, INSIDE_NOT_VALIDATED);
		inside_expect_pvalidate(&self->in, i, true, 0);
		inside_read(&self->in, i);
		TEST_ASSERT(memcmp(self->in.data.hva, self->src + i * PAGE_SIZE, PAGE_SIZE),
			    "The guest sees page %lu of an update that failed", i);
	}
}

/* A page that the host takes away is another one when the guest touches it again. */
TEST_F_TIMEOUT(guest, punched, TIMEOUT)
{
	inside_load(&self->in, 0, self->src, 2, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	inside_finish(&self->in);

	inside_expect(&self->in, 0, self->src);
	vm_guest_mem_punch_hole(self->in.guest.vm, INSIDE_GPA, PAGE_SIZE);
	inside_expect_load(&self->in, 0, INSIDE_NOT_VALIDATED);
	inside_expect_pvalidate(&self->in, 0, true, 0);
	inside_expect_load(&self->in, 0, INSIDE_FINE);
	inside_expect(&self->in, 1, self->src + PAGE_SIZE);
}

/* The guest goes on using a page as private that is not. */
TEST_F_TIMEOUT(guest, converted, TIMEOUT)
{
	struct kvm_run *run = self->in.vcpu[0]->run;
	int ret;

	inside_load(&self->in, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	inside_finish(&self->in);
	inside_expect(&self->in, 0, self->src);

	vm_mem_set_shared(self->in.guest.vm, INSIDE_GPA, PAGE_SIZE);
	inside_tell(&self->in, 0, guest_load, inside_gva(0), 0);
	ret = __vcpu_run(self->in.vcpu[0]);
	TEST_ASSERT(ret == -1 && errno == EFAULT && run->exit_reason == KVM_EXIT_MEMORY_FAULT &&
		    run->memory_fault.gpa == INSIDE_GPA &&
		    run->memory_fault.flags == KVM_MEMORY_EXIT_FLAG_PRIVATE,
		    "ret %d, errno %d, %s, 0x%llx, flags 0x%llx", ret, errno,
		    exit_reason_str(run->exit_reason), run->memory_fault.gpa,
		    run->memory_fault.flags);

	vm_mem_set_private(self->in.guest.vm, INSIDE_GPA, PAGE_SIZE);
	inside_result(&self->in, 0);
}

/* Where the guest has a VMSA for its second vCPU, which must not be 2 MiB-aligned */
#define VMSA_PAGE	1
#define VMSA_VMPL	0xca
#define VMSA_RIP	0x178
#define RMPADJUST_VMSA	BIT_ULL(16)
#define AP_CREATE	1
#define AP_APIC_ID	(1ull << 32)
#define AP_RESULT	0xa9

static void guest_ap_code(struct inside_mailbox *mailbox)
{
	for (;;) {
		WRITE_ONCE(mailbox->result, AP_RESULT);
		guest_done();
	}
}

/* A vCPU as KVM would launch it, but for where it begins */
static void load_vmsa(FIXTURE_DATA(guest) *self, uint8_t vmpl)
{
	snp_vmsa(self->in.vcpu[1], self->src);
	self->src[VMSA_VMPL] = vmpl;
	*(uint64_t *)(self->src + VMSA_RIP) = (uint64_t)guest_ap_code;
	inside_load(&self->in, VMSA_PAGE, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	inside_finish(&self->in);
}

static void create_ap(FIXTURE_DATA(guest) *self)
{
	struct inside_ghcb *request = self->in.data.hva;
	uint64_t ret;

	*request = (struct inside_ghcb) {
		.page = self->ghcb,
		.exit_code = GHCB_AP_CREATION,
		.info_1 = AP_APIC_ID | AP_CREATE,
		.info_2 = inside_gpa(VMSA_PAGE),
		.rax = 1,
	};
	ret = inside_call(&self->in, guest_ghcb, self->in.data.gva, 0);
	TEST_ASSERT(!ret, "AP creation: 0x%lx", ret);
}

static void expect_ap_does_not_run(FIXTURE_DATA(guest) *self)
{
	struct kvm_run *run = self->in.vcpu[1]->run;

	create_ap(self);
	vcpu_run(self->in.vcpu[1]);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_FAIL_ENTRY, "%s",
		    exit_reason_str(run->exit_reason));
	inside_expect_load(&self->in, VMSA_PAGE, INSIDE_FINE);
}

TEST_F_TIMEOUT(guest, ap_creation, TIMEOUT)
{
	load_vmsa(self, 0);
	TEST_ASSERT_EQ(inside_call(&self->in, guest_rmpadjust, inside_gva(VMSA_PAGE),
				   RMPADJUST_VMSA | 1), 0);
	create_ap(self);
	TEST_ASSERT_EQ(inside_result(&self->in, 1), AP_RESULT);
	TEST_ASSERT_EQ(inside_result(&self->in, 1), AP_RESULT);
}

/* "VMRUN Page Checks": a page like any other is no VMSA. */
TEST_F_TIMEOUT(guest, ap_without_rmpadjust, TIMEOUT)
{
	load_vmsa(self, 0);
	expect_ap_does_not_run(self);
}

/* KVM knows of no VMPL but 0. */
TEST_F_TIMEOUT(guest, ap_of_other_vmpl, TIMEOUT)
{
	load_vmsa(self, 1);
	TEST_ASSERT_EQ(inside_call(&self->in, guest_rmpadjust, inside_gva(VMSA_PAGE),
				   RMPADJUST_VMSA | 1), 0);
	expect_ap_does_not_run(self);
}

/* "CPUID" of the GHCB MSR protocol */
#define GHCB_MSR_CPUID_REQ	0x004
#define GHCB_MSR_CPUID_RESP	0x005
#define GHCB_CPUID_ECX		(2ull << 30)
#define CPUID_1_ECX_OSXSAVE	BIT(27)
#define NO_CPUID		(~0ull)

/* KVM has to know CR4 for that. */
static uint64_t guest_osxsave(uint64_t on, uint64_t unused)
{
	uint64_t response;

	set_cr4(on ? get_cr4() | X86_CR4_OSXSAVE : get_cr4() & ~X86_CR4_OSXSAVE);
	wrmsr(MSR_AMD64_SEV_ES_GHCB, 1ull << 32 | GHCB_CPUID_ECX | GHCB_MSR_CPUID_REQ);
	vmgexit();
	response = rdmsr(MSR_AMD64_SEV_ES_GHCB);
	if ((response & (BIT(12) - 1)) != GHCB_MSR_CPUID_RESP)
		return NO_CPUID;
	return response >> 32 & CPUID_1_ECX_OSXSAVE;
}

/* "CR Write Traps": how else is KVM to learn what is in an encrypted register? */
TEST_F_TIMEOUT(guest, cr4_write_trap, TIMEOUT)
{
	inside_finish(&self->in);
	TEST_ASSERT_EQ(inside_call(&self->in, guest_osxsave, 1, 0), CPUID_1_ECX_OSXSAVE);
	TEST_ASSERT_EQ(inside_call(&self->in, guest_osxsave, 0, 0), 0);
	TEST_ASSERT_EQ(inside_call(&self->in, guest_osxsave, 1, 0), CPUID_1_ECX_OSXSAVE);
}

/* An interrupt below which the guest can set its priority, and one class above that */
#define IRQ_VECTOR		0x40
#define CR8_BELOW		3ull

#define APIC_REG(apic, reg)	(*(uint32_t *)((apic)->regs + (reg)))

static uint64_t guest_cr8(uint64_t value, uint64_t unused)
{
	uint64_t result;

	asm volatile("movq	%1, %%cr8\n\t"
		     "movq	%%cr8, %0"
		     : "=r" (result)
		     : "r" (value));
	return result;
}

/* It stays pending, as the guest has interrupts off: KVM waits for the window. */
static void interrupt_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm_msi msi = { .address_lo = APIC_DEFAULT_GPA, .data = IRQ_VECTOR };
	struct kvm_lapic_state apic;

	vcpu_ioctl(vcpu, KVM_GET_LAPIC, &apic);
	APIC_REG(&apic, APIC_SPIV) |= APIC_SPIV_APIC_ENABLED;
	vcpu_ioctl(vcpu, KVM_SET_LAPIC, &apic);
	TEST_ASSERT(__vm_ioctl(vcpu->vm, KVM_SIGNAL_MSI, &msi) == 1, "KVM_SIGNAL_MSI");
}

/*
 * "CR Write Traps", "Virtualizing APIC.TPR": what the exception handlers of firmware do in
 * the end, which may be at that time.
 */
TEST_F_TIMEOUT(guest, cr8_while_interrupt_waits, TIMEOUT)
{
	struct kvm_lapic_state apic;
	uint64_t cr8;

	inside_finish(&self->in);
	interrupt_vcpu(self->in.vcpu[0]);
	for (cr8 = 0; cr8 <= CR8_BELOW; cr8++) {
		TEST_ASSERT_EQ(inside_call(&self->in, guest_cr8, cr8, 0), cr8);
		vcpu_ioctl(self->in.vcpu[0], KVM_GET_LAPIC, &apic);
		TEST_ASSERT_EQ(APIC_REG(&apic, APIC_TASKPRI), cr8 << 4);
	}
	TEST_ASSERT_EQ(APIC_REG(&apic, APIC_IRR + IRQ_VECTOR / 32 * 16), BIT(IRQ_VECTOR % 32));
}

struct adder {
	struct inside *in;
	int vcpu;
	uint64_t nr_rounds;
	uint64_t nr_gone;
	bool done;
};

static void *add(void *arg)
{
	struct adder *adder = arg;

	for (; adder->nr_rounds < NR_ROUNDS || !adder->nr_gone; adder->nr_rounds++) {
		inside_tell(adder->in, adder->vcpu, guest_add, inside_gva(0),
			    inside_gva(1 + adder->vcpu));
		adder->nr_gone += inside_result(adder->in, adder->vcpu);
	}
	WRITE_ONCE(adder->done, true);
	return NULL;
}

/* Two vCPUs and one private page, while each of them loses another one at least once. */
TEST_F_TIMEOUT(guest, two_vcpus, TIMEOUT)
{
	struct adder adder[INSIDE_NR_VCPUS];
	pthread_t thread[INSIDE_NR_VCPUS];
	uint64_t counted, rounds = 0;
	int i;

	inside_load(&self->in, 0, NULL, 1 + INSIDE_NR_VCPUS, KVM_SEV_SNP_PAGE_TYPE_ZERO);
	inside_finish(&self->in);

	for (i = 0; i < INSIDE_NR_VCPUS; i++) {
		adder[i] = (struct adder) { .in = &self->in, .vcpu = i };
		TEST_ASSERT(!pthread_create(&thread[i], NULL, add, &adder[i]), "pthread_create()");
	}
	for (i = 0; !READ_ONCE(adder[0].done) || !READ_ONCE(adder[1].done); i++) {
		vm_guest_mem_punch_hole(self->in.guest.vm, inside_gpa(1 + i % INSIDE_NR_VCPUS),
					PAGE_SIZE);
		usleep(1000);
	}
	for (i = 0; i < INSIDE_NR_VCPUS; i++) {
		pthread_join(thread[i], NULL);
		rounds += adder[i].nr_rounds;
	}

	inside_read(&self->in, 0);
	counted = *(uint64_t *)self->in.data.hva;
	TEST_ASSERT(counted == rounds * NR_ADDS, "Counted %lu, wanted %lu", counted,
		    rounds * NR_ADDS);
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
		inside_create(&self->in, NR_PAGES);
		inside_launch(&self->in);
		inside_finish(&self->in);
		inside_tell(&self->in, 0, guest_spin, 0, 0);
		vcpu_run(self->in.vcpu[0]);
		exit(1);
	}

	while (coco_emul_count("VMRUN") < runs + 10)
		TEST_ASSERT(!waitpid(pid, &status, WNOHANG), "The child has failed: 0x%x", status);
	kill(pid, SIGKILL);
	TEST_ASSERT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "The child: 0x%x",
		    status);
}

/* A page of 32-bit code without paging, with all that it needs, by offsets */
#define CODE_32		0x000
#define HANDLER_32	0x080
#define GDT_32		0x100
#define IDT_32		0x200
#define CS_32		0x08
#define DS_32		0x10
#define VC_VECTOR	29
#define VC_CPUID	0x72

static void write_32_bit_code(uint8_t *page, uint32_t gpa)
{
	static const uint8_t code[] = {
		0xb8, 0x01, 0x00, 0x00, 0x00,	/* mov $1, %eax */
		0x0f, 0xa2,			/* cpuid */
		0xf4,				/* hlt */
	};
	/* A termination request: error code in bits 31:16, EIP above them */
	static const uint8_t handler[] = {
		0x58,				/* pop %eax */
		0xc1, 0xe0, 0x10,		/* shl $16, %eax */
		0x0d, 0x00, 0x01, 0x00, 0x00,	/* or $0x100, %eax */
		0x5a,				/* pop %edx */
		0xb9, 0x30, 0x01, 0x01, 0xc0,	/* mov $0xc0010130, %ecx */
		0x0f, 0x30,			/* wrmsr */
		0xf3, 0x0f, 0x01, 0xd9,		/* vmgexit */
	};
	uint64_t *gdt = (void *)page + GDT_32, *idt = (void *)page + IDT_32;
	uint32_t entry = gpa + HANDLER_32;

	memcpy(page + CODE_32, code, sizeof(code));
	memcpy(page + HANDLER_32, handler, sizeof(handler));
	gdt[CS_32 / 8] = 0x00cf9b000000ffff;
	gdt[DS_32 / 8] = 0x00cf93000000ffff;
	idt[VC_VECTOR] = (uint64_t)(entry >> 16) << 48 | 0x8eull << 40 | CS_32 << 16 |
			 (entry & 0xffff);
}

static struct kvm_segment segment_32(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment) {
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

static void set_32_bit_registers(struct kvm_vcpu *vcpu, uint32_t gpa)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	vcpu_sregs_get(vcpu, &sregs);
	sregs.cr0 = X86_CR0_PE | X86_CR0_NE;
	sregs.cr3 = 0;
	sregs.cr4 = 0;
	sregs.efer = 0;
	sregs.cs = segment_32(CS_32, 0xb);
	sregs.ds = segment_32(DS_32, 0x3);
	sregs.es = sregs.ds;
	sregs.ss = sregs.ds;
	sregs.gdt = (struct kvm_dtable) { .base = gpa + GDT_32, .limit = 3 * 8 - 1 };
	sregs.idt = (struct kvm_dtable) { .base = gpa + IDT_32, .limit = 30 * 8 - 1 };
	vcpu_sregs_set(vcpu, &sregs);

	vcpu_regs_get(vcpu, &regs);
	regs.rip = gpa + CODE_32;
	regs.rsp = gpa + PAGE_SIZE;
	vcpu_regs_set(vcpu, &regs);
}

FIXTURE(firmware) {
};

FIXTURE_SETUP(firmware)
{
}

FIXTURE_TEARDOWN(firmware)
{
}

/* "Legacy Protected-Mode Interrupt Control Transfers", of a guest that looks like firmware */
TEST_F_TIMEOUT(firmware, vc_in_32_bit_code, TIMEOUT)
{
	struct inside in;
	struct kvm_run *run;
	uint64_t gpa, want;

	inside_create(&in, 1);
	gpa = vm_phy_page_alloc(in.guest.vm, INSIDE_MIN_GPA,
				in.guest.vm->memslots[MEM_REGION_TEST_DATA]);
	write_32_bit_code(addr_gpa2hva(in.guest.vm, gpa), gpa);
	set_32_bit_registers(in.vcpu[1], gpa);
	inside_launch(&in);
	inside_finish(&in);
	snp_guest_expect_digest(&in.guest);

	run = in.vcpu[1]->run;
	vcpu_run(in.vcpu[1]);
	want = (gpa + 5) << 32 | VC_CPUID << 16 | GHCB_MSR_TERM_REQ;
	TEST_ASSERT(run->exit_reason == KVM_EXIT_SYSTEM_EVENT && run->system_event.data[0] == want,
		    "%s, 0x%llx, wanted 0x%lx", exit_reason_str(run->exit_reason),
		    run->system_event.data[0], want);
	inside_free(&in);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
