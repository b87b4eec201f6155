// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random ioctls on confidential and other VMs: memslots and guest_memfds, their
 * attributes, launches from sources that change meanwhile, pre-faults, holes,
 * signals, and files that are closed in any order.
 *
 * Most of a round is a launch as it should be, so that it comes far; each argument
 * is bent once in so many times. What is known to end in a report of the base,
 * and not to be cured by the series, is left out: see filters[].
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/bits.h>
#include <linux/compiler.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kselftest.h"
#include "fuzz_source.h"
#include "fuzz_vm.h"

#define MAX_THREADS	3
#define MAX_OPS		200

static struct fuzz_op ops[NR_OPS + 1] = {
	[VM]		= { "create_vm", true },
	[CAP]		= { "enable_cap" },
	[VM_MISC]	= { "vm_misc" },
	[GMEM]		= { "create_guest_memfd", true },
	[SLOT]		= { "set_memslot", true },
	[DEL_SLOT]	= { "delete_memslot" },
	[ATTR]		= { "set_attributes", true },
	[VCPU]		= { "create_vcpu", true },
	[CPUID]		= { "set_cpuid", true },
	[VCPU_MISC]	= { "vcpu_misc" },
	[PREFAULT]	= { "pre_fault", true },
	[RUN]		= { "run" },
	[FALLOCATE]	= { "fallocate", true },
	[PUNCH]		= { "punch_hole", true },
	[MAP]		= { "mmap_guest_memfd" },
	[CLOSE]		= { "close" },
	[POPULATE]	= { "populate" },
	[TIMER]		= { "timer" },
	[SOURCE]	= { "change_source" },
	[SEV_DEV]	= { "dev_sev" },
	[SEV_INIT]	= { "sev_init2" },
	[SEV_ANY]	= { "sev_any" },
	[SNP_START]	= { "snp_launch_start" },
	[SNP_UPDATE]	= { "snp_launch_update" },
	[SNP_FINISH]	= { "snp_launch_finish" },
	[TDX_INIT]	= { "tdx_init_vm" },
	[TDX_VCPU]	= { "tdx_init_vcpu" },
	[TDX_ADD]	= { "tdx_init_mem_region" },
	[TDX_FINALIZE]	= { "tdx_finalize_vm" },
	[TDX_ANY]	= { "tdx_any" },
};

/* Documentation/virt/kvm/gmem-known-faults.rst has the longer story. */
static const struct fuzz_filter filters[] = {
	{ "run-td", "KVM_RUN of a lost TD: reads its RIP for a message, WARN in vt_cache_reg()" },
	{ "td-prefault", "KVM_PRE_FAULT_MEMORY without INIT_VCPU: WARN in tdh_vp_wr_failed()" },
	{ "td-cpuid", "vCPU with other EPT levels than its TD: WARN in tdx_load_mmu_pgd()" },
	{ "td-migrate", "KVM_TDX_INIT_VCPU and another CPU: WARN in tdh_vp_wr_failed()" },
	{ "attr-size", "KVM_SET_MEMORY_ATTRIBUTES of a huge range: nothing stops it" },
	{ "snp-move", "KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM of an SNP VM: neither is sane" },
	{ "create-signal", "KVM_CREATE_VM and a signal: Linux 7.3, WARN in sev_guest()" },
	{ "ccp-length", "/dev/sev, output of more than a page: BUG in ___free_pages()" },
	{}
};

/* VM types that the host offers */
static unsigned long types[8];
static unsigned int nr_types;

/* The round */
static bool stop;
static struct fuzz_rng thread_rng[MAX_THREADS];

static void do_op(struct fuzz_rng *rng, struct vm *v, unsigned int op)
{
	if (op == SOURCE)
		fuzz_source_change(rng, SOURCE);
	else if (!fuzz_vm_op(rng, v, op))
		fuzz_launch_op(rng, v, op);
}

/* Of those that can mean something to a VM of the type */
static unsigned int any_op(struct fuzz_rng *rng, const struct vm *v)
{
	unsigned int op;

	do {
		op = fuzz_below(rng, NR_OPS);
	} while ((op >= SEV_INIT && op <= SNP_FINISH && !is_sev(v) && !fuzz_once_in(rng, 20)) ||
		 (op >= TDX_INIT && !is_tdx(v) && !fuzz_once_in(rng, 20)) ||
		 (op == CLOSE && !fuzz_once_in(rng, 10)));
	return op;
}

/* What a VMM would do next */
static unsigned int next_op(struct fuzz_rng *rng, const struct vm *v)
{
	static const unsigned int afterwards[] = {
		PREFAULT, PREFAULT, FALLOCATE, PUNCH, RUN, ATTR, POPULATE,
	};

	if (!v->initialized && is_sev(v))
		return SEV_INIT;
	if (!v->initialized && is_tdx(v))
		return TDX_INIT;
	if (!v->nr_vcpus)
		return VCPU;
	if (is_tdx(v) && !v->td_vcpu[0])
		return TDX_VCPU;
	if (!v->nr_files && v->type != KVM_X86_SEV_VM && v->type != KVM_X86_SEV_ES_VM)
		return GMEM;
	if (!v->slot[0].npages)
		return SLOT;
	if (has_private_memory(v) && !v->private)
		return ATTR;
	if (v->type == KVM_X86_SNP_VM && !v->started)
		return SNP_START;
	if (has_launch(v) && !v->finished && v->next_page < v->goal)
		return is_tdx(v) ? TDX_ADD : SNP_UPDATE;
	if (has_launch(v) && !v->finished)
		return is_tdx(v) ? TDX_FINALIZE : SNP_FINISH;
	/* What was right before the launch was finished */
	if (has_launch(v) && fuzz_vm_bend && fuzz_once_in(rng, 6))
		return is_tdx(v) ? TDX_ADD + fuzz_below(rng, 2) : SNP_UPDATE + fuzz_below(rng, 2);
	return afterwards[fuzz_below(rng, ARRAY_SIZE(afterwards))];
}

static void *thread_fn(void *arg)
{
	struct fuzz_rng *rng = arg;

	while (!READ_ONCE(stop)) {
		if (fuzz_once_in(rng, 40))
			fuzz_source_uffd(rng, SOURCE);
		if (fuzz_once_in(rng, 2))
			fuzz_source_change(rng, SOURCE);
		else
			do_op(rng, &fuzz_vms[fuzz_below(rng, fuzz_nr_vms)],
			      any_op(rng, &fuzz_vms[fuzz_below(rng, fuzz_nr_vms)]));
		if (fuzz_once_in(rng, 4))
			usleep(fuzz_below(rng, 2000));
	}
	return NULL;
}

static void nothing(int sig)
{
}

static void round_fn(struct fuzz_rng *rng, unsigned long round)
{
	static const unsigned int bends[] = { 0, 200, 60, 20, 6 };
	struct sigaction interrupt = { .sa_handler = nothing };
	/* First each type of VM as it should be */
	bool calm = round < 2 * nr_types;
	unsigned int i, type, nr_threads, nr_ops;
	pthread_t threads[MAX_THREADS];
	struct vm *v;

	sigaction(SIGALRM, &interrupt, NULL);
	/* A memory error is announced by a signal; what touches the page dies all the same. */
	signal(SIGBUS, SIG_IGN);
	signal(SIGSEGV, SIG_DFL);
	fuzz_vm_bend = calm ? 0 : bends[fuzz_below(rng, ARRAY_SIZE(bends))];
	nr_threads = calm ? 0 : fuzz_below(rng, MAX_THREADS + 1);
	nr_ops = calm ? 80 : 20 + fuzz_below(rng, MAX_OPS - 20);
	fuzz_nr_vms = calm ? 1 : 1 + fuzz_below(rng, MAX_VMS);

	fuzz_source_init(rng, calm);
	for (i = 0; i < fuzz_nr_vms; i++) {
		type = calm ? round % nr_types : fuzz_below(rng, nr_types);
		fuzz_create_vm(rng, &fuzz_vms[i], types[type]);
	}
	for (i = 0; i < nr_threads; i++) {
		thread_rng[i].state = fuzz_rand(rng);
		if (pthread_create(&threads[i], NULL, thread_fn, &thread_rng[i]))
			nr_threads = i;
	}

	for (i = 0; i < nr_ops; i++) {
		v = &fuzz_vms[fuzz_below(rng, fuzz_nr_vms)];
		do_op(rng, v, calm || !fuzz_once_in(rng, 3) ? next_op(rng, v) : any_op(rng, v));
	}

	/* The end: with or without threads at work, and files closed in any order or by exit() */
	if (fuzz_once_in(rng, 2)) {
		WRITE_ONCE(stop, true);
		for (i = 0; i < nr_threads; i++)
			pthread_join(threads[i], NULL);
	}
	for (i = fuzz_below(rng, 24); i; i--)
		fuzz_close_some(rng, &fuzz_vms[fuzz_below(rng, fuzz_nr_vms)]);
}

static void must(unsigned int op)
{
	ops[op].must = true;
}

/* Before any child, which has it all from here */
static void look_at_host(void)
{
	static const unsigned long all[] = {
		KVM_X86_DEFAULT_VM, KVM_X86_SW_PROTECTED_VM, KVM_X86_SEV_VM, KVM_X86_SEV_ES_VM,
		KVM_X86_SNP_VM, KVM_X86_TDX_VM,
	};
	unsigned long offered;
	unsigned int i;

	fuzz_vm_init();
	if (fuzz_kvm < 0)
		ksft_exit_skip("/dev/kvm: %s\n", strerror(errno));
	if (fuzz_populate >= 0)
		must(POPULATE);

	offered = ioctl(fuzz_kvm, KVM_CHECK_EXTENSION, KVM_CAP_VM_TYPES);
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (!(offered & BIT(all[i])))
			continue;
		types[nr_types++] = all[i];
		if (all[i] == KVM_X86_SNP_VM) {
			must(SEV_INIT);
			must(SNP_START);
			must(SNP_UPDATE);
			must(SNP_FINISH);
		} else if (all[i] == KVM_X86_TDX_VM) {
			must(TDX_INIT);
			must(TDX_VCPU);
			must(TDX_ADD);
			must(TDX_FINALIZE);
		}
	}
}

int main(int argc, char **argv)
{
	const struct fuzz fuzz = {
		.name = "gmem_fuzz",
		.ops = ops,
		.filters = filters,
		.jobs = 2,
		.min_rounds = 12,
		.max_ms = 20000,
		.kill = true,
		.round = round_fn,
	};

	look_at_host();
	return fuzz_main(&fuzz, argc, argv);
}
