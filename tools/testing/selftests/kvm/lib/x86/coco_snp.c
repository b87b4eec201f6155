// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/psp-sev.h>

#include "test_util.h"
#include "coco_snp.h"

/* PAGE_INFO of the SEV-SNP Firmware ABI Specification, section "Launch Digest" */
struct page_info {
	uint8_t digest_cur[SHA384_SIZE];
	uint8_t contents[SHA384_SIZE];
	uint16_t length;
	uint8_t page_type;
	uint8_t imi_page;
	uint8_t vmpl_perms[3];
	uint8_t reserved;
	uint64_t gpa;
} __packed;

/* "Command Identifiers" */
#define SNP_PAGE_RECLAIM	0x0c7

#define CPUID_FEATURES_LEAF	7
#define CPUID_MEM_ENCRYPT	0x8000001f
#define CPUID_7_EBX_SGX		BIT(2)

static const char *const census_names[SNP_NR_CENSUS] = {
	"hypervisor", "hv-fixed", "firmware", "context", "reclaim", "pre-guest", "guest-invalid",
	"guest-valid", "host-writes",
};

static void hash(const void *data, size_t len, uint8_t digest[SHA384_SIZE])
{
	struct sha384 s;

	sha384_start(&s);
	sha384_add(&s, data, len);
	sha384_digest(&s, digest);
}

void snp_census_read(struct coco_emul_census *census)
{
	*census = (struct coco_emul_census) {
		.file = "rmp",
		.names = census_names,
		.nr = SNP_NR_CENSUS,
	};
	coco_emul_census_read(census);
}

void snp_guest_create(struct snp_guest *g, uint64_t gpa, size_t npages)
{
	memset(g, 0, sizeof(*g));
	g->gpa = gpa;
	g->npages = npages;
	g->vm = vm_create_barebones_type(KVM_X86_SNP_VM);

	snp_vm_init(g->vm);
	vm_mem_add(g->vm, VM_MEM_SRC_ANONYMOUS, gpa, SNP_SLOT, npages, KVM_MEM_GUEST_MEMFD, -1, 0);
	vm_mem_set_private(g->vm, gpa, npages * PAGE_SIZE);
}

void snp_guest_start(struct snp_guest *g)
{
	snp_vm_launch_start(g->vm, snp_default_policy());
	memset(g->ld, 0, sizeof(g->ld));
	g->updated = 0;
}

void snp_guest_init(struct snp_guest *g, uint64_t gpa, size_t npages)
{
	snp_guest_create(g, gpa, npages);
	snp_guest_start(g);
}

void snp_guest_free(struct snp_guest *g)
{
	kvm_vm_free(g->vm);
}

void snp_guest_measure(struct snp_guest *g, size_t page, const void *src, uint8_t type)
{
	struct page_info info = {
		.length = 0x70,
		.page_type = type,
		.gpa = g->gpa + page * PAGE_SIZE,
	};

	kvm_static_assert(sizeof(info) == 0x70);

	memcpy(info.digest_cur, g->ld, sizeof(g->ld));
	if (type == KVM_SEV_SNP_PAGE_TYPE_NORMAL || type == SNP_PAGE_TYPE_VMSA)
		hash(src, PAGE_SIZE, info.contents);
	hash(&info, sizeof(info), g->ld);
	g->updated++;
}

int __snp_guest_update(struct snp_guest *g, size_t page, const void *src, size_t npages,
		       uint8_t type, uint32_t *fw_error)
{
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = g->gpa / PAGE_SIZE + page,
		.uaddr = (uint64_t)src,
		.len = npages * PAGE_SIZE,
		.type = type,
	};

	return __snp_launch_update(g->vm, &args, fw_error);
}

void snp_guest_update(struct snp_guest *g, size_t page, const void *src, size_t npages,
		      uint8_t type)
{
	struct kvm_sev_snp_launch_update args = {
		.gfn_start = g->gpa / PAGE_SIZE + page,
		.uaddr = (uint64_t)src,
		.len = npages * PAGE_SIZE,
		.type = type,
	};
	size_t i;

	snp_launch_update(g->vm, &args);
	for (i = 0; i < npages; i++)
		snp_guest_measure(g, page + i, src ? src + i * PAGE_SIZE : NULL, type);
}

void snp_guest_read_status(struct snp_guest_status *status)
{
	char *text = coco_emul_read("guests"), digest[2 * SHA384_SIZE + 1];
	unsigned long long gctx, policy;
	int ret;

	ret = sscanf(text, "%llx %u %15s %llx %llu %96s", &gctx, &status->asid, status->state,
		     &policy, &status->pages, digest);
	TEST_ASSERT(ret == 6 && strchr(text, '\n') == strrchr(text, '\n'),
		    "Wanted one guest, got: %s", text);
	TEST_ASSERT(policy == snp_default_policy(), "Policy 0x%llx, wanted 0x%lx", policy,
		    snp_default_policy());
	coco_emul_from_hex(digest, status->ld, SHA384_SIZE);
	free(text);
}

void snp_guest_expect_digest(struct snp_guest *g)
{
	struct snp_guest_status status;

	snp_guest_read_status(&status);
	TEST_ASSERT(status.pages == g->updated, "The firmware measured %llu pages of %lu",
		    status.pages, g->updated);
	sha384_expect(status.ld, g->ld, "Launch digest");
}

int snp_prefault(struct kvm_vcpu *vcpu, uint64_t gpa)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = PAGE_SIZE };
	int ret;

	do {
		ret = __vcpu_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range);
	} while (ret == -1 && (errno == EAGAIN || errno == EINTR));
	return ret ? -errno : 0;
}

int sev_dev_cmd(int fd, uint32_t cmd, const void *data, uint32_t *error)
{
	struct sev_issue_cmd arg = {
		.cmd = cmd,
		.data = (uintptr_t)data,
		.error = error ? *error : 0,
	};
	int ret = ioctl(fd, SEV_ISSUE_CMD, &arg);

	if (error)
		*error = arg.error;
	return ret;
}

void sev_dev_issue_all(int fd)
{
	uint64_t mem = (uintptr_t)snp_map_pages(4);
	struct sev_user_data_pek_csr csr = { mem, PAGE_SIZE };
	struct sev_user_data_pdh_cert_export pdh = {
		mem, PAGE_SIZE, mem + PAGE_SIZE, 2 * PAGE_SIZE,
	};
	struct sev_user_data_pek_cert_import import = { mem, PAGE_SIZE, mem, PAGE_SIZE };
	struct sev_user_data_get_id2 id = { mem, PAGE_SIZE };
	struct sev_user_data_snp_vlek_load vlek = {
		.len = sizeof(vlek),
		.vlek_wrapped_address = mem,
	};
	const struct {
		uint32_t cmd;
		void *data;
	} cmds[] = {
		{ SEV_PLATFORM_STATUS, (void *)mem },
		{ SEV_PEK_CSR, &csr },
		{ SEV_PDH_CERT_EXPORT, &pdh },
		{ SEV_PEK_CERT_IMPORT, &import },
		{ SEV_GET_ID, (void *)mem },
		{ SEV_GET_ID2, &id },
		{ SNP_PLATFORM_STATUS, (void *)mem },
		{ SNP_SET_CONFIG, (void *)mem },
		{ SNP_VLEK_LOAD, &vlek },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		sev_dev_cmd(fd, cmds[i].cmd, cmds[i].data, NULL);
	munmap((void *)mem, 4 * PAGE_SIZE);
}

struct snp_asids snp_read_asids(void)
{
	const struct kvm_cpuid_entry2 *entry;

	entry = get_cpuid_entry(kvm_get_supported_cpuid(), CPUID_MEM_ENCRYPT, 0);
	return (struct snp_asids) { .max = entry->ecx, .min_sev = entry->edx };
}

uint64_t snp_rmpupdate(uint64_t pa, const struct snp_rmp_state *new)
{
	uint64_t words[2], ret;

	kvm_static_assert(sizeof(words) == sizeof(*new));
	memcpy(words, new, sizeof(words));
	coco_emul_call(&ret, 1, "RMPUPDATE 0x%lx 0x%lx 0x%lx", pa, words[0], words[1]);
	return ret;
}

uint64_t snp_firmware(unsigned int id, uint64_t pa)
{
	uint64_t ret;

	coco_emul_call(&ret, 1, "FIRMWARE 0x%x 0x%lx", id, pa);
	return ret;
}

struct snp_rmp_state snp_rmpread(uint64_t pa)
{
	struct snp_rmp_state state;
	uint64_t result[3];

	coco_emul_call(result, 3, "RMPREAD 0x%lx", pa);
	TEST_ASSERT(!result[0], "RMPREAD of 0x%lx: %lu", pa, result[0]);
	memcpy(&state, &result[1], sizeof(state));
	return state;
}

void snp_return_page(uint64_t pa)
{
	const struct snp_rmp_state hypervisor = {};
	uint64_t *command = coco_emul_locked_pages(1), ret;

	*command = pa;
	ret = snp_firmware(SNP_PAGE_RECLAIM, coco_emul_pa(command));
	TEST_ASSERT(ret == SEV_RET_SUCCESS, "SNP_PAGE_RECLAIM of 0x%lx: status 0x%lx", pa, ret);
	ret = snp_rmpupdate(pa, &hypervisor);
	TEST_ASSERT(ret == RMP_OK, "RMPUPDATE of 0x%lx: %lu", pa, ret);
	munmap(command, PAGE_SIZE);
}

void *snp_map_pages(size_t npages)
{
	return kvm_mmap(npages * PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void *snp_map_large_page(void **mem)
{
	void *page;

	*mem = snp_map_pages(SNP_LARGE_MAPPING / PAGE_SIZE);
	page = (void *)(((uintptr_t)*mem + SZ_2M - 1) & ~(SZ_2M - 1ul));
	TEST_ASSERT(!madvise(page, SZ_2M, MADV_HUGEPAGE) && !mlock(page, SZ_2M),
		    "No huge page, errno %d", errno);
	TEST_ASSERT(!(coco_emul_pa(page) % SZ_2M), "No huge page, but one at 0x%lx",
		    coco_emul_pa(page));
	return page;
}

void snp_init_cpuid_page(void *page)
{
	struct snp_cpuid_table *table = page;

	memset(page, 0, PAGE_SIZE);
	table->count = 1;
	table->fn[0].eax_in = CPUID_FEATURES_LEAF;
}

/* The emulated firmware refuses SGX and clears it. */
void snp_spoil_cpuid_page(void *page)
{
	struct snp_cpuid_table *table = page;

	table->fn[0].ebx |= CPUID_7_EBX_SGX;
}
