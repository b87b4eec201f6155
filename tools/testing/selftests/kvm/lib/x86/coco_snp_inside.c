// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "sparsebit.h"
#include "coco_snp_inside.h"
#include "sev.h"

#define VC_VECTOR		29

/* "GHCB MSR Protocol" */
#define GHCB_MSR_REG_GPA_REQ	0x012
#define GHCB_MSR_REG_GPA_RESP	0x013
#define GHCB_MSR_PSC_REQ	0x014
#define GHCB_MSR_PSC_RESP	0x015
#define PSC_PRIVATE		1ull
#define PSC_SHARED		2ull
#define PSC_OP_SHIFT		52
/* No error number, but no answer to the request either */
#define PSC_NO_RESPONSE		BIT_ULL(40)

/* "GHCB Layout" */
#define GHCB_RAX		0x1f8
#define GHCB_RBX		0x318
#define GHCB_EXIT_CODE		0x390
#define GHCB_EXIT_INFO_1	0x398
#define GHCB_EXIT_INFO_2	0x3a0
#define GHCB_VALID_BITMAP	0x3f0
#define GHCB_VERSION		0xffa

/* Where KVM has the firmware believe that VMSAs are */
#define VMSA_GPA		0xfffffffff000ull

/*
 * #VC, the frame of which begins with the error code: RIP goes to the end of the
 * access, and RCX has the error code. Anywhere else it is a bug: a termination request,
 * which fails the test.
 */
static __attribute__((naked)) void guest_vc_entry(void)
{
	asm("popq	%rcx\n\t"
	    "pushq	%rax\n\t"
	    "leaq	inside_load_insn(%rip), %rax\n\t"
	    "cmpq	%rax, 8(%rsp)\n\t"
	    "je		1f\n\t"
	    "leaq	inside_store_insn(%rip), %rax\n\t"
	    "cmpq	%rax, 8(%rsp)\n\t"
	    "je		1f\n"
	    "xorl	%edx, %edx\n\t"
	    "movl	$0x100, %eax\n\t"
	    "movl	$0xc0010130, %ecx\n\t"
	    "wrmsr\n\t"
	    "rep; vmmcall\n"
	    "1:\n\t"
	    "leaq	inside_access_end(%rip), %rax\n\t"
	    "movq	%rax, 8(%rsp)\n\t"
	    "popq	%rax\n\t"
	    "iretq");
}

/* Returns the error code of a #VC, INSIDE_FINE without one. */
static __attribute__((naked)) uint64_t guest_access(uint64_t addr, uint64_t value,
						    uint64_t write)
{
	asm("xorl	%ecx, %ecx\n\t"
	    "testq	%rdx, %rdx\n\t"
	    "jnz	inside_store_insn\n"
	    "inside_load_insn:\n\t"
	    "movq	(%rdi), %rax\n\t"
	    "jmp	inside_access_end\n"
	    "inside_store_insn:\n\t"
	    "movq	%rsi, (%rdi)\n"
	    "inside_access_end:\n\t"
	    "movq	%rcx, %rax\n\t"
	    "ret");
}

uint64_t guest_load(uint64_t addr, uint64_t unused)
{
	return guest_access(addr, 0, false);
}

uint64_t guest_store(uint64_t addr, uint64_t value)
{
	return guest_access(addr, value, true);
}

static uint64_t pvalidate(uint64_t addr, uint64_t size, uint64_t validate)
{
	uint64_t result;
	bool unchanged;

	asm volatile(".byte 0xf2, 0x0f, 0x01, 0xff"
		     : "=a" (result), "=@ccc" (unchanged)
		     : "a" (addr), "c" (size), "d" (validate)
		     : "memory");
	return (uint32_t)result | (unchanged ? PVALIDATE_ALREADY : 0);
}

uint64_t guest_pvalidate(uint64_t addr, uint64_t validate)
{
	return pvalidate(addr, 0, validate);
}

uint64_t guest_pvalidate_2m(uint64_t addr, uint64_t validate)
{
	return pvalidate(addr, 1, validate);
}

uint64_t guest_rmpadjust(uint64_t addr, uint64_t attributes)
{
	uint64_t result;

	asm volatile(".byte 0xf3, 0x0f, 0x01, 0xfe"
		     : "=a" (result)
		     : "a" (addr), "c" (0), "d" (attributes)
		     : "memory", "cc");
	return (uint32_t)result;
}

uint64_t guest_page_state(uint64_t gpa, uint64_t private)
{
	uint64_t op = private ? PSC_PRIVATE : PSC_SHARED, response;

	wrmsr(MSR_AMD64_SEV_ES_GHCB, op << PSC_OP_SHIFT | gpa | GHCB_MSR_PSC_REQ);
	vmgexit();
	response = rdmsr(MSR_AMD64_SEV_ES_GHCB);
	return (response & (PAGE_SIZE - 1)) == GHCB_MSR_PSC_RESP ? response >> 32 :
								   PSC_NO_RESPONSE;
}

static void ghcb_put(uint8_t *ghcb, unsigned int offset, uint64_t value)
{
	unsigned int bit = offset / 8;

	*(uint64_t *)(ghcb + offset) = value;
	ghcb[GHCB_VALID_BITMAP + bit / 8] |= 1 << bit % 8;
}

uint64_t guest_ghcb(uint64_t request, uint64_t unused)
{
	const struct inside_ghcb *r = (void *)request;
	uint8_t *ghcb = (void *)r->page.gva;

	wrmsr(MSR_AMD64_SEV_ES_GHCB, r->page.gpa | GHCB_MSR_REG_GPA_REQ);
	vmgexit();
	if (rdmsr(MSR_AMD64_SEV_ES_GHCB) != (r->page.gpa | GHCB_MSR_REG_GPA_RESP))
		return INSIDE_NO_GHCB;

	memset(ghcb, 0, PAGE_SIZE);
	ghcb[GHCB_VERSION] = 2;
	ghcb_put(ghcb, GHCB_EXIT_CODE, r->exit_code);
	ghcb_put(ghcb, GHCB_EXIT_INFO_1, r->info_1);
	ghcb_put(ghcb, GHCB_EXIT_INFO_2, r->info_2);
	ghcb_put(ghcb, GHCB_RAX, r->rax);
	ghcb_put(ghcb, GHCB_RBX, r->rbx);
	wrmsr(MSR_AMD64_SEV_ES_GHCB, r->page.gpa);
	vmgexit();
	return READ_ONCE(*(uint64_t *)(ghcb + GHCB_EXIT_INFO_2));
}

uint64_t guest_spin(uint64_t unused0, uint64_t unused1)
{
	for (;;)
		cpu_relax();
}

uint64_t guest_copy(uint64_t to, uint64_t from)
{
	uint64_t *dst = (void *)to, *src = (void *)from;
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*dst); i++)
		WRITE_ONCE(dst[i], READ_ONCE(src[i]));
	return 0;
}

void guest_done(void)
{
	guest_page_state(INSIDE_DONE_GPA, false);
}

static void guest_code(struct inside_mailbox *mailbox)
{
	inside_fn fn;

	for (;;) {
		fn = READ_ONCE(mailbox->fn);
		WRITE_ONCE(mailbox->result,
			   fn(READ_ONCE(mailbox->arg[0]), READ_ONCE(mailbox->arg[1])));
		guest_done();
	}
}

/* A 64-bit interrupt gate in the IDT that the library has made */
static void set_vc_handler(struct kvm_vm *vm)
{
	uint64_t *gate = addr_gva2hva(vm, vm->arch.idt + VC_VECTOR * 16);
	uint64_t entry = (uint64_t)guest_vc_entry;

	gate[0] = (gate[0] & 0x0000ffffffff0000ul) | (entry & 0xffff) |
		  (entry >> 16 & 0xffff) << 48;
	gate[1] = entry >> 32;
}

/* The library sets the C-bit of pages that it launches, which these are not part of. */
static void map_pages(struct kvm_vm *vm, size_t npages)
{
	struct userspace_mem_region *region;
	size_t i;

	vm_mem_add(vm, VM_MEM_SRC_ANONYMOUS, INSIDE_GPA, SNP_SLOT, npages, KVM_MEM_GUEST_MEMFD,
		   -1, 0);
	region = memslot2region(vm, SNP_SLOT);
	for (i = 0; i < npages; i++) {
		virt_pg_map(vm, INSIDE_SHARED_GVA + i * PAGE_SIZE, inside_gpa(i));
		sparsebit_set(region->protected_phy_pages, inside_gpa(i) / PAGE_SIZE);
		virt_pg_map(vm, inside_gva(i), inside_gpa(i));
		sparsebit_clear(region->protected_phy_pages, inside_gpa(i) / PAGE_SIZE);
	}
	vm_mem_set_private(vm, INSIDE_GPA, npages * PAGE_SIZE);
}

/* By functions that have the same name in Linux 7.3 */
struct inside_shared inside_share(struct inside *s)
{
	struct kvm_vm *vm = s->guest.vm;
	struct inside_shared page = {
		.gva = INSIDE_ALL_SHARED_GVA + s->nr_shared++ * PAGE_SIZE,
		.gpa = __vm_phy_pages_alloc(vm, 1, INSIDE_MIN_GPA,
					    vm->memslots[MEM_REGION_TEST_DATA], false),
	};

	virt_pg_map(vm, page.gva, page.gpa);
	page.hva = addr_gpa2hva(vm, page.gpa);
	return page;
}

void inside_create(struct inside *s, size_t npages)
{
	struct vm_shape shape = {
		.mode = VM_MODE_DEFAULT,
		.type = KVM_X86_SNP_VM,
	};
	struct inside_shared mailbox;
	int i;

	memset(s, 0, sizeof(*s));
	s->guest.vm = __vm_create_with_vcpus(shape, INSIDE_NR_VCPUS, 0, guest_code, s->vcpu);
	for (i = 0; i < INSIDE_NR_VCPUS; i++) {
		mailbox = inside_share(s);
		s->mailbox[i] = mailbox.hva;
		vcpu_args_set(s->vcpu[i], 1, mailbox.gva);
	}
	s->data = inside_share(s);
	set_vc_handler(s->guest.vm);
	map_pages(s->guest.vm, npages);
	vm_enable_cap(s->guest.vm, KVM_CAP_EXIT_HYPERCALL, BIT(KVM_HC_MAP_GPA_RANGE));
}

/* In the order in which the library launches them */
static void measure_image(struct inside *s)
{
	struct kvm_vm *vm = s->guest.vm;
	struct userspace_mem_region *region;
	sparsebit_idx_t first, last, i;
	int ctr;

	hash_for_each(vm->regions.slot_hash, ctr, region, slot_node) {
		if (!sparsebit_any_set(region->protected_phy_pages))
			continue;

		sparsebit_for_each_set_range(region->protected_phy_pages, first, last) {
			for (i = first; i <= last; i++) {
				snp_guest_measure(&s->guest, i, addr_gpa2hva(vm, i * PAGE_SIZE),
						  KVM_SEV_SNP_PAGE_TYPE_NORMAL);
			}
		}
	}
}

void inside_launch(struct inside *s)
{
	snp_guest_start(&s->guest);
	measure_image(s);
	snp_vm_launch_update(s->guest.vm);
}

void inside_load(struct inside *s, size_t page, const void *src, size_t npages, uint8_t type)
{
	snp_guest_update(&s->guest, inside_gpa(page) / PAGE_SIZE, src, npages, type);
}

void inside_measure_vmsas(struct inside *s)
{
	uint8_t *vmsa = snp_map_pages(1);
	int i;

	for (i = 0; i < INSIDE_NR_VCPUS; i++) {
		snp_vmsa(s->vcpu[i], vmsa);
		snp_guest_measure(&s->guest, VMSA_GPA / PAGE_SIZE, vmsa, SNP_PAGE_TYPE_VMSA);
	}
	kvm_munmap(vmsa, PAGE_SIZE);
}

void inside_finish(struct inside *s)
{
	inside_measure_vmsas(s);
	snp_vm_launch_finish(s->guest.vm);
}

void inside_free(struct inside *s)
{
	kvm_vm_free(s->guest.vm);
}

void inside_tell(struct inside *s, int vcpu, inside_fn fn, uint64_t arg0, uint64_t arg1)
{
	*s->mailbox[vcpu] = (struct inside_mailbox) {
		.fn = fn,
		.arg = { arg0, arg1 },
		.result = ~0ull,
	};
}

bool inside_is_done(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_HYPERCALL &&
	       run->hypercall.nr == KVM_HC_MAP_GPA_RANGE &&
	       run->hypercall.args[0] == INSIDE_DONE_GPA;
}

/* What a VMM does about guest_page_state() */
static void convert(struct kvm_vm *vm, struct kvm_run *run)
{
	uint64_t gpa = run->hypercall.args[0], size = run->hypercall.args[1] * PAGE_SIZE;

	TEST_ASSERT(run->hypercall.nr == KVM_HC_MAP_GPA_RANGE, "Hypercall %llu",
		    run->hypercall.nr);
	if (run->hypercall.args[2] & KVM_MAP_GPA_RANGE_ENCRYPTED) {
		vm_mem_set_private(vm, gpa, size);
	} else {
		vm_mem_set_shared(vm, gpa, size);
		vm_guest_mem_punch_hole(vm, gpa, size);
	}
	run->hypercall.ret = 0;
}

uint64_t inside_result(struct inside *s, int vcpu)
{
	struct kvm_run *run = s->vcpu[vcpu]->run;

	vcpu_run(s->vcpu[vcpu]);
	while (run->exit_reason == KVM_EXIT_HYPERCALL && !inside_is_done(run)) {
		convert(s->guest.vm, run);
		vcpu_run(s->vcpu[vcpu]);
	}

	TEST_ASSERT(inside_is_done(run), "%p(0x%lx, 0x%lx): %s", s->mailbox[vcpu]->fn,
		    s->mailbox[vcpu]->arg[0], s->mailbox[vcpu]->arg[1],
		    exit_reason_str(run->exit_reason));
	run->hypercall.ret = 0;
	return s->mailbox[vcpu]->result;
}

uint64_t inside_call(struct inside *s, inside_fn fn, uint64_t arg0, uint64_t arg1)
{
	inside_tell(s, 0, fn, arg0, arg1);
	return inside_result(s, 0);
}

void inside_read(struct inside *s, size_t page)
{
	memset(s->data.hva, 0xee, PAGE_SIZE);
	inside_call(s, guest_copy, s->data.gva, inside_gva(page));
}

void inside_expect(struct inside *s, size_t page, const void *want)
{
	inside_read(s, page);
	TEST_ASSERT(!memcmp(s->data.hva, want, PAGE_SIZE),
		    "The guest does not see in page %lu what was loaded", page);
}

void inside_expect_load(struct inside *s, size_t page, uint64_t want)
{
	uint64_t error = inside_call(s, guest_load, inside_gva(page), 0);

	TEST_ASSERT(error == want, "Load from page %lu: #VC 0x%lx, wanted 0x%lx", page, error,
		    want);
}

void inside_expect_pvalidate(struct inside *s, size_t page, bool validate, uint64_t want)
{
	uint64_t result = inside_call(s, guest_pvalidate, inside_gva(page), validate);

	TEST_ASSERT(result == want, "PVALIDATE(%d) of page %lu: 0x%lx, wanted 0x%lx", validate,
		    page, result, want);
}
