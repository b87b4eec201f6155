// SPDX-License-Identifier: GPL-2.0-only
/*
 * gmem_fuzz: launches of SNP guests and TDs, and whatever else
 * KVM_MEMORY_ENCRYPT_OP and /dev/sev offer.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include <linux/bits.h>
#include <linux/psp-sev.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "coco_tdx.h"
#include "fuzz_source.h"
#include "fuzz_vm.h"

#define TDX_SEPT_VE_DISABLE	BIT_ULL(28)
#define TDX_XFAM_FP_SSE		3
#define CPUID_ADDRESS_SIZES	0x80000008
#define MAX_CPUID		256

static uint64_t any_gfn(struct fuzz_rng *rng, struct vm *v)
{
	return fuzz_any_gpa(rng, fuzz_any_slot(rng, v)) / PAGE_SIZE;
}

/* SEV */

static long sev_ioctl(struct vm *v, unsigned int op, uint32_t id, void *data)
{
	struct kvm_sev_cmd cmd = { .id = id, .data = (uintptr_t)data, .sev_fd = fuzz_dev_sev };

	return fuzz_end(op, ioctl(v->fd, KVM_MEMORY_ENCRYPT_OP, &cmd));
}

static void sev_init(struct fuzz_rng *rng, struct vm *v)
{
	struct kvm_sev_init init = {
		.flags = bent(rng, 0),
		.vmsa_features = bent(rng, 0),
		.ghcb_version = bent(rng, 0),
	};

	fuzz_begin(SEV_INIT, "features 0x%llx", init.vmsa_features);
	if (!sev_ioctl(v, SEV_INIT, KVM_SEV_INIT2, &init))
		v->initialized = true;
}

/* Any command on anything */
static void sev_any(struct fuzz_rng *rng, struct vm *v)
{
	uint64_t data[PAGE_SIZE / 8] = {};
	uint32_t id = fuzz_once_in(rng, 4) ? KVM_SEV_SNP_LAUNCH_START + fuzz_below(rng, 4) :
		      fuzz_below(rng, KVM_SEV_INIT2 + 2);
	unsigned int i, nr = fuzz_below(rng, 8);

	for (i = 0; i < nr; i++) {
		switch (fuzz_below(rng, 4)) {
		case 0:
			data[i] = fuzz_source(rng, 1);
			break;
		case 1:
			data[i] = fuzz_any_npages(rng) * PAGE_SIZE;
			break;
		case 2:
			data[i] = fuzz_below(rng, 64);
			break;
		default:
			data[i] = fuzz_bend(rng, 2, any_gfn(rng, v));
			break;
		}
	}
	fuzz_begin(SEV_ANY, "id %u 0x%lx 0x%lx 0x%lx", id, data[0], data[1], data[2]);
	sev_ioctl(v, SEV_ANY, bent(rng, id), odd(rng) ?
		  (void *)fuzz_source(rng, 1) : data);
}

static void sev_dev(struct fuzz_rng *rng)
{
	static const uint32_t cmds[] = {
		SEV_PLATFORM_STATUS, SEV_GET_ID2, SNP_PLATFORM_STATUS, SNP_SET_CONFIG,
		SNP_VLEK_LOAD, SNP_COMMIT, SEV_MAX,
	};
	uint64_t data[8] = { fuzz_source(rng, 4), bent(rng, 256) };
	struct sev_issue_cmd cmd = {
		.cmd = cmds[fuzz_below(rng, ARRAY_SIZE(cmds))],
		.data = (uintptr_t)data,
	};

	if ((uint32_t)data[1] > PAGE_SIZE && fuzz_filtered("ccp-length"))
		data[1] = PAGE_SIZE;
	if (fuzz_once_in(rng, 3) && cmd.cmd != SEV_GET_ID2)
		cmd.data = fuzz_source(rng, 1);
	fuzz_begin(SEV_DEV, "%u 0x%llx", cmd.cmd, cmd.data);
	fuzz_end(SEV_DEV, ioctl(fuzz_dev_sev, SEV_ISSUE_CMD, &cmd));
}

static void snp_start(struct fuzz_rng *rng, struct vm *v)
{
	/* SMT allowed, and the bit that has to be set */
	struct kvm_sev_snp_launch_start start = {
		.policy = bent(rng, BIT_ULL(16) | BIT_ULL(17)),
		.flags = bent(rng, 0),
	};

	fuzz_begin(SNP_START, "policy 0x%llx", start.policy);
	if (!sev_ioctl(v, SNP_START, KVM_SEV_SNP_LAUNCH_START, &start))
		v->started = true;
}

static void snp_update(struct fuzz_rng *rng, struct vm *v)
{
	static const uint8_t page_types[] = {
		KVM_SEV_SNP_PAGE_TYPE_NORMAL, KVM_SEV_SNP_PAGE_TYPE_NORMAL,
		KVM_SEV_SNP_PAGE_TYPE_ZERO, KVM_SEV_SNP_PAGE_TYPE_UNMEASURED,
		KVM_SEV_SNP_PAGE_TYPE_SECRETS, KVM_SEV_SNP_PAGE_TYPE_CPUID,
	};
	uint64_t npages = fuzz_any_npages(rng), first;
	struct kvm_sev_snp_launch_update update = {
		.type = bent(rng, page_types[fuzz_below(rng, ARRAY_SIZE(page_types))]),
		.flags = bent(rng, 0),
	};

	if (update.type == KVM_SEV_SNP_PAGE_TYPE_CPUID)
		npages = bent(rng, 1);
	update.uaddr = bent(rng, update.type == KVM_SEV_SNP_PAGE_TYPE_CPUID ?
				 fuzz_source_cpuid(rng) : fuzz_source(rng, npages));
	update.gfn_start = odd(rng) ? any_gfn(rng, v) :
			   v->slot[0].gpa / PAGE_SIZE + v->next_page;
	update.len = bent(rng, npages * PAGE_SIZE);
	first = update.gfn_start;

	fuzz_begin(SNP_UPDATE, "gfn 0x%llx from 0x%llx, 0x%llx bytes, type %u",
		   update.gfn_start, update.uaddr, update.len, update.type);
	sev_ioctl(v, SNP_UPDATE, KVM_SEV_SNP_LAUNCH_UPDATE, &update);
	/* A page that is refused is left out. */
	v->next_page += update.gfn_start > first ? update.gfn_start - first : 1;
}

static void snp_finish(struct fuzz_rng *rng, struct vm *v)
{
	struct kvm_sev_snp_launch_finish finish = {
		.flags = bent(rng, 0),
		.id_block_en = odd(rng),
		.auth_key_en = odd(rng),
		.id_block_uaddr = bent(rng, fuzz_source(rng, 1)),
		.id_auth_uaddr = bent(rng, fuzz_source(rng, 1)),
	};

	fuzz_begin(SNP_FINISH, "id block %u", finish.id_block_en);
	if (!sev_ioctl(v, SNP_FINISH, KVM_SEV_SNP_LAUNCH_FINISH, &finish))
		v->finished = true;
}

/* TDX. The ioctl number has the size of an unsigned long in it, not of the command. */

static long tdx_ioctl(int fd, unsigned int op, uint32_t id, uint32_t flags, const void *data)
{
	struct kvm_tdx_cmd cmd = { .id = id, .flags = flags, .data = (uintptr_t)data };

	return fuzz_end(op, ioctl(fd, KVM_MEMORY_ENCRYPT_OP, (unsigned long *)&cmd));
}

static void tdx_init(struct fuzz_rng *rng, struct vm *v)
{
	struct {
		struct kvm_tdx_init_vm vm;
		struct kvm_cpuid_entry2 entries[4];
	} init = {
		.vm.attributes = bent(rng, TDX_SEPT_VE_DISABLE),
		.vm.xfam = bent(rng, TDX_XFAM_FP_SSE),
		.vm.mrconfigid = { fuzz_rand(rng) },
		.vm.cpuid.nent = bent(rng, 1),
		.entries[0].function = CPUID_ADDRESS_SIZES,
	};
	unsigned int bits = fuzz_once_in(rng, 3) ? 52 : 48;

	/* The module wants nothing but zeroes of this leaf; KVM takes the width out of it. */
	init.entries[0].eax = bent(rng, bits << 16);
	fuzz_begin(TDX_INIT, "%u address bits, %u entries", bits, init.vm.cpuid.nent);
	if (!tdx_ioctl(v->fd, TDX_INIT, KVM_TDX_INIT_VM, bent(rng, 0), &init)) {
		v->gpa_bits = init.entries[0].eax >> 16 & 0xff;
		v->initialized = true;
	}
}

static int init_vcpu(int fd, uint32_t flags, const void *data)
{
	if (fuzz_filtered("td-migrate"))
		return fuzz_end(TDX_VCPU, coco_init_vcpu_here(fd, flags, data));
	return tdx_ioctl(fd, TDX_VCPU, KVM_TDX_INIT_VCPU, flags, data);
}

static void tdx_vcpu(struct fuzz_rng *rng, struct vm *v)
{
	int i;

	for (i = 0; i < fuzz_count(&v->nr_vcpus); i++) {
		if (v->td_vcpu[i])
			continue;
		fuzz_begin(TDX_VCPU, "%d", i);
		if (!init_vcpu(v->vcpu[i], bent(rng, 0), (void *)bent(rng, 0)))
			v->td_vcpu[i] = true;
		break;
	}
}

static void tdx_add(struct fuzz_rng *rng, struct vm *v)
{
	uint64_t npages = fuzz_any_npages(rng), first;
	struct kvm_tdx_init_mem_region region = {
		.source_addr = bent(rng, fuzz_source(rng, npages)),
		.gpa = odd(rng) ? fuzz_any_gpa(rng, fuzz_any_slot(rng, v)) :
		       v->slot[0].gpa + v->next_page * PAGE_SIZE,
		.nr_pages = npages,
	};
	uint32_t flags = bent(rng, fuzz_below(rng, 2));

	if (!v->nr_vcpus)
		return;

	first = region.gpa;
	fuzz_begin(TDX_ADD, "gpa 0x%llx from 0x%llx, %llu pages, flags %u", region.gpa,
		   region.source_addr, region.nr_pages, flags);
	tdx_ioctl(v->vcpu[0], TDX_ADD, KVM_TDX_INIT_MEM_REGION, flags, &region);
	v->next_page += region.gpa > first ? (region.gpa - first) / PAGE_SIZE : 1;
}

static void tdx_finalize(struct fuzz_rng *rng, struct vm *v)
{
	fuzz_begin(TDX_FINALIZE, "%d vcpus", v->nr_vcpus);
	if (!tdx_ioctl(v->fd, TDX_FINALIZE, KVM_TDX_FINALIZE_VM, bent(rng, 0), NULL))
		v->finished = true;
}

static void tdx_any(struct fuzz_rng *rng, struct vm *v)
{
	uint64_t data[PAGE_SIZE] = {};
	struct kvm_tdx_capabilities *caps = (void *)data;
	uint32_t id = bent(rng, fuzz_below(rng, KVM_TDX_CMD_NR_MAX));
	int fd = fuzz_once_in(rng, 2) ? v->fd : fuzz_any_fd(rng, v->vcpu, &v->nr_vcpus);

	/* KVM_TDX_GET_CPUID has the table in front, KVM_TDX_CAPABILITIES at its end */
	data[0] = bent(rng, MAX_CPUID);
	caps->cpuid.nent = bent(rng, MAX_CPUID);
	/* What gets a TD into a state that the filters are about is done above. */
	if (id == KVM_TDX_INIT_VM || id == KVM_TDX_INIT_VCPU)
		data[0] = ~0ull;
	fuzz_begin(TDX_ANY, "id %u", id);
	tdx_ioctl(fd, TDX_ANY, id, bent(rng, 0), odd(rng) ?
		  (void *)fuzz_source(rng, 1) : data);
}

bool fuzz_launch_op(struct fuzz_rng *rng, struct vm *v, unsigned int op)
{
	switch (op) {
	case SEV_DEV:
		if (fuzz_dev_sev >= 0)
			sev_dev(rng);
		break;
	case SEV_INIT:
		sev_init(rng, v);
		break;
	case SEV_ANY:
		sev_any(rng, v);
		break;
	case SNP_START:
		snp_start(rng, v);
		break;
	case SNP_UPDATE:
		snp_update(rng, v);
		break;
	case SNP_FINISH:
		snp_finish(rng, v);
		break;
	case TDX_INIT:
		pthread_rwlock_wrlock(&fuzz_td_lock);
		tdx_init(rng, v);
		pthread_rwlock_unlock(&fuzz_td_lock);
		break;
	case TDX_VCPU:
		pthread_rwlock_rdlock(&fuzz_td_lock);
		tdx_vcpu(rng, v);
		pthread_rwlock_unlock(&fuzz_td_lock);
		break;
	case TDX_ADD:
		tdx_add(rng, v);
		break;
	case TDX_FINALIZE:
		tdx_finalize(rng, v);
		break;
	case TDX_ANY:
		tdx_any(rng, v);
		break;
	default:
		return false;
	}
	return true;
}
