// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI tables of a Linux that a test runs, "ACPI Software Programming Model" of the ACPI
 * Specification 6.5: a hardware-reduced platform.
 */
#include <stddef.h>
#include <string.h>

#include "test_util.h"
#include "kvm_util.h"
#include "coco_linux.h"

#define TABLE_ALIGN		64
#define LAPIC_ADDRESS		0xfee00000
#define IOAPIC_ADDRESS		0xfec00000

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt_address;
	uint32_t length;
	uint64_t xsdt_address;
	uint8_t extended_checksum;
	uint8_t rsvd[3];
} __packed;

#define RSDP_FIRST_PART		20

struct table_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __packed;

#define NR_TABLES		2

struct xsdt {
	struct table_header header;
	uint64_t table[NR_TABLES];
} __packed;

/* "Generic Address Structure" */
struct gas {
	uint8_t space;
	uint8_t bits;
	uint8_t offset;
	uint8_t access;
	uint64_t address;
} __packed;

#define SPACE_IO		1
#define ACCESS_BYTE		1

struct fadt {
	struct table_header header;
	uint8_t skip1[73];
	uint16_t boot_arch;
	uint8_t rsvd1;
	uint32_t flags;
	struct gas reset;
	uint8_t reset_value;
	uint8_t skip2[2];
	uint8_t minor;
	uint64_t x_firmware_ctrl;
	uint64_t x_dsdt;
	uint8_t skip3[96];
	struct gas sleep_control;
	struct gas sleep_status;
	uint64_t hypervisor;
} __packed;

#define FADT_REVISION		6
#define FADT_MINOR		5
#define BOOT_NO_VGA		BIT(2)
#define BOOT_NO_RTC		BIT(5)
#define FADT_WBINVD		BIT(0)
#define FADT_RESET		BIT(10)
#define FADT_HW_REDUCED		BIT(20)

kvm_static_assert(offsetof(struct fadt, reset) == 116);
kvm_static_assert(offsetof(struct fadt, sleep_control) == 244);
kvm_static_assert(sizeof(struct fadt) == 276);

struct madt {
	struct table_header header;
	uint32_t lapic_address;
	uint32_t flags;
} __packed;

#define MADT_REVISION		5

struct madt_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t processor;
	uint8_t apic_id;
	uint32_t flags;
} __packed;

struct madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t rsvd;
	uint32_t address;
	uint32_t gsi;
} __packed;

struct madt_wakeup {
	uint8_t type;
	uint8_t length;
	uint16_t version;
	uint32_t rsvd;
	uint64_t mailbox;
} __packed;

#define MADT_LAPIC		0
#define MADT_IOAPIC		1
#define MADT_WAKEUP		0x10
#define LAPIC_ENABLED		BIT(0)

/* Name (_S5, Package () { LINUX_SLEEP_TYPE, LINUX_SLEEP_TYPE, 0, 0 }) */
static const uint8_t s5[] = {
	0x08, '_', 'S', '5', '_', 0x12, 8, 4, 0x0a, LINUX_SLEEP_TYPE, 0x0a, LINUX_SLEEP_TYPE,
	0x00, 0x00,
};

#define DSDT_REVISION		2

static uint8_t checksum(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += bytes[i];
	return -sum;
}

/* Where tables go, one after the other */
struct writer {
	const struct linux_image *image;
	uint64_t gpa;
};

static void *begin(struct writer *w, const char *signature, uint8_t revision, size_t size)
{
	struct table_header *header = (void *)w->image->mem + w->gpa;

	memcpy(header->signature, signature, sizeof(header->signature));
	header->revision = revision;
	header->length = size;
	memcpy(header->oem_id, "GMEM  ", sizeof(header->oem_id));
	memcpy(header->oem_table_id, "GMEMTEST", sizeof(header->oem_table_id));
	memcpy(header->creator_id, "GMEM", sizeof(header->creator_id));
	return header;
}

/* Room for @size more bytes of it */
static void *extend(struct table_header *header, size_t size)
{
	void *end = (void *)header + header->length;

	header->length += size;
	return end;
}

/* Returns where it is. */
static uint64_t finish(struct writer *w, struct table_header *header)
{
	uint64_t gpa = w->gpa;

	header->checksum = checksum(header, header->length);
	w->gpa += (header->length + TABLE_ALIGN - 1) & ~(TABLE_ALIGN - 1ul);
	TEST_ASSERT(w->gpa <= LINUX_MAILBOX_GPA, "Too many ACPI tables");
	return gpa;
}

static uint64_t write_dsdt(struct writer *w)
{
	struct table_header *dsdt = begin(w, "DSDT", DSDT_REVISION, sizeof(*dsdt));

	memcpy(extend(dsdt, sizeof(s5)), s5, sizeof(s5));
	return finish(w, dsdt);
}

static struct gas io_port(uint16_t port)
{
	return (struct gas) {
		.space = SPACE_IO,
		.bits = 8,
		.access = ACCESS_BYTE,
		.address = port,
	};
}

static uint64_t write_fadt(struct writer *w, uint64_t dsdt)
{
	struct fadt *fadt = begin(w, "FACP", FADT_REVISION, sizeof(*fadt));

	fadt->minor = FADT_MINOR;
	fadt->boot_arch = BOOT_NO_VGA | BOOT_NO_RTC;
	fadt->flags = FADT_WBINVD | FADT_RESET | FADT_HW_REDUCED;
	fadt->x_dsdt = dsdt;
	fadt->reset = io_port(LINUX_RESET_PORT);
	fadt->reset_value = LINUX_RESET_VALUE;
	fadt->sleep_control = io_port(LINUX_SLEEP_PORT);
	fadt->sleep_status = io_port(LINUX_SLEEP_STATUS_PORT);
	return finish(w, &fadt->header);
}

static uint64_t write_madt(struct writer *w)
{
	struct madt *madt = begin(w, "APIC", MADT_REVISION, sizeof(*madt));
	unsigned int i;

	madt->lapic_address = LAPIC_ADDRESS;
	for (i = 0; i < w->image->nr_vcpus; i++) {
		struct madt_lapic *lapic = extend(&madt->header, sizeof(*lapic));

		lapic->type = MADT_LAPIC;
		lapic->length = sizeof(*lapic);
		lapic->processor = i;
		lapic->apic_id = i;
		lapic->flags = LAPIC_ENABLED;
	}
	if (w->image->ioapic) {
		struct madt_ioapic *ioapic = extend(&madt->header, sizeof(*ioapic));

		ioapic->type = MADT_IOAPIC;
		ioapic->length = sizeof(*ioapic);
		ioapic->address = IOAPIC_ADDRESS;
	}
	if (w->image->mailbox) {
		struct madt_wakeup *wakeup = extend(&madt->header, sizeof(*wakeup));

		wakeup->type = MADT_WAKEUP;
		wakeup->length = sizeof(*wakeup);
		wakeup->mailbox = LINUX_MAILBOX_GPA;
	}
	return finish(w, &madt->header);
}

void linux_acpi_init(const struct linux_image *image)
{
	struct rsdp *rsdp = (void *)image->mem + LINUX_ACPI_GPA;
	struct writer w = {
		.image = image,
		.gpa = LINUX_ACPI_GPA + TABLE_ALIGN,
	};
	uint64_t fadt, madt;
	struct xsdt *xsdt;

	fadt = write_fadt(&w, write_dsdt(&w));
	madt = write_madt(&w);
	xsdt = begin(&w, "XSDT", 1, sizeof(*xsdt));
	xsdt->table[0] = fadt;
	xsdt->table[1] = madt;

	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, "GMEM  ", sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt_address = finish(&w, &xsdt->header);
	rsdp->checksum = checksum(rsdp, RSDP_FIRST_PART);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}
