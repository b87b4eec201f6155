// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of /dev/sev on the emulated SEV-SNP host: errno, the error code of
 * the firmware, and what is written where. The patch of patches/other has ccp take
 * its mutex for less; all but one of these cases have to be the same before and
 * after.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/psp-sev.h>
#include <linux/userfaultfd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

/* As the firmware has them */
#define ID_SIZE		128
#define CERT_SIZE	2084
#define CHAIN_SIZE	(3 * CERT_SIZE)
#define ID_BYTE		0x1d
#define CSR_BYTE	0xc5
#define PDH_BYTE	0xd8
#define CHAIN_BYTE	0xcc
/*
 * The driver's limit. Buffers other than the chain are a page here at most, for
 * with SNP the driver of 6.19 loses a longer bounce buffer if its address is the
 * first word of the command: SNP_PAGE_RECLAIM has overwritten that by then.
 */
#define MAX_BLOB	(16 * 1024)

/* What user space had there before */
#define UNTOUCHED	0x55
#define NO_ERROR_YET	0x55555555u

/* Nothing is ever mapped there, and not zero, which asks for the length. */
#define BAD		((void *)PAGE_SIZE)

FIXTURE(dev_sev) {
	int fd;
	int read_only;
	uint8_t *mem;		/* three buffers of two pages, then one that is not mapped */
	struct coco_emul_census census;
};

static uint8_t *buffer(FIXTURE_DATA(dev_sev) *self, int nr)
{
	return self->mem + nr * 2 * PAGE_SIZE;
}

/* KVM has it initialised for a guest, if it is not any more. */
static void initialise_platform(void)
{
	struct snp_guest guest;

	snp_guest_init(&guest, BIT_ULL(32), 1);
	snp_guest_free(&guest);
}

FIXTURE_SETUP(dev_sev)
{
	coco_emul_inject_clear();
	initialise_platform();
	snp_census_read(&self->census);
	self->fd = open("/dev/sev", O_RDWR);
	self->read_only = open("/dev/sev", O_RDONLY);
	TEST_ASSERT(self->fd >= 0 && self->read_only >= 0, "/dev/sev: %s", strerror(errno));
	self->mem = snp_map_pages(8);
	memset(self->mem, UNTOUCHED, 8 * PAGE_SIZE);
	munmap(buffer(self, 3), 2 * PAGE_SIZE);
}

FIXTURE_TEARDOWN(dev_sev)
{
	/* Whatever went wrong, the mutex is free, and the firmware has given all pages back. */
	TEST_ASSERT(!sev_dev_cmd(self->fd, SEV_PLATFORM_STATUS, self->mem, NULL),
		    "SEV_PLATFORM_STATUS: %s", strerror(errno));
	close(self->fd);
	close(self->read_only);
	coco_emul_census_expect(&self->census);
}

/* @err and @fw_error: what the ioctl returns, and leaves in the structure */
#define expect(...) __expect(__LINE__, __VA_ARGS__)
static void __expect(int line, int fd, uint32_t cmd, const void *data, int err, uint32_t fw_error)
{
	uint32_t error = NO_ERROR_YET;
	int ret;

	errno = 0;
	ret = sev_dev_cmd(fd, cmd, data, &error);
	TEST_ASSERT(ret == (err ? -1 : 0) && errno == err && error == fw_error,
		    "Line %d: command %u returned %d, errno %d, error 0x%x, wanted %d, 0x%x",
		    line, cmd, ret, errno, error, err, fw_error);
}

/* The firmware says how long its answer is if it gives one, or would if there were room. */
static bool tells_length(uint32_t fw_error)
{
	return fw_error == SEV_RET_SUCCESS || fw_error == SEV_RET_INVALID_LEN;
}

static void expect_bytes(const uint8_t *mem, size_t len, uint8_t byte)
{
	size_t i;

	for (i = 0; i < len; i++)
		TEST_ASSERT(mem[i] == byte, "Byte %lu is 0x%x, wanted 0x%x", i, mem[i], byte);
}

/* A blob of @len bytes, and nothing behind it */
static void expect_blob(const uint8_t *mem, size_t len, uint8_t byte)
{
	expect_bytes(mem, len, byte);
	expect_bytes(mem + len, 2 * PAGE_SIZE - len, UNTOUCHED);
}

TEST_F(dev_sev, not_a_command)
{
	TEST_ASSERT(ioctl(self->fd, _IO('S', 1), self->mem) == -1 && errno == EINVAL,
		    "Another ioctl: errno %d", errno);
	TEST_ASSERT(ioctl(self->fd, SEV_ISSUE_CMD, BAD) == -1 && errno == EFAULT,
		    "Bad structure: errno %d", errno);
	TEST_ASSERT(ioctl(self->fd, SEV_ISSUE_CMD, buffer(self, 3) - 4) == -1 && errno == EFAULT,
		    "Half a structure: errno %d", errno);
	expect(self->fd, SEV_MAX, self->mem, EINVAL, NO_ERROR_YET);
	expect(self->fd, SEV_MAX + 1, self->mem, EINVAL, NO_ERROR_YET);
	expect(self->fd, -1u, self->mem, EINVAL, NO_ERROR_YET);
	expect_bytes(self->mem, 6 * PAGE_SIZE, UNTOUCHED);
}

/* The structure can be read, but the error code cannot be written to it. */
TEST_F(dev_sev, structure_read_only)
{
	struct sev_issue_cmd *arg = (void *)buffer(self, 1);

	arg->cmd = SEV_PLATFORM_STATUS;
	arg->data = (uintptr_t)self->mem;
	mprotect(arg, PAGE_SIZE, PROT_READ);
	TEST_ASSERT(ioctl(self->fd, SEV_ISSUE_CMD, arg) == -1 && errno == EFAULT,
		    "errno %d", errno);
	/* The status was written before that. */
	TEST_ASSERT(((struct sev_user_data_status *)self->mem)->api_major == 1, "No status");
}

/* Who may not write is told so before any memory is looked at. */
TEST_F(dev_sev, read_only)
{
	static const uint32_t cmds[] = {
		SEV_FACTORY_RESET, SEV_PEK_GEN, SEV_PDH_GEN, SEV_PEK_CSR, SEV_PEK_CERT_IMPORT,
		SNP_SET_CONFIG, SNP_VLEK_LOAD,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		expect(self->read_only, cmds[i], BAD, EPERM, NO_ERROR_YET);
		expect(self->read_only, cmds[i], self->mem, EPERM, NO_ERROR_YET);
	}
	/* These two look for an address before. */
	expect(self->read_only, SNP_SET_CONFIG, NULL, EINVAL, NO_ERROR_YET);
	expect(self->read_only, SNP_VLEK_LOAD, NULL, EINVAL, NO_ERROR_YET);
	expect_bytes(self->mem, 6 * PAGE_SIZE, UNTOUCHED);

	expect(self->read_only, SEV_PLATFORM_STATUS, self->mem, 0, SEV_RET_SUCCESS);
	expect(self->read_only, SNP_PLATFORM_STATUS, self->mem, 0, SEV_RET_SUCCESS);
	expect(self->read_only, SEV_GET_ID, self->mem, 0, SEV_RET_SUCCESS);
	expect(self->read_only, SNP_COMMIT, NULL, EIO, SEV_RET_INVALID_COMMAND);
}

TEST_F(dev_sev, platform_status)
{
	struct sev_user_data_status *status = (void *)self->mem;

	expect(self->fd, SEV_PLATFORM_STATUS, status, 0, SEV_RET_SUCCESS);
	TEST_ASSERT(status->api_major == 1 && status->state == 1 && !status->guest_count,
		    "API %u, state %u, %u guests", status->api_major, status->state,
		    status->guest_count);
	expect_bytes(self->mem + sizeof(*status), 2 * PAGE_SIZE - sizeof(*status), UNTOUCHED);

	expect(self->fd, SEV_PLATFORM_STATUS, NULL, EFAULT, SEV_RET_SUCCESS);
	expect(self->fd, SEV_PLATFORM_STATUS, buffer(self, 3) - 4, EFAULT, SEV_RET_SUCCESS);

	coco_emul_inject("PLATFORM_STATUS", 1, SEV_RET_HWSEV_RET_PLATFORM);
	memset(self->mem, UNTOUCHED, PAGE_SIZE);
	expect(self->fd, SEV_PLATFORM_STATUS, status, EIO, SEV_RET_HWSEV_RET_PLATFORM);
	expect_bytes(self->mem, PAGE_SIZE, UNTOUCHED);
}

TEST_F(dev_sev, snp_platform_status)
{
	struct sev_user_data_snp_status *status = (void *)self->mem;

	expect(self->fd, SNP_PLATFORM_STATUS, status, 0, SEV_RET_SUCCESS);
	TEST_ASSERT(status->api_major == 1 && status->state == 1 && !status->guest_count,
		    "API %u, state %u, %u guests", status->api_major, status->state,
		    status->guest_count);
	expect_bytes(self->mem + sizeof(*status), 2 * PAGE_SIZE - sizeof(*status), UNTOUCHED);

	expect(self->fd, SNP_PLATFORM_STATUS, NULL, EINVAL, NO_ERROR_YET);
	expect(self->fd, SNP_PLATFORM_STATUS, BAD, EFAULT, SEV_RET_SUCCESS);
	expect(self->fd, SNP_PLATFORM_STATUS, buffer(self, 3) - 4, EFAULT, SEV_RET_SUCCESS);

	memset(self->mem, UNTOUCHED, PAGE_SIZE);
	coco_emul_inject("SNP_PLATFORM_STATUS", 1, SEV_RET_HWSEV_RET_PLATFORM);
	expect(self->fd, SNP_PLATFORM_STATUS, status, EIO, SEV_RET_HWSEV_RET_PLATFORM);
	/* The page for the firmware cannot be had. */
	coco_emul_inject("RMPUPDATE", 1, RMP_FAIL_INPUT);
	expect(self->fd, SNP_PLATFORM_STATUS, status, EFAULT, NO_ERROR_YET);
	expect_bytes(self->mem, PAGE_SIZE, UNTOUCHED);
}

TEST_F(dev_sev, get_id)
{
	expect(self->fd, SEV_GET_ID, self->mem, 0, SEV_RET_SUCCESS);
	expect_blob(self->mem, ID_SIZE, ID_BYTE);
	expect(self->fd, SEV_GET_ID, NULL, EFAULT, SEV_RET_SUCCESS);
	expect(self->fd, SEV_GET_ID, buffer(self, 3) - 4, EFAULT, SEV_RET_SUCCESS);

	coco_emul_inject("GET_ID", 1, SEV_RET_HWSEV_RET_PLATFORM);
	memset(self->mem, UNTOUCHED, PAGE_SIZE);
	expect(self->fd, SEV_GET_ID, self->mem, EIO, SEV_RET_HWSEV_RET_PLATFORM);
	expect_bytes(self->mem, PAGE_SIZE, UNTOUCHED);
}

#define expect_id2(...) __expect_id2(__LINE__, self, __VA_ARGS__)
static void __expect_id2(int line, FIXTURE_DATA(dev_sev) *self, const void *address,
			 uint32_t length, int err, uint32_t fw_error)
{
	struct sev_user_data_get_id2 *id = (void *)buffer(self, 1);

	id->address = (uintptr_t)address;
	id->length = length;
	__expect(line, self->fd, SEV_GET_ID2, id, err, fw_error);
	TEST_ASSERT(id->address == (uintptr_t)address && id->length == ID_SIZE,
		    "Line %d: address 0x%llx, length %u", line, id->address, id->length);
	expect_bytes(buffer(self, 1) + sizeof(*id), PAGE_SIZE, UNTOUCHED);
}

/*
 * Of a buffer that is too small only its own bytes are looked at: what 6.19 puts
 * behind it is fixed elsewhere.
 */
TEST_F(dev_sev, get_id2)
{
	expect_id2(NULL, 0, EIO, SEV_RET_INVALID_LEN);
	expect_id2(self->mem, 0, EIO, SEV_RET_INVALID_LEN);
	expect_id2(NULL, ID_SIZE, EIO, SEV_RET_INVALID_LEN);
	expect_bytes(self->mem, 2 * PAGE_SIZE, UNTOUCHED);
	expect_id2(self->mem, ID_SIZE - 28, EIO, SEV_RET_INVALID_LEN);

	memset(self->mem, UNTOUCHED, 2 * PAGE_SIZE);
	expect_id2(self->mem, ID_SIZE, 0, SEV_RET_SUCCESS);
	expect_blob(self->mem, ID_SIZE, ID_BYTE);
	memset(self->mem, UNTOUCHED, 2 * PAGE_SIZE);
	expect_id2(self->mem, PAGE_SIZE, 0, SEV_RET_SUCCESS);
	expect_blob(self->mem, ID_SIZE, ID_BYTE);

	/* The length is told before the ID is written. */
	expect_id2(BAD, ID_SIZE, EFAULT, SEV_RET_SUCCESS);
	expect_id2(BAD, 2 * ID_SIZE, EFAULT, SEV_RET_SUCCESS);

	expect(self->fd, SEV_GET_ID2, NULL, EFAULT, NO_ERROR_YET);
	expect(self->fd, SEV_GET_ID2, buffer(self, 3) - 4, EFAULT, NO_ERROR_YET);
}

/* Whether lengths can be read, but not written, is known only after the command. */
TEST_F(dev_sev, length_read_only)
{
	struct sev_user_data_get_id2 *id = (void *)buffer(self, 1);
	struct sev_user_data_pek_csr *csr = (void *)buffer(self, 1);

	id->address = (uintptr_t)self->mem;
	id->length = ID_SIZE;
	mprotect(id, PAGE_SIZE, PROT_READ);
	expect(self->fd, SEV_GET_ID2, id, EFAULT, SEV_RET_SUCCESS);
	expect_bytes(self->mem, 2 * PAGE_SIZE, UNTOUCHED);

	mprotect(csr, PAGE_SIZE, PROT_READ | PROT_WRITE);
	csr->length = CERT_SIZE;
	mprotect(csr, PAGE_SIZE, PROT_READ);
	expect(self->fd, SEV_PEK_CSR, csr, EFAULT, SEV_RET_SUCCESS);
	expect_bytes(self->mem, 2 * PAGE_SIZE, UNTOUCHED);
}

#define expect_csr(...) __expect_csr(__LINE__, self, __VA_ARGS__)
static void __expect_csr(int line, FIXTURE_DATA(dev_sev) *self, const void *address,
			 uint32_t length, int err, uint32_t fw_error)
{
	struct sev_user_data_pek_csr *csr = (void *)buffer(self, 1);

	csr->address = (uintptr_t)address;
	csr->length = length;
	__expect(line, self->fd, SEV_PEK_CSR, csr, err, fw_error);
	if (tells_length(fw_error))
		length = CERT_SIZE;
	TEST_ASSERT(csr->address == (uintptr_t)address && csr->length == length,
		    "Line %d: address 0x%llx, length %u", line, csr->address, csr->length);
	expect_bytes(buffer(self, 1) + sizeof(*csr), PAGE_SIZE, UNTOUCHED);
}

TEST_F(dev_sev, pek_csr)
{
	expect_csr(NULL, 0, EIO, SEV_RET_INVALID_LEN);
	expect_csr(self->mem, 0, EIO, SEV_RET_INVALID_LEN);
	expect_csr(NULL, CERT_SIZE, EIO, SEV_RET_INVALID_LEN);
	expect_bytes(self->mem, 2 * PAGE_SIZE, UNTOUCHED);
	expect_csr(self->mem, CERT_SIZE - 30, EIO, SEV_RET_INVALID_LEN);

	memset(self->mem, UNTOUCHED, 2 * PAGE_SIZE);
	expect_csr(self->mem, CERT_SIZE, 0, SEV_RET_SUCCESS);
	expect_blob(self->mem, CERT_SIZE, CSR_BYTE);
	memset(self->mem, UNTOUCHED, 2 * PAGE_SIZE);
	expect_csr(self->mem, PAGE_SIZE, 0, SEV_RET_SUCCESS);
	expect_blob(self->mem, CERT_SIZE, CSR_BYTE);

	/* Nothing is asked of the firmware. */
	expect_csr(self->mem, MAX_BLOB + 1, EFAULT, NO_ERROR_YET);
	expect_csr(BAD, CERT_SIZE, EFAULT, SEV_RET_SUCCESS);

	expect(self->fd, SEV_PEK_CSR, NULL, EFAULT, NO_ERROR_YET);
	expect(self->fd, SEV_PEK_CSR, buffer(self, 3) - 4, EFAULT, NO_ERROR_YET);
}

static struct sev_user_data_pdh_cert_export pdh_arg(const void *pdh, uint32_t pdh_len,
						    const void *chain, uint32_t chain_len)
{
	return (struct sev_user_data_pdh_cert_export) {
		(uintptr_t)pdh, pdh_len, (uintptr_t)chain, chain_len,
	};
}

#define expect_pdh(...) __expect_pdh(__LINE__, self, __VA_ARGS__)
static void __expect_pdh(int line, FIXTURE_DATA(dev_sev) *self, int fd,
			 struct sev_user_data_pdh_cert_export arg, int err, uint32_t fw_error)
{
	struct sev_user_data_pdh_cert_export *pdh = (void *)buffer(self, 1);

	*pdh = arg;
	__expect(line, fd, SEV_PDH_CERT_EXPORT, pdh, err, fw_error);
	if (tells_length(fw_error)) {
		arg.pdh_cert_len = CERT_SIZE;
		arg.cert_chain_len = CHAIN_SIZE;
	}
	TEST_ASSERT(!memcmp(pdh, &arg, sizeof(arg)),
		    "Line %d: %u bytes at 0x%llx, %u bytes at 0x%llx", line, pdh->pdh_cert_len,
		    pdh->pdh_cert_address, pdh->cert_chain_len, pdh->cert_chain_address);
	expect_bytes(buffer(self, 1) + sizeof(*pdh), PAGE_SIZE, UNTOUCHED);
}

TEST_F(dev_sev, pdh_cert_export)
{
	uint8_t *pdh = self->mem, *chain = buffer(self, 2);
	int fd = self->fd;

	expect_pdh(fd, pdh_arg(NULL, 0, NULL, 0), EIO, SEV_RET_INVALID_LEN);
	expect_pdh(fd, pdh_arg(pdh, CERT_SIZE, NULL, CHAIN_SIZE), EIO, SEV_RET_INVALID_LEN);
	expect_pdh(fd, pdh_arg(pdh, 0, chain, CHAIN_SIZE), EIO, SEV_RET_INVALID_LEN);
	expect_bytes(pdh, 2 * PAGE_SIZE, UNTOUCHED);
	expect_bytes(chain, 2 * PAGE_SIZE, UNTOUCHED);
	expect_pdh(fd, pdh_arg(pdh, CERT_SIZE - 30, chain, CHAIN_SIZE), EIO, SEV_RET_INVALID_LEN);
	expect_pdh(fd, pdh_arg(pdh, CERT_SIZE, chain, CHAIN_SIZE - 30), EIO, SEV_RET_INVALID_LEN);

	memset(pdh, UNTOUCHED, 2 * PAGE_SIZE);
	memset(chain, UNTOUCHED, 2 * PAGE_SIZE);
	expect_pdh(fd, pdh_arg(pdh, CERT_SIZE, chain, CHAIN_SIZE), 0, SEV_RET_SUCCESS);
	expect_blob(pdh, CERT_SIZE, PDH_BYTE);
	expect_blob(chain, CHAIN_SIZE, CHAIN_BYTE);

	/* The platform is initialised, so it may be read. */
	expect_pdh(self->read_only, pdh_arg(pdh, PAGE_SIZE, chain, MAX_BLOB), 0, SEV_RET_SUCCESS);

	expect_pdh(fd, pdh_arg(pdh, MAX_BLOB + 1, chain, CHAIN_SIZE), EFAULT, NO_ERROR_YET);
	expect_pdh(fd, pdh_arg(pdh, CERT_SIZE, chain, MAX_BLOB + 1), EFAULT, NO_ERROR_YET);

	/* First the lengths, then the certificate, then the chain */
	memset(pdh, UNTOUCHED, 2 * PAGE_SIZE);
	memset(chain, UNTOUCHED, 2 * PAGE_SIZE);
	expect_pdh(fd, pdh_arg(BAD, PAGE_SIZE, chain, MAX_BLOB), EFAULT, SEV_RET_SUCCESS);
	expect_bytes(chain, 2 * PAGE_SIZE, UNTOUCHED);
	expect_pdh(fd, pdh_arg(pdh, PAGE_SIZE, BAD, MAX_BLOB), EFAULT, SEV_RET_SUCCESS);
	expect_blob(pdh, CERT_SIZE, PDH_BYTE);

	expect(fd, SEV_PDH_CERT_EXPORT, NULL, EFAULT, NO_ERROR_YET);
	expect(fd, SEV_PDH_CERT_EXPORT, buffer(self, 3) - 4, EFAULT, NO_ERROR_YET);
}

/* The emulated firmware does not know these commands. */
TEST_F(dev_sev, input_only)
{
	struct sev_user_data_pek_cert_import *import = (void *)self->mem;
	struct sev_user_data_snp_vlek_load *vlek = (void *)self->mem;
	uint64_t blob = (uintptr_t)buffer(self, 1);

	*import = (struct sev_user_data_pek_cert_import) { blob, CERT_SIZE, blob, CERT_SIZE };
	expect(self->fd, SEV_PEK_CERT_IMPORT, import, EIO, SEV_RET_INVALID_COMMAND);
	import->pek_cert_len = 0;
	expect(self->fd, SEV_PEK_CERT_IMPORT, import, EINVAL, NO_ERROR_YET);
	import->pek_cert_len = MAX_BLOB + 1;
	expect(self->fd, SEV_PEK_CERT_IMPORT, import, EINVAL, NO_ERROR_YET);
	import->pek_cert_len = CERT_SIZE;
	import->oca_cert_address = 0;
	expect(self->fd, SEV_PEK_CERT_IMPORT, import, EINVAL, NO_ERROR_YET);
	import->oca_cert_address = (uintptr_t)BAD;
	expect(self->fd, SEV_PEK_CERT_IMPORT, import, EFAULT, NO_ERROR_YET);
	expect(self->fd, SEV_PEK_CERT_IMPORT, BAD, EFAULT, NO_ERROR_YET);

	*vlek = (struct sev_user_data_snp_vlek_load) {
		.len = sizeof(*vlek),
		.vlek_wrapped_address = blob,
	};
	expect(self->fd, SNP_VLEK_LOAD, vlek, EIO, SEV_RET_INVALID_COMMAND);
	TEST_ASSERT(vlek->vlek_wrapped_address == blob, "An address has changed");
	vlek->vlek_wrapped_address = (uintptr_t)BAD;
	expect(self->fd, SNP_VLEK_LOAD, vlek, EFAULT, NO_ERROR_YET);
	vlek->vlek_wrapped_version = 1;
	expect(self->fd, SNP_VLEK_LOAD, vlek, EINVAL, NO_ERROR_YET);
	vlek->vlek_wrapped_version = 0;
	vlek->len--;
	expect(self->fd, SNP_VLEK_LOAD, vlek, EINVAL, NO_ERROR_YET);
	expect(self->fd, SNP_VLEK_LOAD, NULL, EINVAL, NO_ERROR_YET);
	expect(self->fd, SNP_VLEK_LOAD, BAD, EFAULT, NO_ERROR_YET);

	expect(self->fd, SNP_SET_CONFIG, self->mem, EIO, SEV_RET_INVALID_COMMAND);
	expect(self->fd, SNP_SET_CONFIG, NULL, EINVAL, NO_ERROR_YET);
	expect(self->fd, SNP_SET_CONFIG, BAD, EFAULT, NO_ERROR_YET);
	expect(self->fd, SNP_COMMIT, NULL, EIO, SEV_RET_INVALID_COMMAND);
	expect(self->fd, SEV_PEK_GEN, NULL, EIO, SEV_RET_INVALID_COMMAND);
	expect(self->fd, SEV_PDH_GEN, NULL, EIO, SEV_RET_INVALID_COMMAND);
}

static uint64_t init_and_shutdown(void)
{
	return coco_emul_count("INIT") * 1000 + coco_emul_count("SHUTDOWN");
}

/* A command that finds the platform not initialised has it initialised, and shut down after. */
static void expect_restart(uint64_t *before)
{
	uint64_t now = init_and_shutdown();

	TEST_ASSERT(now - *before == 1001, "INIT and SHUTDOWN: %lu", now - *before);
	*before = now;
}

TEST_F(dev_sev, not_initialised)
{
	uint8_t *pdh = self->mem, *chain = buffer(self, 2);
	int fd = self->fd, read_only = self->read_only;
	uint64_t counts;

	/* Refused by the firmware, but it has been shut down for that. */
	expect(fd, SEV_FACTORY_RESET, NULL, EIO, SEV_RET_INVALID_COMMAND);
	expect(fd, SEV_PLATFORM_STATUS, self->mem, 0, SEV_RET_SUCCESS);
	TEST_ASSERT(!((struct sev_user_data_status *)self->mem)->state, "It is initialised");
	memset(self->mem, UNTOUCHED, 2 * PAGE_SIZE);

	counts = init_and_shutdown();
	expect_pdh(read_only, pdh_arg(pdh, CERT_SIZE, chain, CHAIN_SIZE), EPERM, NO_ERROR_YET);
	expect_pdh(fd, pdh_arg(pdh, CERT_SIZE, chain, CHAIN_SIZE), 0, SEV_RET_SUCCESS);
	expect_restart(&counts);
	expect_blob(self->mem, CERT_SIZE, PDH_BYTE);
	expect_blob(chain, CHAIN_SIZE, CHAIN_BYTE);

	memset(self->mem, UNTOUCHED, 2 * PAGE_SIZE);
	memset(buffer(self, 1), UNTOUCHED, 2 * PAGE_SIZE);
	expect_csr(self->mem, CERT_SIZE, 0, SEV_RET_SUCCESS);
	expect_restart(&counts);
	expect_blob(self->mem, CERT_SIZE, CSR_BYTE);
	memset(self->mem, UNTOUCHED, 2 * PAGE_SIZE);
	expect_csr(BAD, CERT_SIZE, EFAULT, SEV_RET_SUCCESS);
	expect_restart(&counts);
	expect(fd, SEV_PEK_GEN, NULL, EIO, SEV_RET_INVALID_COMMAND);
	expect_restart(&counts);

	/* By then SNP is not initialised any more, either. */
	expect(fd, SNP_PLATFORM_STATUS, self->mem, 0, SEV_RET_SUCCESS);
	TEST_ASSERT(!((struct sev_user_data_snp_status *)self->mem)->state, "SNP is initialised");
	expect(fd, SNP_COMMIT, NULL, EIO, SEV_RET_INVALID_COMMAND);
	expect(fd, SNP_SET_CONFIG, self->mem, EIO, SEV_RET_INVALID_COMMAND);

	/* It cannot be initialised: nothing is written but the error. */
	coco_emul_inject("SNP_INIT_EX", 1, SEV_RET_HWSEV_RET_PLATFORM);
	expect(fd, SNP_COMMIT, NULL, EIO, SEV_RET_INVALID_PLATFORM_STATE);
	coco_emul_inject("INIT", 1, SEV_RET_HWSEV_RET_PLATFORM);
	expect_csr(self->mem, CERT_SIZE - 1, EIO, SEV_RET_INVALID_PLATFORM_STATE);

	initialise_platform();
	/* With a new RMP, which has back what page_not_given_back has lost before. */
	snp_census_read(&self->census);
}

struct withheld {
	int fd;
	void *mem;
	bool done;
};

static void *status_to_withheld_page(void *data)
{
	struct withheld *self = data;

	sev_dev_cmd(self->fd, SNP_PLATFORM_STATUS, self->mem, NULL);
	WRITE_ONCE(self->done, true);
	return NULL;
}

static void *status_to_page(void *data)
{
	return status_to_withheld_page(data);
}

/* Others can have their commands carried out while the memory of one is not there yet. */
TEST_F(dev_sev, others_go_on)
{
	struct withheld withheld = { .fd = self->fd, .mem = buffer(self, 1) };
	struct withheld other = { .fd = self->fd, .mem = self->mem };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)buffer(self, 1), .len = PAGE_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(__NR_userfaultfd, O_CLOEXEC), i;
	pthread_t tid[2];
	struct uffd_msg msg;
	bool went_on;

	madvise(buffer(self, 1), PAGE_SIZE, MADV_DONTNEED);
	TEST_ASSERT(uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api) &&
		    !ioctl(uffd, UFFDIO_REGISTER, &reg), "userfaultfd: %s", strerror(errno));

	pthread_create(&tid[0], NULL, status_to_withheld_page, &withheld);
	TEST_ASSERT(read(uffd, &msg, sizeof(msg)) == sizeof(msg), "No fault");
	pthread_create(&tid[1], NULL, status_to_page, &other);
	for (i = 0; i < 500 && !READ_ONCE(other.done); i++)
		usleep(10000);
	went_on = READ_ONCE(other.done) && !READ_ONCE(withheld.done);

	/* Gone, so the page is an ordinary one. */
	close(uffd);
	pthread_join(tid[0], NULL);
	pthread_join(tid[1], NULL);
	TEST_ASSERT(went_on, "A command waited for the memory of another one");
}

/* The firmware keeps the page, and the driver leaks it. */
TEST_F(dev_sev, page_not_given_back)
{
	coco_emul_inject("SNP_PAGE_RECLAIM", 1, SEV_RET_HWSEV_RET_PLATFORM);
	expect(self->fd, SNP_PLATFORM_STATUS, self->mem, EFAULT, SEV_RET_SUCCESS);
	expect_bytes(self->mem, PAGE_SIZE, UNTOUCHED);
	snp_census_read(&self->census);
	expect(self->fd, SNP_PLATFORM_STATUS, self->mem, 0, SEV_RET_SUCCESS);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
