// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random instructions, firmware commands and SEAMCALLs for the emulated hosts, by
 * their debugfs file "call": operands near valid ones, in orders near the right
 * one, and text that the debugfs files have to refuse. No VM may be there.
 *
 * An address is that of a page of this process, or of none at all: what happens to
 * other pages would be the fault of this test. In the end all pages are given back.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/bits.h>
#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "kselftest.h"
#include "coco_emul.h"
#include "fuzz.h"

#define NR_PAGES	48
#define MAX_CALLS	300
#define MAX_WORDS	6

/* What an operand is, if it is as it should be */
enum kind {
	ZERO,		/* the last ones of a row */
	/* addresses */
	BUFFER,		/* a page that always is the host's */
	CONTEXT,	/* the guest's context, or the TDR */
	VP,		/* the TDVPR */
	PAGE,		/* any other page */
	/* numbers */
	GPA, GPA_LEVEL, ASID, HKID, POLICY, UPDATE_FLAGS, LENGTH, FIELD, SMALL,
};

/**
 * struct command - a firmware command or a leaf of SEAMCALL
 * @name:	its name
 * @id:		its number
 * @must:	it has to succeed once
 * @output:	the command buffer has to be a page of the firmware
 * @operand:	words of the command buffer, or RCX, RDX, R8, R9
 */
struct command {
	const char *name;
	unsigned int id;
	bool must;
	bool output;
	enum kind operand[MAX_WORDS];
};

/*
 * "Command Identifiers" of the SEV-SNP firmware ABI and of the SEV API. Not those
 * that change what ccp knows of the platform: INIT and the two SHUTDOWNs.
 */
static const struct command snp_commands[] = {
	{ "SNP_GCTX_CREATE", 0x93, true, false, { CONTEXT } },
	{ "SNP_LAUNCH_START", 0xa0, true, false, { CONTEXT, POLICY } },
	{ "SNP_ACTIVATE", 0x91, true, false, { CONTEXT, ASID } },
	{ "SNP_LAUNCH_UPDATE", 0xa1, true, false, { CONTEXT, UPDATE_FLAGS, PAGE } },
	{ "SNP_LAUNCH_FINISH", 0xa2, true, false, { CONTEXT, BUFFER, BUFFER } },
	{ "SNP_DECOMMISSION", 0x90, true, false, { CONTEXT } },
	{ "SNP_PAGE_RECLAIM", 0xc7, true, false, { PAGE } },
	{ "SNP_DF_FLUSH", 0x84, true, false, { } },
	{ "SNP_PLATFORM_STATUS", 0x83, true, false, { PAGE } },
	{ "SNP_FEATURE_INFO", 0xce, true, false, { LENGTH, PAGE } },
	{ "SNP_INIT_EX", 0x85, false, false, { SMALL } },
	{ "PLATFORM_STATUS", 0x4, true, true, { } },
	{ "DF_FLUSH", 0xa, false, false, { } },
	{ "GET_ID", 0xc, false, true, { PAGE, LENGTH } },
	{ "PEK_CSR", 0x6, false, true, { PAGE, LENGTH } },
	{ "PDH_CERT_EXPORT", 0x8, false, true, { PAGE, LENGTH, PAGE, LENGTH } },
	{ "NO_COMMAND", 0xff, false, false, { SMALL } },
};

/* "Host-Side (SEAMCALL) Interface Functions" of the TDX module ABI */
static const struct command tdx_leaves[] = {
	{ "TDH.MNG.CREATE", 9, true, false, { CONTEXT, HKID } },
	{ "TDH.MNG.KEY.CONFIG", 8, true, false, { CONTEXT } },
	{ "TDH.MNG.ADDCX", 1, true, false, { PAGE, CONTEXT } },
	{ "TDH.MNG.INIT", 21, true, false, { CONTEXT, BUFFER } },
	{ "TDH.VP.CREATE", 10, true, false, { VP, CONTEXT } },
	{ "TDH.VP.ADDCX", 4, true, false, { PAGE, VP } },
	{ "TDH.VP.INIT", 22, true, false, { VP, SMALL } },
	{ "TDH.MEM.SEPT.ADD", 3, true, false, { GPA_LEVEL, CONTEXT, PAGE } },
	{ "TDH.MEM.PAGE.ADD", 2, true, false, { GPA, CONTEXT, PAGE, BUFFER } },
	{ "TDH.MR.EXTEND", 16, true, false, { GPA, CONTEXT } },
	{ "TDH.MR.FINALIZE", 17, true, false, { CONTEXT } },
	{ "TDH.MEM.PAGE.AUG", 6, false, false, { GPA, CONTEXT, PAGE } },
	{ "TDH.MEM.RANGE.BLOCK", 7, true, false, { GPA_LEVEL, CONTEXT } },
	{ "TDH.MEM.TRACK", 38, true, false, { CONTEXT } },
	{ "TDH.MEM.PAGE.REMOVE", 29, true, false, { GPA, CONTEXT } },
	{ "TDH.MNG.RD", 11, false, false, { CONTEXT, FIELD } },
	{ "TDH.VP.RD", 26, false, false, { VP, FIELD } },
	{ "TDH.VP.WR", 43, false, false, { VP, FIELD, SMALL, SMALL } },
	{ "TDH.VP.FLUSH", 18, true, false, { VP } },
	{ "TDH.MNG.VPFLUSHDONE", 19, true, false, { CONTEXT } },
	{ "TDH.MNG.KEY.FREEID", 20, true, false, { CONTEXT } },
	{ "TDH.PHYMEM.CACHE.WB", 40, true, false, { } },
	{ "TDH.PHYMEM.PAGE.RECLAIM", 28, true, false, { PAGE } },
	{ "TDH.PHYMEM.PAGE.WBINVD", 41, false, false, { PAGE } },
	{ "TDH.PHYMEM.PAGE.RDMD", 24, false, false, { PAGE } },
	{ "TDH.SYS.INIT", 33, false, false, { } },
	{ "TDH.SYS.LP.INIT", 35, false, false, { } },
	{ "TDH.SYS.RD", 34, false, false, { ZERO, FIELD } },
	{ "TDH.SYS.CONFIG", 45, false, false, { BUFFER, SMALL, HKID } },
	{ "TDH.SYS.KEY.CONFIG", 31, false, false, { } },
	{ "TDH.SYS.TDMR.INIT", 36, false, false, { SMALL } },
	{ "TDH.VP.ENTER", 0, false, false, { VP } },
	{ "NO_LEAF", 0x3ff, false, false, { PAGE, PAGE } },
};

/* By name, for what is done by hand */
enum {
	LAUNCH_UPDATE_CMD = 3, DECOMMISSION_CMD = 5, RECLAIM_CMD = 6, SNP_DF_FLUSH_CMD = 7,
	STATUS_CMD = 8, FEATURE_INFO_CMD = 9,
	MNG_CREATE_LEAF = 0, MNG_ADDCX_LEAF = 2, MNG_INIT_LEAF = 3, VP_ADDCX_LEAF = 5,
	SEPT_ADD_LEAF = 7,
	PAGE_ADD_LEAF = 8, VP_FLUSH_LEAF = 18, VPFLUSHDONE_LEAF = 19, KEY_FREEID_LEAF = 20,
	PAGE_REMOVE_LEAF = 14, CACHE_WB_LEAF = 21, PAGE_RECLAIM_LEAF = 22, PAGE_WBINVD_LEAF = 23,
};

/* Operations: these, and behind them the commands or leaves */
enum { TEXT, RMPUPDATE, RMPREAD, PSMASH, COMMANDS };

static struct fuzz_op ops[FUZZ_MAX_OPS] = {
	[TEXT]		= { "text" },
	[RMPUPDATE]	= { "RMPUPDATE" },
	[RMPREAD]	= { "RMPREAD" },
	[PSMASH]	= { "PSMASH" },
};

static const struct fuzz_filter filters[] = {
	{ "call-enter", "TDH.VP.ENTER: where guests run, it would be with registers of nobody" },
	{}
};

static const struct command *commands;
static unsigned int nr_commands;
static bool is_tdx;

static void *page_addr[NR_PAGES];
static uint64_t page_pa[NR_PAGES];
static unsigned int bend, asid, level;

/* The KeyID of the TD whose TDR a page is or was; the TDR has that of the module. */
#define MODULE_KEYID	1u
static unsigned int keyid_of[NR_PAGES];
static unsigned int phys_bits;

/* Where memory ends: firmware has a bit more, which the kernel does not map. */
static uint64_t end_of_memory;

/* The GPAs of the guest must not look like addresses of memory. */
#define GPA_BASE	BIT_ULL(40)

enum { NR_BUFFERS = 2, CONTEXT_PAGE = NR_BUFFERS, VP_PAGE, FIRST_PAGE };

/* An address that is no memory, or not the beginning of a page */
static uint64_t bad_address(struct fuzz_rng *rng)
{
	uint64_t own = page_pa[fuzz_below(rng, NR_PAGES)];

	switch (fuzz_below(rng, 8)) {
	case 0:
		return own + 1 + fuzz_below(rng, PAGE_SIZE - 1);
	case 1:
		return own | BIT_ULL(52 + fuzz_below(rng, 12));
	case 2:
		return -(uint64_t)(1 + fuzz_below(rng, 2 * PAGE_SIZE));
	case 3:
		return ~0ull << (40 + fuzz_below(rng, 24));
	case 4:
		return 0xfee00000;
	case 5:
		return end_of_memory + fuzz_below(rng, 32) * PAGE_SIZE;
	default:
		return BIT_ULL(36 + fuzz_below(rng, 28));
	}
}

/* Not the buffers: this process writes to them. */
static uint64_t any_page(struct fuzz_rng *rng)
{
	return page_pa[NR_BUFFERS + fuzz_below(rng, NR_PAGES - NR_BUFFERS)];
}

static uint64_t operand(struct fuzz_rng *rng, enum kind kind)
{
	uint64_t gpa = GPA_BASE + fuzz_below(rng, 4) * PAGE_SIZE;
	bool bad = fuzz_once_in(rng, bend);

	if (bad && kind >= BUFFER && kind <= PAGE)
		return fuzz_once_in(rng, 2) ? bad_address(rng) : any_page(rng);
	if (bad)
		return fuzz_once_in(rng, 3) ? bad_address(rng) : fuzz_below(rng, 1024);

	switch (kind) {
	case BUFFER:
		return page_pa[0];
	case CONTEXT:
		return page_pa[CONTEXT_PAGE];
	case VP:
		return page_pa[VP_PAGE];
	case PAGE:
		return page_pa[FIRST_PAGE + fuzz_below(rng, NR_PAGES - FIRST_PAGE)];
	case GPA:
		return gpa;
	case GPA_LEVEL:
		return level ? (GPA_BASE | level) : gpa;
	case ASID:
		return asid;
	case HKID:
		return 2 + fuzz_below(rng, 15);
	case POLICY:
		return BIT_ULL(16) | BIT_ULL(17);
	case UPDATE_FLAGS:
		/* PAGE_TYPE: 1 to 6 */
		return (1 + fuzz_below(rng, 6)) << 1;
	case LENGTH:
		return 1ull << fuzz_below(rng, 14);
	case FIELD:
		/* one that there is, or that there could be */
		return fuzz_once_in(rng, 2) ? 0x110000000000000aull + fuzz_below(rng, 2) :
		       0x9100000100000000ull + fuzz_below(rng, 32);
	case SMALL:
		return fuzz_below(rng, 4);
	default:
		return 0;
	}
}

/* Results as coco_emul_call() has them, but a refusal is one, too. */
static int write_call(uint64_t *result, int nr, const char *text)
{
	char buf[256], *at = buf;
	int fd = open("/sys/kernel/debug/coco_emul/call", O_RDWR), i;
	ssize_t len = write(fd, text, strlen(text));

	if (len > 0)
		len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len <= 0)
		return -1;

	buf[len] = '\0';
	for (i = 0; i < nr; i++)
		result[i] = strtoull(at, &at, 0);
	return 0;
}

/* Name, and up to five numbers; returns the first of the results. */
static uint64_t do_call_results(unsigned int op, const char *name, int nr, const uint64_t *v,
				int nr_results, uint64_t *result)
{
	char text[192];
	int i, len = snprintf(text, sizeof(text), "%s", name);

	for (i = 0; i < nr; i++)
		len += snprintf(text + len, sizeof(text) - len, " 0x%lx", v[i]);
	fuzz_begin(op, "%s", text);
	result[0] = ~0ull;
	write_call(result, nr_results, text);
	return fuzz_end_status(op, result[0]);
}

static uint64_t do_call(unsigned int op, const char *name, int nr, const uint64_t *v)
{
	uint64_t result;

	return do_call_results(op, name, nr, v, 1, &result);
}

/*
 * The caches have lines of a page that comes back, and it may be that page's turn
 * again at any time. A host has to write them back.
 */
static void write_back(uint64_t pa, unsigned int keyid)
{
	uint64_t v[5] = { commands[PAGE_WBINVD_LEAF].id, pa | (uint64_t)keyid << phys_bits };

	do_call(COMMANDS + PAGE_WBINVD_LEAF, "SEAMCALL", 5, v);
}

static unsigned int *keyid_of_td(uint64_t tdr)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES && page_pa[i] != tdr; i++)
		;
	TEST_ASSERT(i < NR_PAGES, "0x%lx is the TDR of a TD, but no page of this test", tdr);
	return &keyid_of[i];
}

static uint64_t seamcall(struct fuzz_rng *rng, unsigned int i, const uint64_t *operands)
{
	uint64_t v[5] = { fuzz_once_in(rng, bend) ? fuzz_bend(rng, 1, commands[i].id) :
			  commands[i].id }, result[2], ret;

	memcpy(&v[1], operands, 4 * sizeof(*v));
	/* TDH.VP.INIT has versions, VP.ENTER is left out. */
	if (!(v[0] & 0xffff) && fuzz_filtered("call-enter"))
		return ~0ull;
	ret = do_call_results(COMMANDS + i, "SEAMCALL", 5, v, ARRAY_SIZE(result), result);
	if (ret)
		return ret;

	/* TDH.MEM.PAGE.REMOVE says in RCX which page it was. */
	if (v[0] == commands[MNG_CREATE_LEAF].id)
		*keyid_of_td(v[1]) = v[2] & 0xffff;
	else if (v[0] == commands[PAGE_REMOVE_LEAF].id)
		write_back(result[1], *keyid_of_td(v[2]));
	else if (v[0] == commands[PAGE_RECLAIM_LEAF].id)
		write_back(v[1], MODULE_KEYID);
	return ret;
}

static uint64_t rmpupdate(uint64_t pa, uint64_t gpa, uint64_t flags)
{
	uint64_t v[3] = { pa, gpa, flags };

	return do_call(RMPUPDATE, "RMPUPDATE", 3, v);
}

/* The second word of RMPUPDATE's state: assigned, page size, immutable, 0, ASID */
#define RMP_FLAGS(assigned, immutable, asid) \
	((assigned) | (uint64_t)(immutable) << 16 | (uint64_t)(asid) << 32)

static uint64_t firmware(unsigned int i, uint64_t buf, const uint64_t *words)
{
	uint64_t v[2] = { commands[i].id, buf };

	/* Nobody but the host has this page. */
	memset(page_addr[0], 0, PAGE_SIZE);
	memcpy(page_addr[0], words, MAX_WORDS * sizeof(*words));
	return do_call(COMMANDS + i, "FIRMWARE", 2, v);
}

/* The buffer of a command that writes to it is a page of the firmware meanwhile. */
static void firmware_output(struct fuzz_rng *rng, unsigned int i, const uint64_t *words)
{
	uint64_t v[2] = { commands[i].id, page_pa[1] + fuzz_below(rng, 2) * 8 };
	uint64_t reclaim[MAX_WORDS] = { page_pa[1] };

	memset(page_addr[1], 0, PAGE_SIZE);
	memcpy(page_addr[1] + (v[1] - page_pa[1]), words, MAX_WORDS * sizeof(*words));
	rmpupdate(page_pa[1], 0, RMP_FLAGS(1, 1, 0));
	do_call(COMMANDS + i, "FIRMWARE", 2, v);
	firmware(RECLAIM_CMD, page_pa[0], reclaim);
	rmpupdate(page_pa[1], 0, 0);
}

/* A command or leaf; the addresses of pages that are given away are in @operands. */
static uint64_t command(struct fuzz_rng *rng, unsigned int i)
{
	uint64_t operands[MAX_WORDS];
	unsigned int j;

	for (j = 0; j < MAX_WORDS; j++)
		operands[j] = operand(rng, commands[i].operand[j]);
	if (is_tdx)
		return seamcall(rng, i, operands);
	if (commands[i].output) {
		firmware_output(rng, i, operands);
		return 0;
	}

	/* Some want a page that has been prepared. */
	if (i == LAUNCH_UPDATE_CMD && !fuzz_once_in(rng, 8))
		rmpupdate(operands[2], GPA_BASE, RMP_FLAGS(1, 1, operand(rng, ASID)));
	else if (i == STATUS_CMD || i == FEATURE_INFO_CMD)
		rmpupdate(operands[i - STATUS_CMD], 0, RMP_FLAGS(1, 1, 0));
	return firmware(i, fuzz_once_in(rng, bend) ? bad_address(rng) : page_pa[0], operands);
}

static void rmp_insn(struct fuzz_rng *rng)
{
	uint64_t pa = operand(rng, PAGE), v[1] = { pa };

	switch (fuzz_below(rng, 4)) {
	case 0:
		do_call(RMPREAD, "RMPREAD", 1, v);
		break;
	case 1:
		do_call(PSMASH, "PSMASH", 1, v);
		break;
	default:
		/* Mostly pages that firmware wants: output, contexts */
		rmpupdate(fuzz_once_in(rng, 3) ? page_pa[CONTEXT_PAGE] : pa,
			  fuzz_once_in(rng, 3) ? operand(rng, GPA) : 0,
			  RMP_FLAGS(operand(rng, SMALL) & 1, fuzz_below(rng, 2),
				    fuzz_once_in(rng, 3) ? operand(rng, ASID) : 0) ^
			  (fuzz_once_in(rng, bend) ? BIT_ULL(fuzz_below(rng, 64)) : 0));
		break;
	}
}

/* What nobody would write */
static void text(struct fuzz_rng *rng)
{
	static const char *const files[] = {
		"call", "inject", "delay", "pause", "host_write", "memory_error",
	};
	static const char *const words[] = {
		"RMPREAD", "SEAMCALL", "0x", "1", "-1", "0xffffffffffffffffff", "\n",
		" ", "clears", "TDH.MEM.TRACK", "SNP_ACTIVATE", "before", "",
	};
	char path[64], buf[192] = "";
	unsigned int i = fuzz_below(rng, ARRAY_SIZE(files)), n = fuzz_below(rng, 8);
	int fd;

	while (n--) {
		strcat(buf, words[fuzz_below(rng, ARRAY_SIZE(words))]);
		if (fuzz_once_in(rng, 2))
			strcat(buf, " ");
		if (fuzz_once_in(rng, 8))
			buf[strlen(buf)] = 1 + fuzz_below(rng, 127);
	}
	/* A fault for later, or a pause, would be for the test of KVM that comes after this one. */
	if (strstr(buf, "TDH.MEM.TRACK") || strstr(buf, "SNP_ACTIVATE"))
		i = 0;

	snprintf(path, sizeof(path), "/sys/kernel/debug/coco_emul/%s", files[i]);
	fd = open(path, O_WRONLY);
	fuzz_begin(TEXT, "%s: %.40s", files[i], buf);
	fuzz_end(TEXT, write(fd, buf, strlen(buf)));
	close(fd);

	/* And whatever there is to read, a part of it */
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		lseek(fd, fuzz_below(rng, 64), SEEK_SET);
		n = read(fd, buf, fuzz_below(rng, sizeof(buf)));
		close(fd);
	}
}

static void change_cpu(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* TD_PARAMS for TDH.MNG.INIT: attributes, XFAM, vCPUs, EPTP, flags, TSC frequency */
static void td_params(void)
{
	uint64_t *params = page_addr[0];

	memset(params, 0, PAGE_SIZE);
	params[0] = BIT_ULL(28);
	params[1] = 3;
	params[2] = 4;
	params[3] = 0x1e;
	params[4] = BIT_ULL(2);
	params[5] = 40;
}

/* Until nothing more comes back: the TDR is the last one. */
static void give_back_tdx(void)
{
	static const unsigned int steps[] = { VPFLUSHDONE_LEAF, CACHE_WB_LEAF, KEY_FREEID_LEAF };
	unsigned int i, j, cpu, nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t v[5] = {};
	bool more;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		change_cpu(cpu);
		for (i = 0; i < NR_PAGES; i++) {
			v[0] = commands[VP_FLUSH_LEAF].id;
			v[1] = page_pa[i];
			do_call(COMMANDS + VP_FLUSH_LEAF, "SEAMCALL", 5, v);
		}
	}
	for (j = 0; j < ARRAY_SIZE(steps); j++) {
		for (i = 0; i < NR_PAGES; i++) {
			v[0] = commands[steps[j]].id;
			v[1] = steps[j] == CACHE_WB_LEAF ? 0 : page_pa[i];
			do_call(COMMANDS + steps[j], "SEAMCALL", 5, v);
		}
	}
	do {
		more = false;
		for (i = 0; i < NR_PAGES; i++) {
			v[0] = commands[PAGE_RECLAIM_LEAF].id;
			v[1] = page_pa[i];
			if (do_call(COMMANDS + PAGE_RECLAIM_LEAF, "SEAMCALL", 5, v))
				continue;
			write_back(page_pa[i], MODULE_KEYID);
			more = true;
		}
	} while (more);
}

static void give_back_snp(void)
{
	static const unsigned int steps[] = { DECOMMISSION_CMD, RECLAIM_CMD };
	uint64_t words[MAX_WORDS] = {};
	unsigned int i, j;

	for (i = 0; i < NR_PAGES; i++) {
		words[0] = page_pa[i];
		for (j = 0; j < ARRAY_SIZE(steps); j++)
			firmware(steps[j], page_pa[0], words);
		rmpupdate(page_pa[i], 0, 0);
	}
	firmware(SNP_DF_FLUSH_CMD, page_pa[0], words);
}

/* So many are needed: control pages of TD and vCPU, tables, memory */
static unsigned int times(unsigned int i)
{
	if (!is_tdx)
		return i == LAUNCH_UPDATE_CMD ? 3 : 1;

	switch (i) {
	case MNG_ADDCX_LEAF:
		return 6;
	case VP_ADDCX_LEAF:
		return 5;
	case SEPT_ADD_LEAF:
		return 3;
	case PAGE_ADD_LEAF:
		return 2;
	default:
		return 1;
	}
}

/* The way through a launch, as commands[] has it; a step is made again if it fails. */
static void launch(struct fuzz_rng *rng)
{
	static unsigned int step, done, tries;
	unsigned int i = step % nr_commands;

	if (!is_tdx && !i && !tries) {
		rmpupdate(page_pa[CONTEXT_PAGE], 0, RMP_FLAGS(1, 1, 0));
		do_call(RMPREAD, "RMPREAD", 1, &page_pa[CONTEXT_PAGE]);
	}
	if (is_tdx && i == MNG_INIT_LEAF)
		td_params();
	level = i == SEPT_ADD_LEAF ? 3 - done : 0;

	if (!command(rng, i))
		done++;
	else
		tries++;
	if (done == times(i) || tries > 12) {
		done = 0;
		tries = 0;
		step++;
	}
}

static void anything(struct fuzz_rng *rng)
{
	level = fuzz_below(rng, 5);
	command(rng, fuzz_below(rng, nr_commands));
}

static void round_fn(struct fuzz_rng *rng, unsigned long round)
{
	static const unsigned int bends[] = { 0, 60, 20, 5 };
	unsigned int calls, i, nr = 0;
	uint8_t *mem = coco_emul_locked_pages(2 * NR_PAGES);

	/*
	 * Not the first page of 2 MiB: RMPUPDATE would take all of them if the
	 * bit for it gets set.
	 */
	for (i = 0; i < 2 * NR_PAGES && nr < NR_PAGES; i++) {
		page_addr[nr] = mem + i * PAGE_SIZE;
		page_pa[nr] = coco_emul_pa(page_addr[nr]);
		nr += page_pa[nr] % SZ_2M != 0;
	}

	bend = round < 2 ? 0 : bends[fuzz_below(rng, ARRAY_SIZE(bends))];
	asid = 1 + fuzz_below(rng, 7);
	change_cpu(0);
	for (calls = round < 2 ? MAX_CALLS : fuzz_below(rng, MAX_CALLS); calls; calls--) {
		if (bend && fuzz_once_in(rng, 20))
			change_cpu(fuzz_below(rng, sysconf(_SC_NPROCESSORS_ONLN)));
		if (round < 2 || !fuzz_once_in(rng, 3))
			launch(rng);
		else if (fuzz_once_in(rng, 6))
			text(rng);
		else if (!is_tdx && fuzz_once_in(rng, 2))
			rmp_insn(rng);
		else
			anything(rng);
	}

	if (is_tdx)
		give_back_tdx();
	else
		give_back_snp();
}

static void find_end_of_memory(void)
{
	FILE *file = fopen("/proc/iomem", "r");
	unsigned long from, to;
	char line[128];

	TEST_ASSERT(file, "/proc/iomem: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from < SZ_2G + SZ_1G &&
		    strstr(line, "System RAM"))
			end_of_memory = to + 1;
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	const struct fuzz fuzz = {
		.name = "coco_call_fuzz",
		.ops = ops,
		.filters = filters,
		.jobs = 1,
		.min_rounds = 4,
		.max_ms = 120000,
		.round = round_fn,
	};
	unsigned int i;

	is_tdx = coco_emul_is("tdx");
	if (!is_tdx && !coco_emul_is("snp"))
		ksft_exit_skip("Not an emulated host\n");
	find_end_of_memory();
	phys_bits = this_cpu_property(X86_PROPERTY_MAX_PHY_ADDR);
	commands = is_tdx ? tdx_leaves : snp_commands;
	nr_commands = is_tdx ? ARRAY_SIZE(tdx_leaves) : ARRAY_SIZE(snp_commands);

	ops[RMPUPDATE].must = !is_tdx;
	ops[RMPREAD].must = !is_tdx;
	for (i = 0; i < nr_commands; i++) {
		ops[COMMANDS + i] = (struct fuzz_op) {
			.name = commands[i].name,
			.must = commands[i].must,
		};
	}
	return fuzz_main(&fuzz, argc, argv);
}
