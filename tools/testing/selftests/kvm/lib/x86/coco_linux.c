// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in the memory of a Linux when it begins, "The Linux/x86 Boot Protocol".
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asm/bootparam.h>
#include <asm/setup_data.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "coco_linux.h"

#define BOOT_FLAG		0xaa55
#define HEADER_MAGIC		0x53726448	/* "HdrS" */
#define VERSION_64		0x20c
#define ENTRY_64		0x200
#define LOADER_UNDEFINED	0xff
#define SECTOR			512
/* The header ends as far behind its jump as that leads. */
#define JUMP_TARGET		0x201
#define JUMP_END		0x202

#define PTE_PRESENT		BIT_ULL(0)
#define PTE_WRITE		BIT_ULL(1)
#define PTE_LARGE		BIT_ULL(7)
#define NR_PTES			(PAGE_SIZE / sizeof(uint64_t))

/* Behind the parameters; the initrd comes as late as possible. */
#define CMDLINE_GPA		(LINUX_PARAMS_GPA + PAGE_SIZE)
#define SETUP_DATA_GPA		(LINUX_RESERVED_GPA)

/* uapi has no name for it: struct cc_setup_data of the kernel */
struct cc_data {
	struct setup_data header;
	uint32_t cc_blob_address;
};

static const uint8_t *map_file(const char *path, size_t *size)
{
	struct stat st;
	void *file;
	int fd;

	fd = open(path, O_RDONLY);
	TEST_ASSERT(fd >= 0, "%s: %s", path, strerror(errno));
	TEST_ASSERT(!fstat(fd, &st) && st.st_size, "%s is empty", path);
	file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	TEST_ASSERT(file != MAP_FAILED, "mmap() of %s: %s", path, strerror(errno));
	close(fd);
	*size = st.st_size;
	return file;
}

/* 2 MiB pages */
static void make_page_tables(struct linux_image *image)
{
	uint64_t bits = PTE_PRESENT | PTE_WRITE | image->page_bits, *table, *next, gpa;
	unsigned int i;

	image->cr3 = LINUX_TABLES_GPA;
	table = (void *)image->mem + LINUX_TABLES_GPA;
	next = table + NR_PTES;
	table[0] = (image->cr3 + PAGE_SIZE) | bits;
	for (i = 0; i < LINUX_IDENTITY_SIZE / SZ_1G; i++)
		next[i] = (image->cr3 + (2 + i) * PAGE_SIZE) | bits;
	next += NR_PTES;
	for (gpa = 0; gpa < LINUX_IDENTITY_SIZE; gpa += SZ_2M)
		next[gpa / SZ_2M] = gpa | PTE_LARGE | bits;
}

static void add_memory(struct boot_params *params, uint64_t from, uint64_t to, uint32_t type)
{
	params->e820_table[params->e820_entries++] = (struct boot_e820_entry) {
		.addr = from,
		.size = to - from,
		.type = type,
	};
}

/* "E820" types */
#define E820_RAM	1
#define E820_RESERVED	2
#define E820_ACPI	3
#define E820_NVS	4

static void add_memory_map(const struct linux_image *image, struct boot_params *params)
{
	add_memory(params, 0, LINUX_LOW_END, E820_RAM);
	add_memory(params, LINUX_ACPI_GPA, LINUX_MAILBOX_GPA, E820_ACPI);
	add_memory(params, LINUX_MAILBOX_GPA, LINUX_RESERVED_GPA, E820_NVS);
	add_memory(params, LINUX_RESERVED_GPA, LINUX_LEGACY_END, E820_RESERVED);
	add_memory(params, LINUX_HIGH_GPA, image->size, E820_RAM);
}

bool linux_image_has(const struct linux_image *image, uint64_t gpa)
{
	return gpa < LINUX_LOW_END || (gpa >= LINUX_ACPI_GPA && gpa < LINUX_LEGACY_END) ||
	       (gpa >= LINUX_HIGH_GPA && gpa < image->size);
}

static void add_cc_blob(const struct linux_image *image, struct boot_params *params)
{
	struct cc_data *data = (void *)image->mem + SETUP_DATA_GPA;

	data->header.type = SETUP_CC_BLOB;
	data->header.len = sizeof(*data) - sizeof(data->header);
	data->cc_blob_address = image->cc_blob;
	params->hdr.setup_data = SETUP_DATA_GPA;
}

static void load_kernel(struct linux_image *image, struct boot_params *params)
{
	size_t size, setup_size, header_size, offset = offsetof(struct boot_params, hdr);
	struct setup_header *hdr = &params->hdr;
	const uint8_t *file;

	file = map_file(LINUX_KERNEL, &size);
	header_size = JUMP_END + file[JUMP_TARGET] - offset;
	TEST_ASSERT(header_size <= sizeof(*hdr) && size > offset + header_size,
		    "%s: a header of %lu bytes", LINUX_KERNEL, header_size);
	memcpy(hdr, file + offset, header_size);
	TEST_ASSERT(hdr->boot_flag == BOOT_FLAG && hdr->header == HEADER_MAGIC &&
		    hdr->version >= VERSION_64 && hdr->xloadflags & XLF_KERNEL_64,
		    "%s is no bzImage with a 64-bit entry", LINUX_KERNEL);

	setup_size = (hdr->setup_sects + 1) * SECTOR;
	TEST_ASSERT(size > setup_size && hdr->pref_address >= LINUX_HIGH_GPA &&
		    hdr->pref_address + hdr->init_size < image->size &&
		    size - setup_size <= hdr->init_size,
		    "%s does not fit into memory, 0x%x bytes at 0x%llx", LINUX_KERNEL,
		    hdr->init_size, hdr->pref_address);
	memcpy(image->mem + hdr->pref_address, file + setup_size, size - setup_size);
	munmap((void *)file, size);

	hdr->type_of_loader = LOADER_UNDEFINED;
	hdr->code32_start = hdr->pref_address;
	image->entry = hdr->pref_address + ENTRY_64;
}

static void load_initrd(struct linux_image *image, struct boot_params *params)
{
	const uint8_t *file;
	size_t size;

	file = map_file(LINUX_INITRD, &size);
	params->hdr.ramdisk_image = (image->size - size) & ~(PAGE_SIZE - 1ul);
	params->hdr.ramdisk_size = size;
	TEST_ASSERT(params->hdr.ramdisk_image >= params->hdr.pref_address + params->hdr.init_size,
		    "%s does not fit into memory", LINUX_INITRD);
	memcpy(image->mem + params->hdr.ramdisk_image, file, size);
	munmap((void *)file, size);
}

void linux_image_init(struct linux_image *image)
{
	struct boot_params *params;

	image->mem = kvm_mmap(image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1);
	params = (void *)image->mem + LINUX_PARAMS_GPA;
	load_kernel(image, params);
	load_initrd(image, params);

	TEST_ASSERT(strlen(image->cmdline) < PAGE_SIZE, "A long command line");
	strcpy((char *)image->mem + CMDLINE_GPA, image->cmdline);
	params->hdr.cmd_line_ptr = CMDLINE_GPA;

	add_memory_map(image, params);
	params->acpi_rsdp_addr = LINUX_ACPI_GPA;
	linux_acpi_init(image);
	if (image->cc_blob)
		add_cc_blob(image, params);
	make_page_tables(image);
}

void linux_image_free(struct linux_image *image)
{
	kvm_munmap(image->mem, image->size);
}
