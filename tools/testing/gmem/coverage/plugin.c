// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCG plugin for QEMU that writes down which instructions of the guest kernel
 * were executed, and which way its conditional jumps went.
 *
 *   -plugin plugin.so,out=FILE,range=START-END[,range=START-END...]
 *
 * START and END are hexadecimal addresses.  Lines of FILE, written at the end:
 *   i ADDRESS			an instruction that was executed
 *   j ADDRESS WAYS		a jump that ends at ADDRESS: 1 taken, 2 not, 3 both
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "qemu_plugin.h"

EXPORT int qemu_plugin_version = API_VERSION;

/* Kernel text, and the modules behind it as long as they take less than half a GiB */
#define FIRST		UINT64_C(0xffffffff80000000)
#define SIZE		(UINT64_C(1) << 30)
#define CHUNK		UINT64_C(4096)

#define TAKEN		1
#define NOT_TAKEN	2

#define MAX_RANGES	32
#define MAX_CPUS	64

static struct {
	uint64_t start;
	uint64_t end;
} ranges[MAX_RANGES];
static int nr_ranges;

/* By address; most of it is never touched, and so no memory. */
static uint64_t *hits;
static uint8_t *ways;		/* of the jump that ends there */
static int32_t *distance;	/* from there to where it goes */
static uint8_t chunk_used[SIZE / CHUNK];

/* The conditional jump that a CPU has just executed: where it ends, 0 if none */
static uint64_t last_jump[MAX_CPUS];

static const char *out_name;

static bool is_wanted(uint64_t address)
{
	int i;

	if (address < FIRST || address - FIRST >= SIZE)
		return false;

	for (i = 0; i < nr_ranges; i++) {
		if (address >= ranges[i].start && address < ranges[i].end)
			return true;
	}
	return false;
}

/* The distance in a Jcc, 0 if the instruction is none; no jump goes to itself. */
static int32_t jcc_distance(const struct qemu_plugin_insn *insn)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);
	size_t size = qemu_plugin_insn_size(insn);
	int32_t near;

	if (size == 2 && (code[0] & 0xf0) == 0x70)
		return (int8_t)code[1];

	if (size == 6 && code[0] == 0x0f && (code[1] & 0xf0) == 0x80) {
		memcpy(&near, code + 2, sizeof(near));
		return near;
	}
	return 0;
}

static void jump_executed(unsigned int cpu, void *data)
{
	last_jump[cpu] = (uintptr_t)data;
}

/*
 * Between the jump and this an interrupt may have come, and other code have run:
 * only the two places that it can go to tell its way.
 */
static void block_executed(unsigned int cpu, void *data)
{
	uint64_t at = (uintptr_t)data, jump = last_jump[cpu];

	if (!jump)
		return;

	last_jump[cpu] = 0;
	if (at == jump)
		ways[jump - FIRST] |= NOT_TAKEN;
	else if (at == jump + distance[jump - FIRST])
		ways[jump - FIRST] |= TAKEN;
}

static void block_translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	uint64_t address, end;
	int32_t jump;

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		address = qemu_plugin_insn_vaddr(insn);
		end = address + qemu_plugin_insn_size(insn);
		if (!is_wanted(address) || !is_wanted(end))
			continue;

		chunk_used[(address - FIRST) / CHUNK] = 1;
		chunk_used[(end - FIRST) / CHUNK] = 1;
		/* Two CPUs may count one for two, but not none. */
		qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64,
							   &hits[address - FIRST], 1);
		if (!i)
			qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, NO_REGISTERS,
							     (void *)(uintptr_t)address);

		/* A jump ends the block that it is in. */
		jump = i == n - 1 ? jcc_distance(insn) : 0;
		if (jump) {
			distance[end - FIRST] = jump;
			qemu_plugin_register_vcpu_insn_exec_cb(insn, jump_executed, NO_REGISTERS,
							       (void *)(uintptr_t)end);
		}
	}
}

static void write_out(plugin_id id, void *data)
{
	FILE *out = fopen(out_name, "w");
	uint64_t i;

	if (!out) {
		perror(out_name);
		return;
	}

	for (i = 0; i < SIZE; i++) {
		if (!chunk_used[i / CHUNK]) {
			i += CHUNK - 1;
			continue;
		}
		if (hits[i])
			fprintf(out, "i %" PRIx64 "\n", FIRST + i);
		if (ways[i])
			fprintf(out, "j %" PRIx64 " %d\n", FIRST + i, ways[i]);
	}
	if (fclose(out))
		perror(out_name);
}

static void *sparse(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static bool add_range(const char *text)
{
	if (nr_ranges == MAX_RANGES ||
	    sscanf(text, "%" SCNx64 "-%" SCNx64, &ranges[nr_ranges].start,
		   &ranges[nr_ranges].end) != 2)
		return false;

	nr_ranges++;
	return true;
}

EXPORT int qemu_plugin_install(plugin_id id, const struct plugin_info *info, int argc, char **argv)
{
	int i;

	if (info->version.min > API_VERSION || info->version.cur < API_VERSION ||
	    strcmp(info->target_name, "x86_64") || !info->system_emulation ||
	    info->system.max_vcpus > MAX_CPUS) {
		fprintf(stderr, "coverage plugin: not this QEMU, %s with interface %d to %d\n",
			info->target_name, info->version.min, info->version.cur);
		return -1;
	}

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4)) {
			out_name = strdup(argv[i] + 4);
		} else if (strncmp(argv[i], "range=", 6) || !add_range(argv[i] + 6)) {
			fprintf(stderr, "coverage plugin: argument %s\n", argv[i]);
			return -1;
		}
	}

	hits = sparse(SIZE * sizeof(*hits));
	ways = sparse(SIZE * sizeof(*ways));
	distance = sparse(SIZE * sizeof(*distance));
	if (!out_name || !nr_ranges || !hits || !ways || !distance) {
		fprintf(stderr, "coverage plugin: no out=, no range=, or no memory\n");
		return -1;
	}

	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	qemu_plugin_register_atexit_cb(id, write_out, NULL);
	return 0;
}
