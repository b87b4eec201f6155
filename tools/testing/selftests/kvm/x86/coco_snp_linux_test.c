// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux boots as an SNP guest on the emulated SEV-SNP host: the kernel variant "guest",
 * launched page by page, without firmware. It has to see that its memory is encrypted,
 * run an init of ours, fetch an attestation report with the digest that is calculated
 * here, and switch off.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/psp-sev.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_linux.h"
#include "coco_snp.h"
#include "coco_snp_inside.h"
#include "sev.h"

/* Most of it from LINUX_HIGH_GPA on */
#define MEMORY_END		(40ul * SZ_1M)
#define NR_PAGES		(MEMORY_END / PAGE_SIZE)

/*
 * Seconds: what the harness allows is more than the boot does, and a guest may take a third
 * of that from its first instruction to the last.
 */
#define TIMEOUT			3600
#define BOOT_TIMEOUT		600

/* Behind what the library has there */
#define BLOB_GPA		(LINUX_RESERVED_GPA + 1 * PAGE_SIZE)
#define SECRETS_GPA		(LINUX_RESERVED_GPA + 2 * PAGE_SIZE)
#define CPUID_GPA		(LINUX_RESERVED_GPA + 3 * PAGE_SIZE)

#define CONSOLE_OPTIONS		"console=ttyS0 earlyprintk=serial loglevel=5 panic=-1"
#define OTHER_OPTIONS		"swiotlb=noforce rcupdate.rcu_cpu_stall_suppress=1 tsc=reliable"

/* struct cc_blob_sev_info of the kernel */
struct cc_blob {
	uint32_t magic;
	uint16_t version;
	uint16_t rsvd1;
	uint64_t secrets;
	uint32_t secrets_len;
	uint32_t rsvd2;
	uint64_t cpuid;
	uint32_t cpuid_len;
	uint32_t rsvd3;
};

#define CC_BLOB_MAGIC		0x45444d41
#define CC_BLOB_VERSION		2

/* 64-bit mode, with paging */
#define CS_BOOT			0x10
#define DS_BOOT			0x18
#define TYPE_CODE		0xb
#define TYPE_DATA		0x3

/* Where KVM has the firmware believe that VMSAs are */
#define VMSA_GPA		0xfffffffff000ull

FIXTURE(linux_guest) {
	struct coco_emul_census census;
	struct snp_guest guest;
	struct linux_image image;
	struct linux_machine *machine;
	struct kvm_cpuid2 *cpuid;
	char cmdline[256];
};

/*
 * QEMU has neither XSAVEC nor XSAVES, without which Linux does not take leaf 0xd of an SNP
 * guest: the guest has no XSAVE, and nothing that needs it. Leaves of KVM's own are left
 * out, too.
 */
#define LAST_LEAF		7
#define LEAF_EXTENDED		0x80000000

static const struct {
	uint32_t leaf;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
} hidden[] = {
	/* XSAVE, OSXSAVE, AVX, FMA, F16C */
	{ 1, 0, BIT(26) | BIT(27) | BIT(28) | BIT(12) | BIT(29), 0 },
	/* AVX2, AVX512, SGX; PKU, OSPKE, VAES, VPCLMULQDQ; what the firmware does not know */
	{ 7, BIT(5) | BIT(16) | BIT(17) | BIT(21) | GENMASK(28, 26) | GENMASK(31, 30) | BIT(2),
	  BIT(3) | BIT(4) | BIT(9) | BIT(10), GENMASK(3, 0) | GENMASK(27, 5) | GENMASK(31, 29) },
};

static void hide(struct kvm_cpuid_entry2 *e)
{
	int i;

	if (e->function == 0)
		e->eax = LAST_LEAF;
	for (i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (hidden[i].leaf == e->function) {
			e->ebx &= ~hidden[i].ebx;
			e->ecx &= ~hidden[i].ecx;
			e->edx &= ~hidden[i].edx;
		}
	}
}

static struct kvm_cpuid2 *make_cpuid(void)
{
	const struct kvm_cpuid2 *all = kvm_get_supported_cpuid();
	struct kvm_cpuid2 *cpuid = allocate_kvm_cpuid2(all->nent);
	uint32_t leaf;
	int i;

	cpuid->nent = 0;
	for (i = 0; i < all->nent; i++) {
		leaf = all->entries[i].function;
		if (leaf > LAST_LEAF && leaf < LEAF_EXTENDED)
			continue;
		cpuid->entries[cpuid->nent] = all->entries[i];
		hide(&cpuid->entries[cpuid->nent++]);
	}
	return cpuid;
}

static void fill_cpuid_page(struct snp_cpuid_table *table, const struct kvm_cpuid2 *cpuid)
{
	int i;

	TEST_ASSERT(cpuid->nent <= SNP_CPUID_COUNT_MAX, "%u CPUID leaves", cpuid->nent);
	table->count = cpuid->nent;
	for (i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		table->fn[i].eax_in = e->function;
		table->fn[i].ecx_in = e->index;
		table->fn[i].eax = e->eax;
		table->fn[i].ebx = e->ebx;
		table->fn[i].ecx = e->ecx;
		table->fn[i].edx = e->edx;
	}
}

static struct kvm_segment segment_64(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment) {
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = type != TYPE_CODE,
		.l = type == TYPE_CODE,
		.s = 1,
		.g = 1,
	};
}

/* "64-bit Boot Protocol" */
static void set_entry(struct kvm_vcpu *vcpu, const struct linux_image *image)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	vcpu_sregs_get(vcpu, &sregs);
	sregs.cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE | X86_CR0_PG;
	sregs.cr3 = image->cr3 | image->page_bits;
	sregs.cr4 = X86_CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	sregs.cs = segment_64(CS_BOOT, TYPE_CODE);
	sregs.ds = segment_64(DS_BOOT, TYPE_DATA);
	sregs.es = sregs.ds;
	sregs.ss = sregs.ds;
	vcpu_sregs_set(vcpu, &sregs);

	vcpu_regs_get(vcpu, &regs);
	regs.rip = image->entry;
	regs.rsi = LINUX_PARAMS_GPA;
	vcpu_regs_set(vcpu, &regs);
}

/* KVM answers for the APIC ID, which is another one on each vCPU. */
static void set_cpuid(struct kvm_vcpu *vcpu, const struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *e;

	vcpu_init_cpuid(vcpu, cpuid);
	e = vcpu_get_cpuid_entry(vcpu, 1);
	e->ebx = (e->ebx & GENMASK(23, 0)) | vcpu->id << 24;
	vcpu_set_cpuid(vcpu);
	vcpu_get_cpuid_entry(vcpu, 0x8000001e)->eax = vcpu->id;
	vcpu_set_cpuid(vcpu);
}

/*
 * All but the first wait like those of firmware, "AP Reset Hold". After a reset KVM says that
 * segments are accessed, and has them otherwise, which would be measured.
 */
static void add_vcpus(FIXTURE_DATA(linux_guest) *self)
{
	const struct kvm_mp_state hold = { .mp_state = KVM_MP_STATE_AP_RESET_HOLD };
	struct linux_machine *m = self->machine;
	struct kvm_sregs sregs;
	unsigned int i;

	for (i = 0; i < m->nr_vcpus; i++) {
		m->vcpu[i] = __vm_vcpu_add(m->vm, i);
		set_cpuid(m->vcpu[i], self->cpuid);
		vcpu_sregs_get(m->vcpu[i], &sregs);
		vcpu_sregs_set(m->vcpu[i], &sregs);
		if (i)
			vcpu_ioctl(m->vcpu[i], KVM_SET_MP_STATE, &hold);
	}
	set_entry(m->vcpu[0], &self->image);
}

static void fill_image(FIXTURE_DATA(linux_guest) *self)
{
	const struct kvm_cpuid_entry2 *encryption;
	struct linux_image *image = &self->image;
	struct cc_blob *blob;
	int khz;

	encryption = get_cpuid_entry(self->cpuid, 0x8000001f, 0);
	/*
	 * There is no PIT to tell the frequency by, and nobody knows how fast a guest is. Each
	 * character costs two exits, so only warnings are printed.
	 */
	khz = __vm_ioctl(self->guest.vm, KVM_GET_TSC_KHZ, NULL);
	TEST_ASSERT(khz > 0, "KVM_GET_TSC_KHZ: %d", khz);
	snprintf(self->cmdline, sizeof(self->cmdline),
		 CONSOLE_OPTIONS " " OTHER_OPTIONS " tsc_early_khz=%d", khz);

	image->size = MEMORY_END;
	image->nr_vcpus = self->machine->nr_vcpus;
	image->cmdline = self->cmdline;
	image->page_bits = BIT_ULL(encryption->ebx & 0x3f);
	image->ioapic = true;
	image->cc_blob = BLOB_GPA;
	linux_image_init(image);

	blob = (void *)image->mem + BLOB_GPA;
	*blob = (struct cc_blob) {
		.magic = CC_BLOB_MAGIC,
		.version = CC_BLOB_VERSION,
		.secrets = SECRETS_GPA,
		.secrets_len = PAGE_SIZE,
		.cpuid = CPUID_GPA,
		.cpuid_len = PAGE_SIZE,
	};
	fill_cpuid_page((void *)image->mem + CPUID_GPA, self->cpuid);
}

/* What a page is launched as, 0 if it is not there */
static uint8_t page_type(const struct linux_image *image, size_t page)
{
	static const uint8_t zero[PAGE_SIZE];
	uint64_t gpa = page * PAGE_SIZE;

	if (gpa == SECRETS_GPA)
		return KVM_SEV_SNP_PAGE_TYPE_SECRETS;
	if (gpa == CPUID_GPA)
		return KVM_SEV_SNP_PAGE_TYPE_CPUID;
	if (!linux_image_has(image, gpa))
		return 0;

	return memcmp(image->mem + gpa, zero, PAGE_SIZE) ? KVM_SEV_SNP_PAGE_TYPE_NORMAL :
							   KVM_SEV_SNP_PAGE_TYPE_ZERO;
}

/* All memory, so that the guest need not accept any */
static void launch(FIXTURE_DATA(linux_guest) *self)
{
	uint8_t *mem = self->image.mem, type, *vmsa = snp_map_pages(1);
	struct linux_machine *m = self->machine;
	size_t page, end;
	unsigned int i;

	snp_guest_start(&self->guest);
	for (page = 0; page < NR_PAGES; page = end) {
		type = page_type(&self->image, page);
		for (end = page + 1; end < NR_PAGES && page_type(&self->image, end) == type; )
			end++;
		if (type)
			snp_guest_update(&self->guest, page,
					 type == KVM_SEV_SNP_PAGE_TYPE_ZERO ?
					 NULL : mem + page * PAGE_SIZE, end - page, type);
	}
	for (i = 0; i < m->nr_vcpus; i++) {
		snp_vmsa(m->vcpu[i], vmsa);
		snp_guest_measure(&self->guest, VMSA_GPA / PAGE_SIZE, vmsa, SNP_PAGE_TYPE_VMSA);
	}
	kvm_munmap(vmsa, PAGE_SIZE);
	snp_vm_launch_finish(m->vm);
	linux_image_free(&self->image);
	printf("# launched, %lu pages\n", self->guest.updated);
	fflush(stdout);
}

/* Up to the launch */
static void create(FIXTURE_DATA(linux_guest) *self, unsigned int nr_vcpus)
{
	struct linux_machine *m = self->machine;

	snp_guest_create(&self->guest, 0, NR_PAGES);
	m->vm = self->guest.vm;
	m->nr_vcpus = nr_vcpus;
	vm_create_irqchip(m->vm);
	vm_enable_cap(m->vm, KVM_CAP_EXIT_HYPERCALL, BIT(KVM_HC_MAP_GPA_RANGE));
	self->cpuid = make_cpuid();
	fill_image(self);
	add_vcpus(self);
}

FIXTURE_SETUP(linux_guest)
{
	snp_census_read(&self->census);
	self->machine = calloc(1, sizeof(*self->machine));
	TEST_ASSERT(self->machine, "calloc()");
}

FIXTURE_TEARDOWN(linux_guest)
{
	snp_guest_free(&self->guest);
	free(self->machine);
	free(self->cpuid);
	coco_emul_census_expect(&self->census);
}

static void expect_boot(FIXTURE_DATA(linux_guest) *self, unsigned int nr_vcpus)
{
	struct linux_machine *m = self->machine;
	char text[64];
	unsigned int i;

	create(self, nr_vcpus);
	launch(self);
	snp_guest_expect_digest(&self->guest);
	linux_machine_run(m, linux_boot_timeout(BOOT_TIMEOUT) / 3);

	linux_machine_expect(m, "Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP");
	for (i = 0; i < nr_vcpus; i++) {
		snprintf(text, sizeof(text), LINUX_INIT_CPU, i);
		linux_machine_expect(m, text);
	}
	linux_machine_expect_hex(m, LINUX_INIT_SNP, self->guest.ld, sizeof(self->guest.ld));
}

TEST_F_TIMEOUT(linux_guest, one_vcpu, TIMEOUT)
{
	expect_boot(self, 1);
}

TEST_F_TIMEOUT(linux_guest, two_vcpus, TIMEOUT)
{
	expect_boot(self, 2);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));
	TEST_REQUIRE(!access(LINUX_KERNEL, R_OK));

	return test_harness_run(argc, argv);
}
