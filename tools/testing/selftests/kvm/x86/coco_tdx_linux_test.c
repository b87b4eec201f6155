// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux as a TD: from the reset vector to user space, a report of itself, and off.
 *
 * The firmware is as small as it can be. It is where Linux has no memory, from COCO_TG_BASE
 * on, accepts the memory that nobody has added, and hands over to the kernel. The second
 * vCPU waits for the mailbox of ACPI, as a TD has no SIPI.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm_para.h>

#include "coco_linux.h"
#include "coco_td_guest.h"
#include "kvm_test_harness.h"
#include "kvm_util.h"
#include "test_util.h"

#define MEMORY			(48ul << 20)
#define CMDLINE			"earlyprintk=serial console=ttyS0 panic=-1 swiotlb=noforce nokaslr"

/*
 * Seconds: what the harness allows is more than the boot does, and a TD may take a third of
 * that from its first instruction to the last. There are two, and their launches.
 */
#define TIMEOUT			3600
#define BOOT_TIMEOUT		480

/* "Multiprocessor Wakeup Mailbox Structure" of the ACPI specification */
struct mailbox {
	uint16_t command;
	uint16_t reserved;
	uint32_t apic_id;
	uint64_t vector;
};

#define MAILBOX_WAKEUP		1

/* What is to be accepted; the last one is empty. */
struct range {
	uint64_t start;
	uint64_t end;
};

#define NR_RANGES		(PAGE_SIZE / sizeof(struct range))
#define RANGES_GPA		LINUX_RESERVED_GPA

TD_CODE static void wait_for_mailbox(uint64_t vcpu)
{
	volatile struct mailbox *mailbox = (void *)LINUX_MAILBOX_GPA;
	uint64_t vector;

	while (mailbox->command != MAILBOX_WAKEUP || mailbox->apic_id != vcpu)
		asm volatile("pause");

	vector = mailbox->vector;
	mailbox->command = 0;
	asm volatile("jmp *%0" : : "r" (vector) : "memory");
}

TD_CODE static void firmware(uint64_t *arg, uint64_t vcpu)
{
	const struct range *range = (void *)RANGES_GPA;
	uint64_t gpa;

	if (vcpu)
		wait_for_mailbox(vcpu);

	/* If it does not get its memory it does not go on. */
	for (; range->end; range++) {
		for (gpa = range->start; gpa < range->end; gpa += PAGE_SIZE) {
			if (coco_tg_accept(gpa))
				asm volatile("ud2");
		}
	}

	asm volatile("jmp *%0" : : "r" (arg[0]), "S" (LINUX_PARAMS_GPA) : "memory");
}

/*
 * Is it there from the beginning? What is not zero, and what a vCPU looks at before it is
 * accepted.
 */
static bool is_added(const struct linux_image *image, uint64_t gpa)
{
	const uint8_t *page = image->mem + gpa;

	return gpa == RANGES_GPA || gpa == LINUX_MAILBOX_GPA || page[0] ||
	       memcmp(page, page + 1, PAGE_SIZE - 1);
}

/* There is some as well where Linux looks for ROMs, which is not in its map of memory. */
static bool is_memory(const struct linux_image *image, uint64_t gpa)
{
	return gpa < LINUX_LEGACY_END || (gpa >= LINUX_HIGH_GPA && gpa < image->size);
}

/* The end of what begins at @gpa */
static uint64_t range_end(const struct linux_image *image, uint64_t gpa)
{
	bool added = is_added(image, gpa);

	do {
		gpa += PAGE_SIZE;
	} while (is_memory(image, gpa) && is_added(image, gpa) == added);
	return gpa;
}

/* From the end of @range on, the next memory that is added, or that is not */
static bool next_range(const struct linux_image *image, bool added, struct range *range)
{
	for (range->start = range->end; range->start < image->size; range->start = range->end) {
		range->end = range->start + PAGE_SIZE;
		if (!is_memory(image, range->start))
			continue;

		range->end = range_end(image, range->start);
		if (is_added(image, range->start) == added)
			return true;
	}
	return false;
}

/* Makes the list of what is to be accepted, which is a part of the image. */
static void list_ranges(struct linux_image *image)
{
	struct range *ranges = (void *)image->mem + RANGES_GPA;
	struct range range = {};
	int i = 0;

	while (next_range(image, false, &range)) {
		TEST_ASSERT(i < NR_RANGES - 1, "Too many ranges");
		ranges[i++] = range;
	}
}

static void add_image(struct coco_td *td, const struct linux_image *image)
{
	struct range range = {};

	while (next_range(image, true, &range))
		coco_td_add(td, KVM_TDX_MEASURE_MEMORY_REGION, image->mem + range.start,
			    range.start, (range.end - range.start) / PAGE_SIZE);
}

#define KVM_CPUID_FEATURES	0x40000001

/* What KVM offers to Linux uses memory that they share, as if all were. */
static struct kvm_vcpu *without_features(struct kvm_vcpu *vcpu)
{
	vcpu_get_cpuid_entry(vcpu, KVM_CPUID_FEATURES)->eax = 0;
	vcpu_set_cpuid(vcpu);
	return vcpu;
}

FIXTURE(linux_td) {
	struct coco_emul_census census;
	struct coco_td td;
	struct linux_machine machine;
};

FIXTURE_VARIANT(linux_td) {
	unsigned int nr_vcpus;
};

FIXTURE_VARIANT_ADD(linux_td, one_vcpu) {
	.nr_vcpus = 1,
};

FIXTURE_VARIANT_ADD(linux_td, two_vcpus) {
	.nr_vcpus = 2,
};

FIXTURE_SETUP(linux_td)
{
	struct linux_image image = {
		.size		= MEMORY,
		.nr_vcpus	= variant->nr_vcpus,
		.cmdline	= CMDLINE,
		.mailbox	= true,
	};
	struct coco_td *td = &self->td;

	coco_pamt_census(&self->census);
	coco_td_new(td);
	vm_enable_cap(td->vm, KVM_CAP_EXIT_HYPERCALL, BIT_ULL(KVM_HC_MAP_GPA_RANGE));
	coco_td_init_vm(td);
	coco_td_add_vcpu(td);
	coco_td_init_vcpu(td);
	self->machine.vm = td->vm;
	self->machine.others_wait = true;
	self->machine.vcpu[self->machine.nr_vcpus++] = without_features(td->vcpu);
	if (variant->nr_vcpus > 1)
		self->machine.vcpu[self->machine.nr_vcpus++] =
			without_features(coco_td_add_second_vcpu(td));

	linux_image_init(&image);
	list_ranges(&image);
	coco_td_add_slot(td, 0, LINUX_LEGACY_END / PAGE_SIZE);
	coco_td_add_slot(td, LINUX_HIGH_GPA, (image.size - LINUX_HIGH_GPA) / PAGE_SIZE);
	add_image(td, &image);
	coco_tg_load(td, firmware, &image.entry, 1);
	coco_td_finalize(td);
	linux_image_free(&image);
}

FIXTURE_TEARDOWN(linux_td)
{
	coco_td_free(&self->td);
	coco_emul_census_expect(&self->census);
}

TEST_F_TIMEOUT(linux_td, boots, TIMEOUT)
{
	struct linux_machine *m = &self->machine;
	uint8_t mrtd[SHA384_SIZE];
	char text[64];
	unsigned int i;

	linux_machine_run(m, linux_boot_timeout(BOOT_TIMEOUT) / 3);
	linux_machine_expect(m, "Memory Encryption Features active: Intel TDX");
	for (i = 0; i < variant->nr_vcpus; i++) {
		snprintf(text, sizeof(text), LINUX_INIT_CPU, i);
		linux_machine_expect(m, text);
	}
	sha384_digest(&self->td.mrtd, mrtd);
	linux_machine_expect_hex(m, LINUX_INIT_TD, mrtd, sizeof(mrtd));
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");
	__TEST_REQUIRE(!access(LINUX_KERNEL, R_OK), "No " LINUX_KERNEL);

	return test_harness_run(argc, argv);
}
