// SPDX-License-Identifier: GPL-2.0-only
/*
 * Launch of SEV and SEV-ES guests on the emulated SEV-SNP host, through the ioctls
 * of KVM, with the measurement calculated here once more. What the firmware itself
 * refuses is in coco_sev_strict_test.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"
#include "sha256.h"

#define NR_PAGES	16ul
#define NR_VCPUS	3

/* More would take too long. */
#define MAX_ASIDS	16u

/* "LAUNCH_MEASURE" of the Secure Encrypted Virtualization API */
#define CTX_MEASURE	4
#define TIK_SIZE	16

struct measurement {
	uint8_t measure[SHA256_SIZE];
	uint8_t nonce[16];
};

FIXTURE(sev) {
	struct coco_emul_census census;
	struct kvm_vm *vm;
	uint32_t policy;
	uint8_t *src;
	struct sha256 digest;		/* of what was updated, calculated here */
};

FIXTURE_VARIANT(sev) {
	unsigned long type;
	uint32_t policy;
};

FIXTURE_VARIANT_ADD(sev, plain) {
	.type = KVM_X86_SEV_VM,
	.policy = SEV_POLICY_NO_DBG,
};

FIXTURE_VARIANT_ADD(sev, es) {
	.type = KVM_X86_SEV_ES_VM,
	.policy = SEV_POLICY_NO_DBG | SEV_POLICY_ES,
};

static struct kvm_vm *create(unsigned long type)
{
	struct kvm_vm *vm = vm_create_barebones_type(type);

	if (type == KVM_X86_SEV_VM)
		sev_vm_init(vm);
	else if (type == KVM_X86_SEV_ES_VM)
		sev_es_vm_init(vm);
	else
		snp_vm_init(vm);
	return vm;
}

FIXTURE_SETUP(sev)
{
	int i;

	coco_emul_inject_clear();
	snp_census_read(&self->census);
	self->policy = variant->policy;
	self->vm = create(variant->type);
	self->src = snp_map_pages(NR_PAGES);
	for (i = 0; i < NR_PAGES * PAGE_SIZE / sizeof(uint32_t); i++)
		((uint32_t *)self->src)[i] = i * 2654435761u;
	sha256_start(&self->digest);
}

/* The firmware forgets a guest with its VM, and has given back each page that it was lent. */
FIXTURE_TEARDOWN(sev)
{
	char *guests;

	kvm_vm_free(self->vm);
	guests = coco_emul_read("sev_guests");
	TEST_ASSERT(!*guests, "Still there: %s", guests);
	free(guests);
	coco_emul_census_expect(&self->census);
	munmap(self->src, NR_PAGES * PAGE_SIZE);
}

/* Expects @status of the firmware. */
#define expect_op(...) __expect_op(__LINE__, __VA_ARGS__)
static void __expect_op(int line, struct kvm_vm *vm, uint32_t id, void *data, uint32_t status)
{
	struct kvm_sev_cmd cmd = {
		.id = id,
		.data = (uintptr_t)data,
		.sev_fd = vm->arch.sev_fd,
	};
	int ret;

	errno = 0;
	ret = ioctl(vm->fd, KVM_MEMORY_ENCRYPT_OP, &cmd);
	TEST_ASSERT(ret == (status ? -1 : 0) && errno == (status ? EIO : 0) &&
		    cmd.error == status,
		    "Line %d: command %u returned %d, errno %d, firmware 0x%x, wanted 0x%x", line,
		    id, ret, errno, cmd.error, status);
}

#define expect_start(...) __expect_start(__LINE__, __VA_ARGS__)
static void __expect_start(int line, struct kvm_vm *vm, uint32_t policy, uint32_t status)
{
	struct kvm_sev_launch_start start = { .policy = policy };

	__expect_op(line, vm, KVM_SEV_LAUNCH_START, &start, status);
	TEST_ASSERT(status || start.handle, "Line %d: no handle", line);
}

#define expect_update(...) __expect_update(__LINE__, __VA_ARGS__)
static void __expect_update(int line, FIXTURE_DATA(sev) *self, size_t offset, size_t len,
			    uint32_t status)
{
	struct kvm_sev_launch_update_data update = {
		.uaddr = (uintptr_t)self->src + offset,
		.len = len,
	};

	__expect_op(line, self->vm, KVM_SEV_LAUNCH_UPDATE_DATA, &update, status);
	if (!status)
		sha256_add(&self->digest, self->src + offset, len);
}

#define expect_state(...) __expect_state(__LINE__, __VA_ARGS__)
static void __expect_state(int line, FIXTURE_DATA(sev) *self, uint32_t state)
{
	struct kvm_sev_guest_status status = {};

	__expect_op(line, self->vm, KVM_SEV_GUEST_STATUS, &status, SEV_RET_SUCCESS);
	TEST_ASSERT(status.state == state && status.policy == self->policy,
		    "Line %d: state %u, policy 0x%x, wanted %u, 0x%x", line, status.state,
		    status.policy, state, self->policy);
}

static void measure(FIXTURE_DATA(sev) *self, struct measurement *m)
{
	struct kvm_sev_launch_measure args = {
		.uaddr = (uintptr_t)m,
		.len = sizeof(*m),
	};

	expect_op(self->vm, KVM_SEV_LAUNCH_MEASURE, &args, SEV_RET_SUCCESS);
}

/* Without a session with the owner of the guest the key is zero. */
static bool is_measured(FIXTURE_DATA(sev) *self, const struct measurement *m)
{
	struct sev_user_data_status status;
	struct {
		uint8_t ctx, api_major, api_minor, build;
		uint32_t policy;
		uint8_t digest[SHA256_SIZE];
		uint8_t nonce[sizeof(m->nonce)];
	} message = { .ctx = CTX_MEASURE, .policy = self->policy };
	uint8_t tik[TIK_SIZE] = {}, want[SHA256_SIZE];

	TEST_ASSERT(!sev_dev_cmd(self->vm->arch.sev_fd, SEV_PLATFORM_STATUS, &status, NULL),
		    "SEV_PLATFORM_STATUS: %s", strerror(errno));
	TEST_ASSERT(status.state == 2 && status.guest_count == 1, "State %u, %u guests",
		    status.state, status.guest_count);
	message.api_major = status.api_major;
	message.api_minor = status.api_minor;
	message.build = status.build;
	sha256_digest(&self->digest, message.digest);
	memcpy(message.nonce, m->nonce, sizeof(message.nonce));

	hmac_sha256_of(tik, sizeof(tik), &message, sizeof(message), want);
	return !memcmp(m->measure, want, sizeof(want));
}

TEST_F(sev, measurement)
{
	struct kvm_sev_launch_measure query = {};
	struct measurement m = {}, other = {};

	expect_start(self->vm, self->policy, SEV_RET_SUCCESS);
	expect_state(self, SEV_GUEST_STATE_LAUNCH_UPDATE);

	/* Many pages, one, some of one, some of two */
	expect_update(self, 0, 8 * PAGE_SIZE, SEV_RET_SUCCESS);
	expect_update(self, 9 * PAGE_SIZE, PAGE_SIZE, SEV_RET_SUCCESS);
	expect_update(self, 10 * PAGE_SIZE + 16, 32, SEV_RET_SUCCESS);
	expect_update(self, 12 * PAGE_SIZE - 64, 128, SEV_RET_SUCCESS);

	expect_op(self->vm, KVM_SEV_LAUNCH_MEASURE, &query, SEV_RET_INVALID_LEN);
	TEST_ASSERT(query.len == sizeof(m), "A measurement has %u bytes", query.len);
	expect_state(self, SEV_GUEST_STATE_LAUNCH_UPDATE);

	measure(self, &m);
	TEST_ASSERT(is_measured(self, &m), "The measurement is another one");
	expect_state(self, SEV_GUEST_STATE_LAUNCH_SECRET);
	expect_op(self->vm, KVM_SEV_LAUNCH_FINISH, NULL, SEV_RET_SUCCESS);
	expect_state(self, SEV_GUEST_STATE_RUNNING);

	/* The same guest once more: only the nonce makes a difference. */
	kvm_vm_free(self->vm);
	self->vm = create(variant->type);
	sha256_start(&self->digest);
	expect_start(self->vm, self->policy, SEV_RET_SUCCESS);
	measure(self, &other);
	TEST_ASSERT(is_measured(self, &other), "The measurement of nothing is another one");
	TEST_ASSERT(memcmp(m.nonce, other.nonce, sizeof(m.nonce)), "The nonce is the same");
}

/* One byte more or less in the image, and the measurement is not the expected one. */
TEST_F(sev, measurement_matters)
{
	struct measurement m = {};

	expect_start(self->vm, self->policy, SEV_RET_SUCCESS);
	expect_update(self, 0, PAGE_SIZE, SEV_RET_SUCCESS);
	self->src[PAGE_SIZE]++;
	expect_update(self, PAGE_SIZE, PAGE_SIZE, SEV_RET_SUCCESS);
	self->src[PAGE_SIZE]--;
	sha256_start(&self->digest);
	sha256_add(&self->digest, self->src, 2 * PAGE_SIZE);
	measure(self, &m);
	TEST_ASSERT(!is_measured(self, &m), "A byte that is not measured");
}

/* The state of each vCPU is measured; of an SEV guest KVM has none to offer. */
TEST_F(sev, vmsa)
{
	bool es = variant->type == KVM_X86_SEV_ES_VM;
	uint64_t calls = coco_emul_count("LAUNCH_UPDATE_VMSA");
	struct measurement m = {};
	int i, ret;

	for (i = 0; i < NR_VCPUS; i++)
		__vm_vcpu_add(self->vm, i);
	expect_start(self->vm, self->policy, SEV_RET_SUCCESS);
	expect_update(self, 0, PAGE_SIZE, SEV_RET_SUCCESS);

	ret = __vm_sev_ioctl(self->vm, KVM_SEV_LAUNCH_UPDATE_VMSA, NULL);
	if (es)
		TEST_ASSERT(!ret, "KVM_SEV_LAUNCH_UPDATE_VMSA: %d, errno %d", ret, errno);
	else
		TEST_ASSERT(ret == -1 && errno == ENOTTY, "ret %d, errno %d", ret, errno);
	calls = coco_emul_count("LAUNCH_UPDATE_VMSA") - calls;
	TEST_ASSERT(calls == (es ? NR_VCPUS : 0), "%lu VMSAs of %u", calls, NR_VCPUS);

	measure(self, &m);
	TEST_ASSERT(is_measured(self, &m) == !es, "VMSAs are%s measured", es ? " not" : "");
	expect_op(self->vm, KVM_SEV_LAUNCH_FINISH, NULL, SEV_RET_SUCCESS);
}

/*
 * "Guest State Machine": each command has its time, and once the launch has started
 * KVM leaves that to the firmware.
 */
TEST_F(sev, order)
{
	struct kvm_sev_launch_measure query = {};
	struct measurement m;

	expect_start(self->vm, self->policy, SEV_RET_SUCCESS);
	expect_op(self->vm, KVM_SEV_LAUNCH_FINISH, NULL, SEV_RET_INVALID_GUEST_STATE);
	measure(self, &m);
	expect_op(self->vm, KVM_SEV_LAUNCH_MEASURE, &query, SEV_RET_INVALID_GUEST_STATE);
	expect_update(self, 0, PAGE_SIZE, SEV_RET_INVALID_GUEST_STATE);
	expect_op(self->vm, KVM_SEV_LAUNCH_FINISH, NULL, SEV_RET_SUCCESS);
	expect_op(self->vm, KVM_SEV_LAUNCH_FINISH, NULL, SEV_RET_INVALID_GUEST_STATE);
	expect_update(self, 0, PAGE_SIZE, SEV_RET_INVALID_GUEST_STATE);
}

/* What is not aligned to the block of the cipher, and a certificate that is none */
TEST_F(sev, operands)
{
	struct kvm_sev_launch_start start = {
		.policy = self->policy,
		.dh_uaddr = (uintptr_t)self->src,
		.dh_len = PAGE_SIZE,
		.session_uaddr = (uintptr_t)self->src,
		.session_len = 128,
	};

	expect_op(self->vm, KVM_SEV_LAUNCH_START, &start, SEV_RET_INVALID_LEN);
	start.dh_len = 2084;
	start.session_len--;
	expect_op(self->vm, KVM_SEV_LAUNCH_START, &start, SEV_RET_INVALID_LEN);
	start.session_len++;
	expect_op(self->vm, KVM_SEV_LAUNCH_START, &start, SEV_RET_INVALID_CERTIFICATE);
	start = (struct kvm_sev_launch_start) { .policy = self->policy, .handle = 7 };
	expect_op(self->vm, KVM_SEV_LAUNCH_START, &start, SEV_RET_INVALID_GUEST);

	expect_start(self->vm, self->policy, SEV_RET_SUCCESS);
	expect_update(self, 8, PAGE_SIZE, SEV_RET_INVALID_ADDRESS);
	expect_update(self, 0, PAGE_SIZE - 8, SEV_RET_INVALID_LEN);
	expect_update(self, 0, PAGE_SIZE, SEV_RET_SUCCESS);
}

/* The policy decides what an ASID has to be. KVM takes the guest back if it cannot have it. */
TEST_F(sev, policy_of_other_type)
{
	uint64_t decommissioned = coco_emul_count("DECOMMISSION");
	char *guests;

	expect_start(self->vm, self->policy ^ SEV_POLICY_ES, SEV_RET_INVALID_ASID);
	guests = coco_emul_read("sev_guests");
	TEST_ASSERT(!*guests && coco_emul_count("DECOMMISSION") == decommissioned + 1,
		    "Still there: %s", guests);
	free(guests);
	expect_start(self->vm, self->policy, SEV_RET_SUCCESS);
}

FIXTURE(asids) {
	struct snp_asids asids;
};

FIXTURE_SETUP(asids)
{
	self->asids = snp_read_asids();
}

FIXTURE_TEARDOWN(asids)
{
}

static void launch(struct kvm_vm *vm, unsigned long type)
{
	struct kvm_sev_snp_launch_finish finish = {};
	uint8_t m[sizeof(struct measurement)];

	if (type == KVM_X86_SNP_VM) {
		snp_vm_launch_start(vm, snp_default_policy());
		expect_op(vm, KVM_SEV_SNP_LAUNCH_FINISH, &finish, SEV_RET_SUCCESS);
		return;
	}

	expect_start(vm, type == KVM_X86_SEV_ES_VM ? SEV_POLICY_ES : 0, SEV_RET_SUCCESS);
	expect_op(vm, KVM_SEV_LAUNCH_MEASURE, &(struct kvm_sev_launch_measure) {
		.uaddr = (uintptr_t)m, .len = sizeof(m) }, SEV_RET_SUCCESS);
	expect_op(vm, KVM_SEV_LAUNCH_FINISH, NULL, SEV_RET_SUCCESS);
}

/* No more VMs of this type. */
static void expect_exhausted(unsigned long type)
{
	struct kvm_vm *vm = vm_create_barebones_type(type);
	int ret = __vm_sev_ioctl(vm, KVM_SEV_INIT2, &(struct kvm_sev_init) {});

	TEST_ASSERT(ret == -1 && errno == EBUSY, "One more VM of type %lu: ret %d, errno %d", type,
		    ret, errno);
	kvm_vm_free(vm);
}

/*
 * One after the other guests of both kinds get each ASID there is, in turns: the
 * second time KVM has to have it flushed, or the firmware refuses it.
 */
TEST_F(asids, shared_and_recycled)
{
	static const unsigned long types[] = { KVM_X86_SEV_ES_VM, KVM_X86_SNP_VM };
	int round, i, nr = self->asids.min_sev - 1, nr_sev = self->asids.max - nr;
	struct kvm_vm *vms[MAX_ASIDS] = {}, *sev[MAX_ASIDS] = {};
	uint64_t flushes;

	if (self->asids.max >= MAX_ASIDS)
		SKIP(return, "this machine has %u ASIDs", self->asids.max);

	for (round = 0; round < 4; round++) {
		for (i = 0; i < nr; i++) {
			vms[i] = create(types[(round + i) % 2]);
			launch(vms[i], types[(round + i) % 2]);
		}
		expect_exhausted(KVM_X86_SEV_ES_VM);
		expect_exhausted(KVM_X86_SNP_VM);

		for (i = 0; i < nr_sev; i++) {
			sev[i] = create(KVM_X86_SEV_VM);
			launch(sev[i], KVM_X86_SEV_VM);
		}
		expect_exhausted(KVM_X86_SEV_VM);

		flushes = coco_emul_count("SNP_DF_FLUSH");
		for (i = 0; i < nr; i++)
			kvm_vm_free(vms[i]);
		for (i = 0; i < nr_sev; i++)
			kvm_vm_free(sev[i]);
		TEST_ASSERT(coco_emul_count("SNP_DF_FLUSH") == flushes, "A flush for nobody");
	}
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
