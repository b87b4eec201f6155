// SPDX-License-Identifier: GPL-2.0-only
/*
 * Launches on the emulated SEV-SNP host, start to end: the launch digest is the
 * one calculated here from the specification, and every page comes back.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kvm_test_harness.h"
#include "coco_emul.h"
#include "coco_snp.h"

#define GPA		BIT_ULL(32)
#define NR_PAGES	64ul
#define NR_LAUNCHES	100
#define NR_RANDOM	20

static const uint8_t types[] = {
	KVM_SEV_SNP_PAGE_TYPE_NORMAL,
	KVM_SEV_SNP_PAGE_TYPE_ZERO,
	KVM_SEV_SNP_PAGE_TYPE_UNMEASURED,
	KVM_SEV_SNP_PAGE_TYPE_SECRETS,
	KVM_SEV_SNP_PAGE_TYPE_CPUID,
};

FIXTURE(digest) {
	struct coco_emul_census census;
	struct snp_guest guest;
	uint8_t *src;
};

FIXTURE_SETUP(digest)
{
	int i;

	snp_census_read(&self->census);
	self->src = snp_map_pages(NR_PAGES);
	for (i = 0; i < NR_PAGES * PAGE_SIZE; i++)
		self->src[i] = i;
}

FIXTURE_TEARDOWN(digest)
{
	munmap(self->src, NR_PAGES * PAGE_SIZE);
	coco_emul_census_expect(&self->census);
}

/* Published by google/gce-tcb-verifier, sev/sev_test.go, TestUpdateData */
#define VECTOR_NORMAL	"cba1cd767c33b30f96271837dbbae4081a945464a5af397b9b0336b5d8759ee8" \
			"8cc6b62c05d915c4424a9ac5747437d4"
/* The same, TestZeroContentUpdateData */
#define VECTOR_ZERO	"4bfe18477ba370a50329da74b9621e721c4f29663176e08fbcf088a17c1bc45f" \
			"133898b86d5082acbe202a6e9419808a"
/* Calculated with virtee/sev-snp-measure */
#define VECTOR_ZERO_1	"4472405c6dbc65e5629805f2be1b3df74eb119841eff12466c24f43e67083c23" \
			"df5e645b2742b6d9aa0f943e095cebaa"
#define VECTOR_SECRETS	"e82e99caf82a32c31ec5070eef9e2135866d8f7de60d756814f3bd8c989c1e82" \
			"6622e0a97dad026c6d9d81818780e6a2"
#define VECTOR_CPUID	"c9e46442d2b4ddb823fa6b4a907930de7e93901180c5a3126ba234193059a0a5" \
			"1a21ba82f05d2fe0f3136f22b1b1a8e4"

static void expect_vector(struct snp_guest *g, const char *hex)
{
	uint8_t want[SHA384_SIZE];

	snp_guest_expect_digest(g);
	coco_emul_from_hex(hex, want, SHA384_SIZE);
	sha384_expect(g->ld, want, "Published vector");
}

TEST_F(digest, vector_normal)
{
	uint8_t *src = snp_map_pages(3);
	int i;

	for (i = 0; i < 16; i += 4) {
		memcpy(src + i, "LGTM", 4);
		memcpy(src + 3 * PAGE_SIZE - 16 + i, "LGTM", 4);
	}
	snp_guest_init(&self->guest, 0, 16);
	snp_guest_update(&self->guest, 0, src, 3, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	expect_vector(&self->guest, VECTOR_NORMAL);
	snp_guest_free(&self->guest);
	munmap(src, 3 * PAGE_SIZE);
}

TEST_F(digest, vector_zero)
{
	snp_guest_init(&self->guest, 0, 16);
	snp_guest_update(&self->guest, 9, NULL, 3, KVM_SEV_SNP_PAGE_TYPE_ZERO);
	expect_vector(&self->guest, VECTOR_ZERO);
	snp_guest_free(&self->guest);
}

TEST_F(digest, vector_single_pages)
{
	static const struct {
		uint64_t gpa;
		uint8_t type;
		const char *digest;
	} vectors[] = {
		{ 0x800000, KVM_SEV_SNP_PAGE_TYPE_ZERO, VECTOR_ZERO_1 },
		{ 0x80d000, KVM_SEV_SNP_PAGE_TYPE_SECRETS, VECTOR_SECRETS },
		{ 0x80e000, KVM_SEV_SNP_PAGE_TYPE_CPUID, VECTOR_CPUID },
	};
	int i;

	snp_init_cpuid_page(self->src);
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		snp_guest_init(&self->guest, vectors[i].gpa, 1);
		snp_guest_update(&self->guest, 0, self->src, 1, vectors[i].type);
		expect_vector(&self->guest, vectors[i].digest);
		snp_guest_free(&self->guest);
	}
}

static void launch_all_types(struct snp_guest *g, uint8_t *src)
{
	int i;

	snp_init_cpuid_page(src + 4 * PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		snp_guest_update(g, 2 * i, src + i * PAGE_SIZE, 1, types[i]);
}

/* 100 guests one after the other: all the same, and nothing is left of any. */
TEST_F_TIMEOUT(digest, hundred_launches, 240)
{
	uint8_t first[SHA384_SIZE];
	struct snp_guest_status status;
	int i;

	for (i = 0; i < NR_LAUNCHES; i++) {
		snp_guest_init(&self->guest, GPA, NR_PAGES);
		launch_all_types(&self->guest, self->src);
		snp_guest_expect_digest(&self->guest);
		if (!i)
			memcpy(first, self->guest.ld, sizeof(first));
		sha384_expect(self->guest.ld, first, "Same launch");

		snp_vm_launch_finish(self->guest.vm);
		snp_guest_expect_digest(&self->guest);
		snp_guest_read_status(&status);
		TEST_ASSERT(!strcmp(status.state, "running"), "State %s after LAUNCH_FINISH",
			    status.state);
		snp_guest_free(&self->guest);
		coco_emul_census_expect(&self->census);
	}
}

/* With a vCPU, LAUNCH_FINISH measures the VMSA. */
TEST_F(digest, vmsa_is_measured)
{
	struct snp_guest_status before, after;

	snp_guest_create(&self->guest, GPA, NR_PAGES);
	__vm_vcpu_add(self->guest.vm, 0);
	snp_guest_start(&self->guest);
	launch_all_types(&self->guest, self->src);
	snp_guest_expect_digest(&self->guest);
	snp_guest_read_status(&before);

	snp_vm_launch_finish(self->guest.vm);
	snp_guest_read_status(&after);
	TEST_ASSERT(after.pages == before.pages + 1 && memcmp(before.ld, after.ld, SHA384_SIZE),
		    "LAUNCH_FINISH measured %llu pages", after.pages - before.pages);
	snp_guest_free(&self->guest);
}

struct step {
	size_t page;
	uint8_t content, type;
};

static void launch_steps(struct snp_guest *g, uint8_t *src, const struct step *steps, size_t nr)
{
	int i;

	snp_guest_init(g, GPA, NR_PAGES);
	for (i = 0; i < nr; i++) {
		memset(src, 0, PAGE_SIZE);
		src[PAGE_SIZE / 2] = steps[i].content;
		snp_guest_update(g, steps[i].page, src, 1, steps[i].type);
	}
	snp_guest_expect_digest(g);
	snp_guest_free(g);
}

/* Order, GPA, type and content: each of them alone changes the digest. */
TEST_F(digest, everything_matters)
{
	enum {
		NORMAL		= KVM_SEV_SNP_PAGE_TYPE_NORMAL,
		UNMEASURED	= KVM_SEV_SNP_PAGE_TYPE_UNMEASURED,
	};
	static const struct step base[2] = { { 1, 7, NORMAL }, { 2, 8, NORMAL } };
	static const struct step changed[][2] = {
		{ { 2, 8, NORMAL }, { 1, 7, NORMAL } },
		{ { 1, 7, NORMAL }, { 3, 8, NORMAL } },
		{ { 1, 7, UNMEASURED }, { 2, 8, NORMAL } },
		{ { 1, 7, NORMAL }, { 2, 9, NORMAL } },
	};
	uint8_t digest[SHA384_SIZE];
	int i;

	launch_steps(&self->guest, self->src, base, 2);
	memcpy(digest, self->guest.ld, sizeof(digest));

	for (i = 0; i < ARRAY_SIZE(changed); i++) {
		launch_steps(&self->guest, self->src, changed[i], 2);
		TEST_ASSERT(memcmp(digest, self->guest.ld, sizeof(digest)),
			    "Change %d did not change the digest", i);
	}
}

/* What an unmeasured page holds does not matter. */
TEST_F(digest, unmeasured_content)
{
	static const struct step a = { 1, 7, KVM_SEV_SNP_PAGE_TYPE_UNMEASURED };
	static const struct step b = { 1, 8, KVM_SEV_SNP_PAGE_TYPE_UNMEASURED };
	uint8_t digest[SHA384_SIZE];

	launch_steps(&self->guest, self->src, &a, 1);
	memcpy(digest, self->guest.ld, sizeof(digest));
	launch_steps(&self->guest, self->src, &b, 1);
	sha384_expect(self->guest.ld, digest, "Unmeasured pages that differ");
}

TEST_F_TIMEOUT(digest, random_launches, 120)
{
	size_t order[NR_PAGES], i, j, swap, nr;
	uint8_t type;
	int n;

	for (n = 0; n < NR_RANDOM; n++) {
		srandom(n);
		for (i = 0; i < NR_PAGES; i++)
			order[i] = i;
		for (i = NR_PAGES - 1; i; i--) {
			j = random() % (i + 1);
			swap = order[i];
			order[i] = order[j];
			order[j] = swap;
		}

		snp_guest_init(&self->guest, GPA, NR_PAGES);
		nr = 1 + random() % (NR_PAGES / 2);
		for (i = 0; i < nr; i++) {
			type = types[random() % ARRAY_SIZE(types)];
			for (j = 0; j < PAGE_SIZE; j++)
				self->src[j] = random();
			if (type == KVM_SEV_SNP_PAGE_TYPE_CPUID)
				snp_init_cpuid_page(self->src);
			snp_guest_update(&self->guest, order[i], self->src, 1, type);
		}
		snp_guest_expect_digest(&self->guest);
		snp_guest_free(&self->guest);
	}
}

/* A failed update leaves the digest alone, whoever refused it. */
TEST_F(digest, failed_updates)
{
	struct snp_guest *g = &self->guest;
	int ret;

	snp_guest_init(g, GPA, NR_PAGES);
	snp_guest_update(g, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);

	ret = __snp_guest_update(g, 0, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL, NULL);
	TEST_ASSERT(ret == -1, "Same page twice");
	ret = __snp_guest_update(g, 1, NULL, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL, NULL);
	TEST_ASSERT(ret == -1, "No source");
	snp_init_cpuid_page(self->src);
	snp_spoil_cpuid_page(self->src);
	ret = __snp_guest_update(g, 1, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_CPUID, NULL);
	TEST_ASSERT(ret == -1, "Bad CPUID page");
	snp_guest_expect_digest(g);

	snp_guest_update(g, 1, self->src, 1, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
	snp_guest_expect_digest(g);
	snp_guest_free(g);
}

/* Every page is where it was put, and the host cannot write to any of them. */
TEST_F(digest, pages_and_host_write)
{
	struct snp_guest *g = &self->guest;
	unsigned long long gpa, pfn;
	struct snp_guest_status status;
	char *pages, *at, state[16];
	unsigned int asid, type;
	int i, len, ret;

	snp_guest_init(g, GPA, NR_PAGES);
	launch_all_types(g, self->src);
	snp_guest_read_status(&status);

	pages = coco_emul_read("pages");
	for (i = 0, at = pages; *at; i++, at += len) {
		TEST_ASSERT(sscanf(at, "%u %llx %llx %15s %u\n%n", &asid, &gpa, &pfn, state,
				   &type, &len) == 5, "Not a page: %s", at);
		TEST_ASSERT(asid == status.asid && !strcmp(state, "guest-valid"),
			    "ASID %u, state %s", asid, state);
		ret = __coco_emul_host_write(pfn * PAGE_SIZE);
		TEST_ASSERT(ret == EFAULT, "Host write to GPA 0x%llx: %s", gpa, strerror(ret));
		TEST_ASSERT(gpa >= GPA && (gpa - GPA) / PAGE_SIZE / 2 < ARRAY_SIZE(types) &&
			    type == types[(gpa - GPA) / PAGE_SIZE / 2],
			    "GPA 0x%llx has type %u", gpa, type);
	}
	TEST_ASSERT(i == ARRAY_SIZE(types), "The guest has %d pages", i);
	free(pages);

	snp_guest_free(g);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(coco_emul_is("snp"));

	return test_harness_run(argc, argv);
}
