/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A Linux that is a confidential guest of a test: what is in its memory when it begins,
 * the few devices that it has, and what it prints.
 *
 * There is no firmware. The kernel begins at its 64-bit entry, Documentation/arch/x86/
 * boot.rst, and finds ACPI tables of a hardware-reduced platform: local APICs and, if the
 * VM has one, an I/O APIC; neither PIC, PIT nor RTC.
 */
#ifndef SELFTEST_KVM_COCO_LINUX_H
#define SELFTEST_KVM_COCO_LINUX_H

#include <linux/bits.h>
#include <linux/sizes.h>

#include "kvm_util.h"

/* The kernel variant "guest" and the init that the boots have, see tools/testing/gmem/guest */
#define LINUX_KERNEL		"/guest/bzImage"
#define LINUX_INITRD		"/guest/initrd"

/* What the init and the kernel say */
#define LINUX_INIT_CPU		"init: runs on CPU %u"
#define LINUX_INIT_SNP		"init: SNP measurement "
#define LINUX_INIT_TD		"init: TD measurement "

/*
 * In memory, from below. The first two and the last are ordinary memory. There is none
 * between LINUX_LEGACY_END and where the kernel is to be: to launch it takes time.
 */
#define LINUX_PARAMS_GPA	0x10000ul
#define LINUX_TABLES_GPA	0x12000ul	/* page tables */
#define LINUX_LOW_END		0xa0000ul
#define LINUX_ACPI_GPA		0xe0000ul
#define LINUX_MAILBOX_GPA	0xe8000ul	/* ACPI NVS */
#define LINUX_RESERVED_GPA	0xf0000ul	/* for the test */
#define LINUX_LEGACY_END	0x100000ul
#define LINUX_HIGH_GPA		0x1000000ul

#define LINUX_IDENTITY_SIZE	SZ_4G

/**
 * struct linux_image - what a kernel finds in memory
 * @size:	where memory ends; filled in by the test, like all up to @cc_blob
 * @nr_vcpus:	vCPUs, with APIC IDs from 0 on
 * @cmdline:	its command line
 * @page_bits:	what entries of page tables have besides, the C-bit
 * @ioapic:	there is an I/O APIC
 * @mailbox:	vCPUs other than the first wait at LINUX_MAILBOX_GPA, "Multiprocessor Wakeup
 *		Structure"
 * @cc_blob:	GPA of a struct cc_blob_sev_info, or 0
 * @mem:	the memory, from 0 on
 * @entry:	where it begins, in 64-bit mode
 * @cr3:	page tables that map LINUX_IDENTITY_SIZE, address for address
 */
struct linux_image {
	size_t size;
	unsigned int nr_vcpus;
	const char *cmdline;
	uint64_t page_bits;
	bool ioapic;
	bool mailbox;
	uint64_t cc_blob;
	uint8_t *mem;
	uint64_t entry;
	uint64_t cr3;
};

/* RSI is to be LINUX_PARAMS_GPA. */
void linux_image_init(struct linux_image *image);
void linux_image_free(struct linux_image *image);
/* Is there something at all at this GPA? */
bool linux_image_has(const struct linux_image *image, uint64_t gpa);
/* coco_linux_acpi.c: the tables, and the RSDP first of all */
void linux_acpi_init(const struct linux_image *image);

/* Registers of ACPI, I/O ports */
#define LINUX_SLEEP_PORT	0x600
#define LINUX_SLEEP_STATUS_PORT	0x601
#define LINUX_RESET_PORT	0x604
#define LINUX_RESET_VALUE	1
#define LINUX_SLEEP_TYPE	5

#define LINUX_MAX_VCPUS		2

/**
 * struct linux_machine - a Linux that runs
 * @vm:		its VM
 * @nr_vcpus:	how many of @vcpu there are
 * @vcpu:	its vCPUs
 * @others_wait: vCPUs other than the first wait in a loop, so that they need not run before
 *		that has printed something
 * @text:	all that it has printed
 */
struct linux_machine {
	struct kvm_vm *vm;
	unsigned int nr_vcpus;
	struct kvm_vcpu *vcpu[LINUX_MAX_VCPUS];
	bool others_wait;

	/* The rest is for coco_linux_run.c. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const char *end;
	uint8_t uart[8];
	size_t line;
	size_t len;
	char text[SZ_128K];
};

/* Seconds that the boot of the test may take, @otherwise if nothing says so */
unsigned int linux_boot_timeout(unsigned int otherwise);
/* Until it has switched off, which it has to do within so many seconds */
void linux_machine_run(struct linux_machine *m, unsigned int seconds);
void linux_machine_expect(const struct linux_machine *m, const char *text);
/* What follows that text in a line, @len hexadecimal digits */
void linux_machine_expect_hex(const struct linux_machine *m, const char *text,
			      const uint8_t *want, size_t len);

#endif /* SELFTEST_KVM_COCO_LINUX_H */
